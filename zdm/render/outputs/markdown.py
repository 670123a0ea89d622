"""A plan as Markdown: the comment on a pull request that a reviewer reads first.

The decision comes first (what changes, what it blocks, what it costs, how far it can be rolled
back), then the table of steps, then risks; the SQL is folded.
"""

import re

from zdm.compat.states import State
from zdm.model import duration
from zdm.model.plan import AwaitRollout, Backfill, Claim, Irreversible, Plan, RunSql, Side, Step
from zdm.render import outline
from zdm.render.layout import PLAIN, Layout
from zdm.render.outline import Numbered, PhaseOutline
from zdm.serialize import plan_file

_MARKS = {"works": "✅"}


def render(plan: Plan, _layout: Layout = PLAIN) -> str:
    """The plan as a Markdown document."""
    blocks = [
        f"## Migration plan `{plan.name}`",
        _operations(plan),
        _summary(plan),
        _table(plan),
        _hazards(plan),
        _notes(plan),
        _way_back(plan),
        *(_details(item) for item in outline.phases(plan)),
        _footer(plan),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def with_proof(document: str, words: str) -> str:
    """The document with what a replay proved, and its notes, above the last block."""
    first, *notes = words.splitlines()
    block = "\n".join((f"**{_text(first)}**", "", *(f"- {_text(note)}" for note in notes)))
    above, _, last = document.rpartition("\n\n")
    return f"{above}\n\n{block.rstrip()}\n\n{last}"


def _text(value: str) -> str:
    """Free text that stays on its line, in its cell, and is no HTML."""
    line = " ".join(value.split())
    return re.sub(r"([|<])", lambda found: {"|": "\\|", "<": "&lt;"}[found[1]], line)


def _operations(plan: Plan) -> str:
    return "\n".join(
        f"- **{_text(item.title)}** ({', '.join(f'`{source}`' for source in item.origin)})"
        for item in plan.operations
    )


def _summary(plan: Plan) -> str:
    facts = [
        f"{outline.steps(plan)} for PostgreSQL {plan.server_major}",
        _blocking(plan),
        outline.written(plan),
        outline.return_until(plan),
    ]
    return "> " + " · ".join(facts)


def _blocking(plan: Plan) -> str:
    """The longest time that the application can be blocked."""
    held = [
        step.lock_timeout
        for step in plan.steps
        if step.kind == "sql" and any(lock.mode.blocks_writes for lock in step.locks)
    ]
    if any(step.kind == "sql" and Claim.LOCKS in step.unknown for step in plan.steps):
        return "what it blocks is not all known"
    if not held:
        return "blocks neither reads nor writes"
    working = [
        step.statement_timeout
        for step in plan.steps
        if isinstance(step, RunSql) and _works_blocking(step)
    ]
    if working:
        return f"blocks for at most {duration.text(max(working))}, while a statement runs"
    return f"blocks for milliseconds, waits for a lock for at most {duration.text(max(held))}"


def _works_blocking(step: RunSql) -> bool:
    """Whether it scans or rewrites under a lock that blocks, as only an author may let it."""
    return (
        step.as_written
        and bool(step.rewrites or step.cost.scan)
        and any(lock.mode.blocks_writes for lock in step.locks)
    )


def _table(plan: Plan) -> str:
    rows = ["| # | Phase | Step | Lock | Cost | old | new |", "|--:|---|---|---|---|:-:|:-:|"]
    rows.append(f"| | | *before* | | | {_works(outline.start(plan))} |")
    for item in outline.phases(plan):
        rows.extend(_row(numbered) for numbered in item.steps)
    return "\n".join(
        (*rows, "", "*old*, *new*: that application version works once the step is done.")
    )


def _sentence(value: str) -> str:
    return f"{_text(value).removesuffix('.')}."


def _works(state: State) -> str:
    words = [outline.works(state, side) for side in Side]
    return " | ".join(_MARKS.get(word, word) for word in words)


def _row(numbered: Numbered) -> str:
    step = numbered.step
    mark = " **← point of no return**" if numbered.last_return else ""
    locks = "<br>".join(f"`{lock.mode}` {_text(str(lock.table))}" for lock in step.locks) or "-"
    cost = "-" if isinstance(step, AwaitRollout) else outline.cost(step)
    cost = "<br>".join((cost, *(_text(remark) for remark in outline.remarks(step))))
    cells = (
        str(numbered.number),
        step.phase,
        _text(step.title) + mark,
        locks,
        cost,
        _works(numbered.state),
    )
    return f"| {' | '.join(cells)} |"


def _hazards(plan: Plan) -> str:
    if not plan.hazards:
        return ""
    lines = [
        f"- {_text(item.message)}"
        + (f". *Instead:* {_text(item.remedy)}" if item.remedy else "")
        for item in plan.hazards
    ]
    return "\n".join(("### Before you merge", "", *lines))


def _notes(plan: Plan) -> str:
    return (
        "\n".join(("### Notes", "", *(f"- {_text(note)}" for note in plan.notes)))
        if plan.notes
        else ""
    )


def _way_back(plan: Plan) -> str:
    last, stays = plan.point_of_no_return, plan.first_to_stay
    lines = ["### Rolling back", ""]
    rows = [
        f"- Step {number}: {_text(outline.undo(step))}."
        for number, step in outline.rows_stay(plan)
    ]
    rows += [
        f"- Step {number}: {_text(words)}, where a row still holds the value of the fill."
        for number, step in enumerate(plan.steps, 1)
        for words in outline.restored(step)
    ]
    if stays is None:
        every = "`zdm rollback` restores the schema as it was, at every step."
        return "\n".join((*lines, every, *(("", *rows) if rows else ())))
    number, step = _numbered(plan, stays)
    if number > 1:
        span = "Step 1" if number == 2 else f"Steps 1 to {number - 1}"
        lines.append(f"- {span}: `zdm rollback` restores the schema as it was.")
    lines += rows
    lines.append(f"- Step {number} and later: {_text(outline.undo(step))}.")
    if last is not None and last != stays:
        number, step = _numbered(plan, last)
        lines.append(f"- Step {number}: the point of no return; {_text(outline.undo(step))}.")
    elif last is None:
        lines.append("- The old version can be deployed again at every step.")
    return "\n".join(lines)


def _numbered(plan: Plan, id: str) -> tuple[int, Step]:
    return next((n, step) for n, step in enumerate(plan.steps, 1) if step.id == id)


def _details(item: PhaseOutline) -> str:
    numbers = [numbered.number for numbered in item.steps]
    span = f"step {numbers[0]}" if len(numbers) == 1 else f"steps {numbers[0]} to {numbers[-1]}"
    body = "\n\n".join(_sql(numbered) for numbered in item.steps)
    title = f"<b>{item.phase.capitalize()}</b> ({span})"
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _sql(numbered: Numbered) -> str:
    step = numbered.step
    lines = [f"**{numbered.number}. {_text(step.title)}**: {_sentence(step.reason)}"]
    if outline.waits(step):
        lines.append(f"*{outline.waits(step).capitalize()}.*")
    code = "\n".join(f"{text};" for text in outline.statements(step))
    if code:
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", code) or ["``"]))
        lines.append(f"{fence}sql\n{code}\n{fence}")
    lines.append(_undo(step))
    return "\n\n".join(lines)


def _undo(step: Step) -> str:
    match step:
        case AwaitRollout():
            return f"Undo: {outline.undo(step)}."
        case Backfill() | RunSql():
            if isinstance(step.undo, Irreversible) or not step.undo:
                return f"Undo: {_text(outline.undo(step))}."
            code = [f"`{outline.first_line(text)}`" for text in step.undo]
            return f"Undo: {', '.join((*map(_text, outline.restored(step)), *code))}."


def _footer(plan: Plan) -> str:
    files = ", ".join(f"`{file.path}`" for file in plan.files)
    return (
        f"<sub>Made by zdm from {files}; starts from schema `{plan.fingerprint[:12]}`,"
        f" plan digest `{plan_file.digest(plan)}`.</sub>"
    )
