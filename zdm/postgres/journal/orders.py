"""What operators and the executor exchange through the journal, apart from steps.

An order has a table of its own: giving one never waits for the executor's row, and the
executor reads it between batches, steps and polls. What the executor waits for is there
too, for `zdm status`; such notes are fenced like every write.
"""

from datetime import datetime
from typing import Any

from zdm.errors import RefusedError
from zdm.execute.events import Waiting
from zdm.execute.ports import Order, Window
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection


def current(connection: Connection, run: int) -> Order | None:
    """The order that is in force, if there is one."""
    row = connection.execute(
        "SELECT kind, requested_by, requested_at FROM zdm.request WHERE run_id = %s", (run,)
    ).fetchone()
    return None if row is None else Order(kind=row[0], by=row[1], at=row[2])


def give(connection: Connection, kind: str, by: str) -> int:
    """Pause or cancel the unfinished run, whose id is returned; the last order counts."""
    run = unfinished(connection)
    with connection.transaction():
        connection.execute(
            "INSERT INTO zdm.request (run_id, kind, requested_by) VALUES (%s, %s, %s)"
            " ON CONFLICT (run_id) DO UPDATE SET kind = EXCLUDED.kind,"
            " requested_by = EXCLUDED.requested_by, requested_at = clock_timestamp()",
            (run, kind, by),
        )
        act(connection, run, by, f"ordered: {kind}")
    return run


def withdraw(connection: Connection, by: str) -> Order | None:
    """Withdraw the order in force; None where there was none."""
    run = unfinished(connection)
    with connection.transaction():
        order = current(connection, run)
        if order is not None:
            connection.execute("DELETE FROM zdm.request WHERE run_id = %s", (run,))
            act(connection, run, by, f"withdrew: {order.kind}")
    return order


def end_window(connection: Connection, run: int, by: str) -> datetime:
    """End the run's revert window now; when it was ended, now or before."""
    with connection.transaction():
        row = connection.execute(
            "UPDATE zdm.run SET window_ended_by = coalesce(window_ended_by, %s),"
            " window_ended_at = coalesce(window_ended_at, clock_timestamp()) WHERE id = %s"
            " RETURNING window_ended_at",
            (by, run),
        ).fetchone()
        act(connection, run, by, "ended the revert window")
    assert row is not None
    ended: datetime = row[0]
    return ended


def window(connection: Connection, run: int) -> Window:
    """The run's revert window."""
    row = connection.execute(
        "SELECT deployed_at, window_ended_at, clock_timestamp() FROM zdm.run WHERE id = %s",
        (run,),
    ).fetchone()
    assert row is not None
    return Window(deployed_at=row[0], ended_at=row[1], now=row[2])


def unfinished(connection: Connection) -> int:
    """The id of the run that orders are for; raises RefusedError where there is none."""
    run = runs.unfinished(connection)
    if run is None:
        raise RefusedError(
            "no run is unfinished, so there is nothing to pause, resume or cancel",
            hint="`zdm status` shows the last one",
        )
    if runs.version(connection) != runs.VERSION:
        raise RefusedError(
            "another version of zdm made the journal, so its executor would ignore the order",
            hint="use that version of zdm, or continue the run with `zdm execute` of this one",
        )
    return run.id


def acknowledge(connection: Connection, fence: Fence) -> None:
    """A cancel took effect, or its executor had ended before: it must not stop the next one."""
    connection.execute(
        "DELETE FROM zdm.request WHERE kind = 'cancel' AND run_id IN"
        " (SELECT id FROM zdm.run WHERE id = %s AND epoch = %s)",
        (fence.run, fence.epoch),
    )


def note_waiting(connection: Connection, fence: Fence, waiting: Waiting) -> None:
    """Say in the journal what the executor waits for."""
    connection.execute(
        "INSERT INTO zdm.waiting (run_id, gate, reason, names, since, eta)"
        " SELECT id, %s, %s, %s, %s, %s FROM zdm.run WHERE id = %s AND epoch = %s"
        " ON CONFLICT (run_id) DO UPDATE SET gate = EXCLUDED.gate, reason = EXCLUDED.reason,"
        " names = EXCLUDED.names, since = EXCLUDED.since, eta = EXCLUDED.eta,"
        " seen_at = clock_timestamp()",
        (
            waiting.gate,
            waiting.reason,
            list(waiting.names),
            waiting.since,
            waiting.eta,
            fence.run,
            fence.epoch,
        ),
    )


def note_working(connection: Connection, fence: Fence) -> None:
    """It waits no more."""
    connection.execute(
        "DELETE FROM zdm.waiting WHERE run_id IN"
        " (SELECT id FROM zdm.run WHERE id = %s AND epoch = %s)",
        (fence.run, fence.epoch),
    )


def note_act(connection: Connection, fence: Fence, actor: str, what: str) -> None:
    """Record what the executor did apart from steps."""
    connection.execute(
        "INSERT INTO zdm.act (run_id, actor, what)"
        " SELECT id, %s, %s FROM zdm.run WHERE id = %s AND epoch = %s",
        (actor, what, fence.run, fence.epoch),
    )


def act(connection: Connection, run: int, actor: str, what: str) -> None:
    """Record what an operator did."""
    connection.execute(
        "INSERT INTO zdm.act (run_id, actor, what) VALUES (%s, %s, %s)", (run, actor, what)
    )


def acts(connection: Connection, run: int) -> list[tuple[Any, ...]]:
    """(at, actor, what), in their order."""
    return connection.execute(
        "SELECT at, actor, what FROM zdm.act WHERE run_id = %s ORDER BY id", (run,)
    ).fetchall()


def waiting(connection: Connection, run: int) -> tuple[Waiting, datetime] | None:
    """What the executor waits for, and when it last reported that."""
    row = connection.execute(
        "SELECT gate, reason, names, since, eta, seen_at FROM zdm.waiting WHERE run_id = %s",
        (run,),
    ).fetchone()
    if row is None:
        return None
    wait = Waiting(gate=row[0], reason=row[1], names=tuple(row[2]), since=row[3], eta=row[4])
    return wait, row[5]
