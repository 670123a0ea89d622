"""A plan for a person at a terminal: readable without colour, quicker to read with it.

Colour only repeats what the words say: red for a lock that blocks reads, yellow for one
that blocks writes, green for the rest.
"""

import io

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from zdm.model.plan import AwaitRollout, Irreversible, Plan, Side, Step, TableLock
from zdm.render import outline
from zdm.render.outline import Numbered, PhaseOutline

_STEP_INDENT = 6
_STATE_WIDTH = 24


def render(plan: Plan, *, colour: bool, width: int) -> str:
    """The plan as text for a terminal of that width."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        emoji=False,
        markup=False,
    )
    with console.capture() as capture:
        _head(console, plan)
        for item in outline.phases(plan):
            _phase(console, plan, item)
        _states(console, plan)
        _remarks(console, plan)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _head(console: Console, plan: Plan) -> None:
    console.print(
        Text.assemble(
            ("Plan ", ""),
            (outline.shown(plan.name), "bold"),
            f" · PostgreSQL {plan.server_major} · {outline.steps(plan)}"
            f" · {outline.return_until(plan)}",
        )
    )
    for item in plan.operations:
        places = ", ".join(str(source) for source in item.origin)
        _print(
            console,
            Text.assemble(outline.shown(item.title), "  ", (outline.shown(places), "dim")),
            2,
        )


def _print(console: Console, text: Text, indent: int) -> None:
    console.print(Padding(text, (0, 0, 0, indent)))


def _phase(console: Console, plan: Plan, item: PhaseOutline) -> None:
    console.print()
    console.print(Text(item.phase.upper(), "bold"))
    for numbered in item.steps:
        if numbered.step.id == plan.point_of_no_return:
            _print(
                console, Text("── point of no return: from here forward only ──", "bold red"), 2
            )
        _step(console, numbered)


def _step(console: Console, numbered: Numbered) -> None:
    step = numbered.step
    console.print(Text(f"{numbered.number:>4}  {outline.shown(step.title)}"))
    for line in _about(step):
        _print(console, line, _STEP_INDENT)
    for sql in outline.statements(step):
        _print(
            console,
            Text(
                f"│ {outline.shown(outline.first_line(sql))}",
                "cyan",
                no_wrap=True,
                overflow="ellipsis",
            ),
            _STEP_INDENT,
        )


def _about(step: Step) -> list[Text]:
    lines = [
        Text.assemble(
            (str(lock.mode), _colour(lock)),
            f" on {outline.shown(str(lock.table))} ({outline.blocks(lock)})",
        )
        for lock in step.locks
    ]
    if not isinstance(step, AwaitRollout):
        lines.append(Text(f"{outline.cost(step)}; {outline.waits(step)}"))
    lines.append(Text(f"why: {outline.shown(step.reason)}", "dim"))
    if not isinstance(step, AwaitRollout) and isinstance(step.undo, Irreversible):
        lines.append(Text(outline.shown(outline.undo(step)), "dim"))
    return lines


def _colour(lock: TableLock) -> str:
    if lock.mode.blocks_reads:
        return "red"
    return "yellow" if lock.mode.blocks_writes else "green"


def _states(console: Console, plan: Plan) -> None:
    console.print()
    console.print(Text("WHICH VERSION WORKS", "bold"))
    after = [(f"after {item.phase}", item.state) for item in outline.phases(plan)]
    _print(console, Text(f"{'':<{_STATE_WIDTH}}old    new"), 2)
    for name, state in [("before", outline.start(plan)), *after]:
        line = Text(f"{name:<{_STATE_WIDTH}}")
        for side in Side:
            word = outline.works(state, side)
            line.append(f"{word:<7}", "green" if word == "works" else "dim")
        _print(console, line, 2)


def _remarks(console: Console, plan: Plan) -> None:
    if plan.hazards:
        console.print()
        console.print(Text("BEFORE YOU RUN IT", "bold"))
    for item in plan.hazards:
        _print(console, Text.assemble(("! ", "yellow"), outline.shown(item.message)), 2)
        if item.remedy:
            _print(console, Text(f"instead: {outline.shown(item.remedy)}", "dim"), 4)
    if plan.notes:
        console.print()
        console.print(Text("NOTES", "bold"))
    for note in plan.notes:
        _print(console, Text(f"- {outline.shown(note)}"), 2)
