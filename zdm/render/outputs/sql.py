"""A plan as annotated SQL, for reading and for a database administrator's review.

It is what `zdm execute` sends, without its checks, retries, journal and batches; the
rollout appears in it as a comment. Every line that is not SQL is a comment, also where a
title holds a line break.
"""

from datetime import timedelta

from zdm.model.plan import AwaitRollout, Backfill, Irreversible, Plan, RunSql, Side, Step
from zdm.model.sql import literal
from zdm.render import outline
from zdm.render.layout import PLAIN, Layout

_RULER = 78


def render(plan: Plan, _layout: Layout = PLAIN) -> str:
    """The plan as a SQL script with comments."""
    blocks = [_head(plan)]
    for item in outline.phases(plan):
        blocks.append(f"-- {item.phase.upper()} ".ljust(_RULER, "-"))
        for numbered in item.steps:
            if numbered.last_return:
                blocks.append(
                    _comment("Point of no return: from here on there is no rollback.")
                )
            if numbered.stays:
                blocks.append(_comment(outline.STAYS))
            blocks.append(_step(numbered))
    return "\n\n".join(blocks) + "\n"


def _head(plan: Plan) -> str:
    return _comment(
        f"Plan {plan.name}, for PostgreSQL {plan.server_major}; {outline.return_until(plan)}.",
        *(f"{item.title} ({_places(item.origin)})" for item in plan.operations),
        "For reading: `zdm execute` adds checks, retries, batches and a journal.",
    )


def _comment(*lines: str) -> str:
    return "\n".join(f"-- {part}" for line in lines for part in line.splitlines())


def _places(origin: tuple[object, ...]) -> str:
    return ", ".join(str(source) for source in origin) or "zdm"


def _step(numbered: outline.Numbered) -> str:
    step = numbered.step
    serving = " and ".join(
        side for side in Side if outline.works(numbered.state, side) == "works"
    )
    head = _comment(
        f"Step {numbered.number}: {step.title}",
        f"Why: {step.reason}",
        *(f"Lock: {lock.mode} on {lock.table}" for lock in step.locks),
        *(() if isinstance(step, AwaitRollout) else (f"Cost: {outline.cost(step)}",)),
        *(f"Remark: {remark}" for remark in outline.remarks(step)),
        f"Works afterwards: {serving or 'no version'}",
    )
    return "\n".join((head, *_body(step), *_undo(step)))


def _body(step: Step) -> tuple[str, ...]:
    statements = tuple(f"{text};" for text in outline.statements(step))
    match step:
        case AwaitRollout():
            return ()
        case Backfill():
            return (_comment(f"In {outline.waits(step)}; together they do:"), *statements)
        case RunSql() if step.in_transaction:
            return ("BEGIN;", *_settings(step, local=True), *statements, "COMMIT;")
        case RunSql():
            return (*_settings(step, local=False), *statements)


def _settings(step: RunSql, *, local: bool) -> tuple[str, ...]:
    word, end = ("SET LOCAL", "true") if local else ("SET", "false")
    chosen = (
        f"SELECT pg_catalog.set_config({literal(item.name)}, {literal(item.value)}, {end});"
        for item in step.settings
    )
    return (
        f"{word} lock_timeout = {_milliseconds(step.lock_timeout)};",
        f"{word} statement_timeout = {_milliseconds(step.statement_timeout)};",
        *chosen,
    )


def _milliseconds(value: timedelta) -> str:
    return literal(f"{value // timedelta(milliseconds=1)}ms")


def _undo(step: Step) -> tuple[str, ...]:
    if isinstance(step, AwaitRollout) or step.undo == ():
        return ()
    if isinstance(step.undo, Irreversible):
        return (_comment(f"Undo: {outline.undo(step)}"),)
    before = (f"  ({words})" for words in outline.restored(step))
    return (_comment("Undo:", *before, *(f"  {text};" for text in step.undo)),)
