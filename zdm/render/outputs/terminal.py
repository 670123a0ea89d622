"""A plan for a person at a terminal: readable without colour, quicker to read with it.

Colour only repeats what the words say: red for a lock that blocks reads, yellow for one
that blocks writes, green for the rest. Written without rich, whose import and first print
would be a tenth of the time that planning one file takes.
"""

import textwrap
from enum import StrEnum

from zdm.model.plan import AwaitRollout, Irreversible, Plan, RunSql, Side, Step, TableLock
from zdm.render import outline
from zdm.render.layout import PLAIN, Layout
from zdm.render.outline import Numbered, PhaseOutline

_STEP_INDENT = 6
_STATE_WIDTH = 24
_LEAST_WIDTH = 40
_RESET = "\033[0m"


class Style(StrEnum):
    """What a terminal may do to words (ECMA-48, SGR)."""

    BOLD = "\033[1m"
    DIM = "\033[2m"
    RED = "\033[31m"
    GREEN = "\033[32m"
    YELLOW = "\033[33m"
    CYAN = "\033[36m"
    ALARM = "\033[1;31m"


def render(plan: Plan, layout: Layout = PLAIN) -> str:
    """The plan as text for a person."""
    page = _Page(layout)
    _head(page, plan)
    for item in outline.phases(plan):
        _phase(page, item)
    _states(page, plan)
    _remarks(page, plan)
    return "\n".join(page.lines) + "\n"


class _Page:
    """Collects wrapped lines; author's text is made harmless here."""

    def __init__(self, layout: Layout) -> None:
        self.lines: list[str] = []
        self._colour = layout.colour
        self._width = max(layout.width, _LEAST_WIDTH)

    def line(self, text: str, indent: int = 0, style: Style | None = None) -> None:
        """A paragraph in one style."""
        room = self._width - indent
        for part in textwrap.wrap(outline.shown(text), room, break_on_hyphens=False):
            self.lines.append(" " * indent + self.painted(part, style))

    def led(self, lead: str, style: Style, text: str, indent: int) -> None:
        """A paragraph whose first words have a style."""
        start = len(self.lines)
        self.line(f"{lead}{text}", indent)
        first = self.lines[start]
        if first[indent:].startswith(lead):
            rest = first[indent + len(lead) :]
            self.lines[start] = " " * indent + self.painted(lead, style) + rest

    def cut(self, text: str, indent: int, style: Style) -> None:
        """One line, cut where the terminal ends."""
        room = self._width - indent
        clean = outline.shown(text)
        part = clean if len(clean) <= room else f"{clean[: room - 1]}…"
        self.lines.append(" " * indent + self.painted(part, style))

    def title(self, text: str) -> None:
        """A heading after a blank line."""
        self.lines.append("")
        self.line(text, style=Style.BOLD)

    def painted(self, text: str, style: Style | None) -> str:
        """The text in a style, where there is colour."""
        return f"{style}{text}{_RESET}" if style and self._colour else text


def _head(page: _Page, plan: Plan) -> None:
    page.line(
        f"Plan {plan.name} · PostgreSQL {plan.server_major} · {outline.steps(plan)}"
        f" · {outline.return_until(plan)}"
    )
    for item in plan.operations:
        places = ", ".join(str(source) for source in item.origin)
        page.led(item.title, Style.BOLD, f" ({places})", 2)


def _phase(page: _Page, item: PhaseOutline) -> None:
    page.title(item.phase.upper())
    for numbered in item.steps:
        if numbered.last_return:
            page.line("── point of no return: no rollback from here on ──", 2, Style.ALARM)
        if numbered.stays:
            page.line(f"── {outline.STAYS} ──", 2, Style.YELLOW)
        _step(page, numbered)


def _step(page: _Page, numbered: Numbered) -> None:
    step = numbered.step
    page.led(f"{numbered.number:>2}  ", Style.BOLD, step.title, _STEP_INDENT - 4)
    for lock in step.locks:
        about = f" on {lock.table} ({outline.blocks(lock)})"
        page.led(str(lock.mode), _colour(lock), about, _STEP_INDENT)
    if not isinstance(step, AwaitRollout):
        page.line(f"{outline.cost(step)}; {outline.waits(step)}", _STEP_INDENT)
    for remark in outline.remarks(step):
        page.line(remark, _STEP_INDENT, Style.YELLOW)
    page.line(f"why: {step.reason}", _STEP_INDENT, Style.DIM)
    _no_way_back(page, step)
    for sql in outline.statements(step):
        page.cut(f"│ {outline.first_line(sql)}", _STEP_INDENT, Style.CYAN)


def _no_way_back(page: _Page, step: Step) -> None:
    if not isinstance(step, AwaitRollout) and isinstance(step.undo, Irreversible):
        page.line(outline.undo(step), _STEP_INDENT, Style.DIM)


def _colour(lock: TableLock) -> Style:
    if lock.mode.blocks_reads:
        return Style.RED
    return Style.YELLOW if lock.mode.blocks_writes else Style.GREEN


def _states(page: _Page, plan: Plan) -> None:
    page.title("WHICH VERSION WORKS")
    after = [(f"after {item.phase}", item.state) for item in outline.phases(plan)]
    page.lines.append(f"  {'':<{_STATE_WIDTH}}old    new")
    for name, state in [("before", outline.start(plan)), *after]:
        words = [outline.works(state, side) for side in Side]
        cells = [
            page.painted(f"{word:<7}", Style.GREEN if word == "works" else Style.DIM)
            for word in words
        ]
        page.lines.append(f"  {name:<{_STATE_WIDTH}}{''.join(cells)}".rstrip())
    for number, step in enumerate(plan.steps, 1):
        if isinstance(step, RunSql) and step.breaks:
            page.line(f"writes failed on the shadow: see step {number}", 2, Style.YELLOW)


def _remarks(page: _Page, plan: Plan) -> None:
    if plan.hazards:
        page.title("BEFORE YOU RUN IT")
    for item in plan.hazards:
        page.led("! ", Style.YELLOW, item.message, 2)
        if item.remedy:
            page.line(f"instead: {item.remedy}", 4, Style.DIM)
    if plan.notes:
        page.title("NOTES")
    for note in plan.notes:
        page.line(f"- {note}", 2)
