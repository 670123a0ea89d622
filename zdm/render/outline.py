"""What every rendering of a plan says in the same words: phases, costs, locks, undo.

Pure text; a rendering only arranges it.
"""

import re
from itertools import groupby

from msgspec import Struct

from zdm.compat import states
from zdm.compat.states import State
from zdm.model import duration, size
from zdm.model.locks import LockMode
from zdm.model.plan import (
    AwaitRollout,
    Backfill,
    Claim,
    Irreversible,
    Phase,
    Plan,
    RunSql,
    Side,
    Step,
    TableLock,
)
from zdm.model.sql import ident

STAYS = "`zdm rollback` leaves this step to you; the old version can still be deployed"
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Numbered(Struct, frozen=True, kw_only=True):
    """A step with its number in the plan, from 1, and the schema state that it leads to.

    `last_return`: it is the plan's point of no return; `stays`: it is the first without undo,
    before the rollout.
    """

    number: int
    step: Step
    state: State
    last_return: bool
    stays: bool = False


class PhaseOutline(Struct, frozen=True, kw_only=True):
    """Steps of one phase that follow each other, and the state after the last."""

    phase: Phase
    steps: tuple[Numbered, ...]
    state: State


def phases(plan: Plan) -> tuple[PhaseOutline, ...]:
    """The plan's steps by phase, in order."""
    last = plan.point_of_no_return
    first = None if plan.first_to_stay == last else plan.first_to_stay
    reached = states.states(plan)[1:]
    numbered = [
        Numbered(
            number=number,
            step=step,
            state=state,
            last_return=step.id == last,
            stays=step.id == first,
        )
        for number, (step, state) in enumerate(zip(plan.steps, reached, strict=True), 1)
    ]
    by_phase = [tuple(steps) for _, steps in groupby(numbered, lambda one: one.step.phase)]
    return tuple(
        PhaseOutline(phase=steps[-1].step.phase, steps=steps, state=steps[-1].state)
        for steps in by_phase
    )


def start(plan: Plan) -> State:
    """The schema as the plan finds it."""
    return states.states(plan)[0]


def shown(value: str) -> str:
    """Text of an author without characters that would steer the terminal."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", value)


def count(number: int) -> str:
    """A number with its thousands set off."""
    return f"{number:,}"


def steps(plan: Plan) -> str:
    """How many steps there are."""
    return "1 step" if len(plan.steps) == 1 else f"{len(plan.steps)} steps"


def cost(step: Step) -> str:
    """What a step costs, or that it neither scans nor rewrites; unknown is never shown as 0."""
    value = step.cost
    rewrites = step.rewrites if isinstance(step, RunSql) else ()
    parts = [f"rewrites {table}" for table in rewrites]
    if value.rows is not None:
        parts.append(f"{count(value.rows)} rows")
    elif isinstance(step, Backfill):
        parts.append("row count unknown (no statistics)")
    if value.written_bytes:
        parts.append(f"{size.text(value.written_bytes)} written")
    if value.wal_bytes:
        parts.append(f"about {size.text(value.wal_bytes)} WAL")
    if value.scan:
        parts.append("reads the whole table")
    if isinstance(step, RunSql) and step.unknown:
        parts.append(unknown(step))
    return ", ".join(parts) or "no scan, no rewrite"


def unknown(step: RunSql) -> str:
    """The claims that are not made; a replay gives all but the scan."""
    *first, last = step.unknown
    words = f"{', '.join(first)} and {last}" if first else str(last)
    verified = set(step.unknown) <= {Claim.SCAN}
    if verified:
        return "scan unknown" if step.rewrites else "no rewrite, scan unknown"
    return f"{words} unknown: not verified"


def blocks(lock: TableLock) -> str:
    """What waits while the lock is held."""
    if lock.mode.blocks_reads:
        return "blocks reads and writes"
    return "blocks writes" if lock.mode.blocks_writes else "blocks neither reads nor writes"


def waits(step: Step) -> str:
    """How long a step may wait for its lock, and how long it may run."""
    match step:
        case RunSql() if not step.in_transaction and not step.lock_timeout:
            return "outside a transaction, no lock timeout"
        case RunSql():
            most = step.statement_timeout
            return (
                f"{'' if step.in_transaction else 'outside a transaction, '}"
                f"waits at most {duration.text(step.lock_timeout)} for its lock and retries; "
                + (
                    f"runs at most {duration.text(most)}"
                    if most
                    else "runs as long as it needs"
                )
            )
        case Backfill():
            return f"batches by {', '.join(step.key) or 'page'}, each in its own transaction"
        case AwaitRollout():
            return ""


def remarks(step: Step) -> tuple[str, ...]:
    """What a step that runs as written was not tried for, and what failed after it."""
    if not isinstance(step, RunSql):
        return ()
    found = ["not run on the shadow, not verified: needs superuser"] if step.privileged else []
    return (*found, *(f"on the shadow, {failure}" for failure in step.breaks))


def undo(step: Step) -> str:
    """How a step is undone."""
    match step:
        case AwaitRollout():
            return "redeploy the old version"
        case Backfill() | RunSql():
            if isinstance(step.undo, Irreversible):
                return f"{_stays(step.undo)}: {step.undo.reason}"
            undone = (*restored(step), *(first_line(text) for text in step.undo))
            return "; ".join(undone) or "nothing to do"


def _stays(undo: Irreversible) -> str:
    if undo.label is not None:
        return "the label stays in the type"
    return "its rows stay as they are" if undo.rows else "cannot be undone"


def restored(step: Step) -> tuple[str, ...]:
    """What is done to rows before the undo of a step, if anything."""
    if not isinstance(step, RunSql) or step.restore is None:
        return ()
    return (step.restore.title,)


def written(plan: Plan) -> str:
    """The rows that the whole plan writes, and the WAL of all of it; builds write no rows."""
    writing = [
        step
        for step in plan.steps
        if isinstance(step, Backfill) or (isinstance(step, RunSql) and _may_write(step))
    ]
    if not writing:
        return "no rows written"
    if any(step.cost.rows is None for step in writing):
        plainly = not any(isinstance(step, RunSql) and step.as_written for step in writing)
        return f"rows written: unknown{' (no statistics)' if plainly else ''}"
    wal = sum(step.cost.wal_bytes or 0 for step in plan.steps)
    rows = count(sum(step.cost.rows or 0 for step in writing))
    return f"{rows} rows written, about {size.text(wal)} WAL"


def _may_write(step: RunSql) -> bool:
    """Whether it writes many rows; what the author wrote may, where it says so or hides it."""
    if step.as_written:
        modes = {lock.mode for lock in step.locks}
        return bool(step.unknown or step.rewrites) or LockMode.ROW_EXCLUSIVE in modes
    return bool(step.rewrites)


def first_line(sql: str) -> str:
    """The first line of a statement, marked where more follows."""
    first, _, rest = sql.strip().partition("\n")
    return f"{first.rstrip()} …" if rest else first.rstrip().removesuffix(";")


def statements(step: Step) -> tuple[str, ...]:
    """The SQL of a step; a backfill's as the one UPDATE that its batches add up to."""
    match step:
        case RunSql():
            return tuple(text.strip().rstrip(";").rstrip() for text in step.sql)
        case Backfill():
            return (update(step),)
        case AwaitRollout():
            return ()


def update(step: Backfill) -> str:
    """What the batches of a backfill do together."""
    if step.copy is not None:
        lock = "\nFOR NO KEY UPDATE" * step.synced
        rows = f"SELECT * FROM {step.table.sql}\nWHERE {step.differs}{lock}"  # noqa: S608  quoted
        return step.copy.of(rows)
    if step.deletes:
        return f"DELETE FROM {step.table.sql}\nWHERE {step.differs}"  # noqa: S608  quoted
    assignments = ", ".join(
        f"{ident(item.column)} = {item.expression}" for item in step.assignments
    )
    return "\n".join(
        (f"UPDATE {step.table.sql}", f"SET {assignments}", f"WHERE {step.differs}")
    )


def return_until(plan: Plan) -> str:
    """Up to which step the plan can be rolled back, and what a rollback leaves."""
    last = plan.point_of_no_return
    number = next((n for n, step in enumerate(plan.steps, 1) if step.id == last), None)
    if number == 1:
        return "cannot be rolled back"
    until = "at every step" if number is None else f"until step {number}"
    rows, whole = rows_stay(plan), _whole_stay(plan, number or len(plan.steps) + 1)
    left = (f"the rows of {numbers(rows)}" if rows else "", numbers(whole) if whole else "")
    but = " and ".join(text for text in left if text)
    return f"can be rolled back {until}{f', but not {but}' if but else ''}"


def _whole_stay(plan: Plan, before: int) -> tuple[tuple[int, Step], ...]:
    """The steps that a rollback leaves to the operator."""
    return tuple(
        (number, step)
        for number, step in enumerate(plan.steps, 1)
        if number < before
        and not isinstance(step, AwaitRollout)
        and isinstance(step.undo, Irreversible)
        and not step.undo.harmless
    )


def rows_stay(plan: Plan) -> tuple[tuple[int, Step], ...]:
    """The steps whose rows no rollback brings back, with their numbers."""
    return tuple(
        (number, step)
        for number, step in enumerate(plan.steps, 1)
        if not isinstance(step, AwaitRollout)
        and isinstance(step.undo, Irreversible)
        and step.undo.rows
    )


def numbers(steps: tuple[tuple[int, Step], ...]) -> str:
    """Steps by their numbers: `step 2`, `steps 2, 3`."""
    word = "step" if len(steps) == 1 else "steps"
    return f"{word} {', '.join(str(number) for number, _ in steps)}"


def works(state: State, side: Side) -> str:
    """A cell of the table of versions and schema states."""
    if state.phase is Phase.ROLLOUT and side is Side.OLD:
        return "gone"  # the schema would still serve it
    return "works" if side in state.serves else "-"
