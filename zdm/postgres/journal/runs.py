"""The journal in schema `zdm`: what was done, by whom, and a run's state.

Every write checks the fencing epoch, so that an executor that lost its lock can record (and,
since the record is in the same transaction as the work, do) nothing more.
"""

from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from msgspec import Struct
from psycopg.rows import class_row

from zdm.errors import RefusedError
from zdm.execute.ports import JournalRun, PlanText
from zdm.execute.states import FINISHED
from zdm.model.release import RunState, Version
from zdm.postgres.journal import foreign
from zdm.postgres.session.connection import Connection

VERSION = 6  # of the journal's tables
_RUN = (
    "SELECT id, plan_name, plan_digest, state, epoch, soak_since,"
    " point_of_no_return IS NOT NULL FROM zdm.run"
)


class Fence(Struct, frozen=True):
    """The run this executor owns, and the epoch it owns it in."""

    run: int
    epoch: int


def exists(connection: Connection) -> bool:
    """Whether the database has a journal; raises RefusedError where it cannot be read."""
    found = foreign.find(connection)
    if found.is_journal and not found.usage:
        raise RefusedError(
            f"the role {found.role} may not read zdm's journal in {found.owner}'s schema `zdm`",
            hint=found.remedy,
        )
    return found.is_journal


def version(connection: Connection) -> int:
    """The version of the journal's tables; 0 where there are none."""
    if not exists(connection):
        return 0
    row = connection.execute("SELECT max(version) FROM zdm.journal").fetchone()
    return 0 if row is None or row[0] is None else int(row[0])


def make(connection: Connection) -> None:
    """Make the journal's tables, or bring older ones up; refuses those of a newer zdm."""
    found = version(connection)
    if found > VERSION:
        raise RefusedError(
            f"the journal in schema `zdm` has version {found}, and this zdm knows"
            f" {VERSION}, so it cannot tell what was done",
            hint="use the zdm that made it, or a newer one",
        )
    refused = foreign.refusal(foreign.find(connection), altering=found != VERSION)
    if refused:
        raise refused
    if found == VERSION:
        return
    text = resources.files("zdm.postgres").joinpath("queries", "journal.sql").read_text()
    with connection.transaction():
        connection.execute(text.encode())


def unfinished(connection: Connection) -> JournalRun | None:
    """The run that is neither contracted nor reverted, if there is one."""
    if not exists(connection):
        return None
    row = connection.execute(f"{_RUN} WHERE finished_at IS NULL".encode()).fetchone()
    return None if row is None else _run(connection, row)


def recall(connection: Connection, fence: Fence) -> JournalRun:
    """The run that the fence is of; raises RefusedError where it has a new owner."""
    row = connection.execute(f"{_RUN} WHERE id = %s".encode(), (fence.run,)).fetchone()
    if row is None or row[4] != fence.epoch:
        raise taken_over(connection, fence)
    return _run(connection, row)


def latest(connection: Connection) -> JournalRun | None:
    """The run that was begun last, finished or not."""
    if not exists(connection):
        return None
    row = connection.execute(f"{_RUN} ORDER BY id DESC LIMIT 1".encode()).fetchone()
    return None if row is None else _run(connection, row)


def _run(connection: Connection, row: tuple[Any, ...]) -> JournalRun:
    steps = connection.execute(
        "SELECT id, state FROM zdm.step WHERE run_id = %s ORDER BY done_at, id", (row[0],)
    ).fetchall()
    return JournalRun(
        id=row[0],
        plan_name=row[1],
        digest=row[2],
        state=RunState(row[3]),
        epoch=row[4],
        soak_since=row[5],
        past_return=row[6],
        done=tuple(step for step, state in steps if state == "done"),
        begun=tuple(step for step, state in steps if state == "running"),
    )


def plan_text(connection: Connection, run: int) -> str:
    """The plan file a run was begun with."""
    row = connection.execute("SELECT plan FROM zdm.run WHERE id = %s", (run,)).fetchone()
    return "" if row is None else str(row[0])


def begin(connection: Connection, plan: PlanText, owner: str) -> JournalRun:
    """Record a new run."""
    row = connection.execute(
        "INSERT INTO zdm.run (plan_name, plan_digest, plan, state, owner)"
        " VALUES (%s, %s, %s, %s, %s) RETURNING id, plan_name, plan_digest, state, epoch,"
        " soak_since, false",
        (plan.plan.name, plan.digest, plan.text, RunState.PLANNED.value, owner),
    ).fetchone()
    assert row is not None
    return _run(connection, row)


def adopt(connection: Connection, fence: Fence, owner: str) -> JournalRun:
    """Raise the epoch, so that a former owner can no longer write.

    Raises RefusedError if another executor raised it, or ended the run, meanwhile. An owner
    whose own raise was committed, but its acknowledgement lost, continues from there.
    """
    row = connection.execute(
        "UPDATE zdm.run SET epoch = epoch + 1, owner = %s, updated_at = clock_timestamp()"
        " WHERE id = %s AND (epoch = %s OR (epoch = %s AND owner = %s))"
        " AND finished_at IS NULL"
        " RETURNING id, plan_name, plan_digest, state, epoch, soak_since,"
        " point_of_no_return IS NOT NULL",
        (owner, fence.run, fence.epoch, fence.epoch + 1, owner),
    ).fetchone()
    if row is None:
        raise taken_over(connection, fence)
    return _run(connection, row)


def name_versions(connection: Connection, fence: Fence, old: Version, new: Version) -> None:
    """Record between which application versions the run moves; `zdm guard` reads them."""
    connection.execute(
        "UPDATE zdm.run SET old_version = %s, new_version = %s WHERE id = %s AND epoch = %s",
        (old.name, new.name, fence.run, fence.epoch),
    )


def check(connection: Connection, fence: Fence) -> None:
    """Hold the run's row for this transaction; raises RefusedError where it has a new owner."""
    row = connection.execute(
        "SELECT epoch FROM zdm.run WHERE id = %s FOR NO KEY UPDATE", (fence.run,)
    ).fetchone()
    if row is None or row[0] != fence.epoch:
        raise taken_over(connection, fence)


def taken_over(connection: Connection, fence: Fence) -> RefusedError:
    """The error where the epoch is another one."""
    row = connection.execute("SELECT owner FROM zdm.run WHERE id = %s", (fence.run,)).fetchone()
    return RefusedError(
        f"another executor ({'unknown' if row is None else row[0]}) has taken this run over, so"
        " this one stops",
        hint="let the other one finish; `zdm status` shows it",
    )


def failed(
    connection: Connection, fence: Fence, step: str, *, sqlstate: str | None, reason: str
) -> None:
    """Record an attempt that failed; its own work was rolled back."""
    connection.execute(
        "INSERT INTO zdm.attempt (run_id, step_id, epoch, sqlstate, reason)"
        " SELECT id, %s, epoch, %s, %s FROM zdm.run WHERE id = %s AND epoch = %s",
        (step, sqlstate, reason, fence.run, fence.epoch),
    )


def write_state(connection: Connection, fence: Fence, state: RunState) -> None:
    """Record the state; after a failed deploy the next rollout has a new soak."""
    connection.execute(
        "UPDATE zdm.run SET state = %s, updated_at = clock_timestamp(),"
        " soak_since = CASE WHEN %s THEN NULL ELSE soak_since END,"
        " deployed_at = CASE WHEN %s THEN coalesce(deployed_at, clock_timestamp())"
        " ELSE deployed_at END,"
        " finished_at = CASE WHEN %s THEN clock_timestamp() END"
        " WHERE id = %s AND epoch = %s",
        (
            state.value,
            state is RunState.FAILED_KEPT_EXPANDED,
            state is RunState.DEPLOYED,
            state in FINISHED,
            fence.run,
            fence.epoch,
        ),
    )


def begin_soak(connection: Connection, fence: Fence) -> timedelta | None:
    """Record that the soak continues, or begins; how long it has lasted."""
    write_state(connection, fence, RunState.SOAKING)
    row = connection.execute(
        "UPDATE zdm.run SET soak_since = coalesce(soak_since, clock_timestamp())"
        " WHERE id = %s AND epoch = %s RETURNING clock_timestamp() - soak_since",
        (fence.run, fence.epoch),
    ).fetchone()
    return None if row is None else row[0]


def intend(connection: Connection, fence: Fence, step: str) -> None:
    """Record that a step is about to run."""
    connection.execute(
        "INSERT INTO zdm.step (run_id, id, state) VALUES (%s, %s, 'running')"
        " ON CONFLICT (run_id, id) DO UPDATE SET state = 'running', done_at = NULL,"
        " attempts = zdm.step.attempts + 1",
        (fence.run, step),
    )


def done(connection: Connection, fence: Fence, step: str) -> None:
    """Record that a step is done."""
    connection.execute(
        "INSERT INTO zdm.step (run_id, id, state, done_at)"
        " VALUES (%s, %s, 'done', clock_timestamp()) ON CONFLICT (run_id, id)"
        " DO UPDATE SET state = 'done', done_at = clock_timestamp()",
        (fence.run, step),
    )


def reverted(connection: Connection, fence: Fence, step: str) -> None:
    """Record that a step was undone."""
    connection.execute(
        "UPDATE zdm.step SET state = 'reverted', done_at = NULL WHERE run_id = %s AND id = %s",
        (fence.run, step),
    )
    forget_filling(connection, fence, step)


def forget_filling(connection: Connection, fence: Fence, step: str) -> None:
    """Forget how far a step's rows are filled, so that it begins with the first one."""
    for table in ("backfill_range", "backfill_cost"):
        connection.execute(
            f"DELETE FROM zdm.{table} WHERE run_id = %s AND step_id = %s".encode(),  # noqa: S608
            (fence.run, step),
        )


def go_back(connection: Connection, fence: Fence, rollout: str) -> None:
    """Record that the application goes back: the rollout is begun, and not done.

    So a rollback that is interrupted sees to the application again, and an `execute` after it
    deploys again, with a soak and a revert window of its own.
    """
    intend(connection, fence, rollout)
    connection.execute(
        "UPDATE zdm.run SET soak_since = NULL, deployed_at = NULL, window_ended_at = NULL,"
        " window_ended_by = NULL WHERE id = %s AND epoch = %s",
        (fence.run, fence.epoch),
    )
    write_state(connection, fence, RunState.REVERTING)


def is_begun(connection: Connection, fence: Fence, step: str) -> bool:
    """Whether a step may have left something: it is recorded, and not as undone."""
    row = connection.execute(
        "SELECT FROM zdm.step WHERE run_id = %s AND id = %s AND state <> 'reverted'",
        (fence.run, step),
    ).fetchone()
    return row is not None


def is_reverted(connection: Connection, fence: Fence, step: str) -> bool:
    """Whether a step is recorded as undone."""
    row = connection.execute(
        "SELECT FROM zdm.step WHERE run_id = %s AND id = %s AND state = 'reverted'",
        (fence.run, step),
    ).fetchone()
    return row is not None


def every_done(connection: Connection, fence: Fence) -> frozenset[str]:
    """The steps that are recorded as done."""
    sql = "SELECT id FROM zdm.step WHERE run_id = %s AND state = 'done'"
    return frozenset(row[0] for row in connection.execute(sql, (fence.run,)))


def is_done(connection: Connection, fence: Fence, step: str) -> bool:
    """Whether a step is recorded as done."""
    row = connection.execute(
        "SELECT FROM zdm.step WHERE run_id = %s AND id = %s AND state = 'done'",
        (fence.run, step),
    ).fetchone()
    return row is not None


def mark_point_of_no_return(connection: Connection, fence: Fence) -> None:
    """Record that from here there is no way back."""
    connection.execute(
        "UPDATE zdm.run SET point_of_no_return = coalesce(point_of_no_return,"
        " clock_timestamp()) WHERE id = %s AND epoch = %s",
        (fence.run, fence.epoch),
    )


class Filled(Struct, frozen=True, kw_only=True):
    """How far a range of a backfill is."""

    step: str
    table: str
    state: str
    scanned: int
    estimate: int | None
    changed: int
    started_at: datetime
    updated_at: datetime

    @property
    def rate(self) -> float | None:
        """Rows a second since it began, pauses included."""
        seconds = (self.updated_at - self.started_at).total_seconds()
        return self.scanned / seconds if seconds > 1.0 and self.scanned else None


def ranges(connection: Connection, run: int) -> tuple[Filled, ...]:
    """How far a run's backfills are."""
    with connection.cursor(row_factory=class_row(Filled)) as cursor:
        cursor.execute(
            'SELECT step_id AS step, relation AS "table", state, estimate, scanned, changed,'
            " started_at, updated_at"
            " FROM zdm.backfill_range WHERE run_id = %s ORDER BY step_id, relation",
            (run,),
        )
        return tuple(cursor)
