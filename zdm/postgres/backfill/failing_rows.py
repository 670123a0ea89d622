"""Rows that cannot be filled: each set aside with its key, so that the others are filled first.

A row that is set aside has a range of its own in the journal, which no worker of this attempt
takes. The backfill still ends with an error, before anything is verified; the next attempt
fills just those rows.
"""

from collections.abc import Sequence

import psycopg

from zdm.backfill.notices import FailingRow
from zdm.errors import StoppedError
from zdm.model.plan import Backfill
from zdm.postgres.backfill.key_ranges import Range
from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection

NAMED = 10  # in an error; the journal has all


def stopped(step: Backfill, rows: Sequence[FailingRow]) -> StoppedError:
    """The error that names several of them."""
    named = "; ".join(str(row) for row in rows[:NAMED])
    more = f"; and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    count = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    return StoppedError(
        f"{step.id}: {count} of {step.table} cannot be filled: {named}{more}",
        hint="fix these rows or the expression (`zdm status` names them all); nothing is"
        " lost, and the same command fills only those",
    )


def note(connection: Connection, fence: Fence, taken: Range, row: FailingRow) -> None:
    """Name the row that ends the attempt in its range."""
    connection.execute(
        "UPDATE zdm.backfill_range SET failing_key = %s, last_error = %s"
        " WHERE id = %s AND epoch = %s",
        (row.key, row.reason, taken.id, fence.epoch),
    )


def set_aside(
    connection: Connection, fence: Fence, taken: Range, walk: Walk, row: FailingRow
) -> bool:
    """Move the range's cursor past the row, which gets a range of its own.

    The value is whether the range continues after it.
    """
    with connection.transaction():
        found = connection.execute(
            "SELECT cursor FROM zdm.backfill_range WHERE id = %s AND epoch = %s"
            " FOR NO KEY UPDATE",
            (taken.id, fence.epoch),
        ).fetchone()
        if found is None:
            raise runs.taken_over(connection, fence)
        cursor = taken.lo if found[0] is None else tuple(found[0])
        bounds = walk.next(connection, cursor, 1, taken.hi)
        lower, upper = (
            None if one is None else list(one) for one in (bounds.lower, bounds.upper)
        )
        connection.execute(
            "WITH own AS (UPDATE zdm.backfill_range SET cursor = %s::text[],"
            " scanned = scanned + %s, state = CASE WHEN %s THEN 'filled' ELSE state END,"
            " updated_at = clock_timestamp() WHERE id = %s RETURNING *)"
            " INSERT INTO zdm.backfill_range (run_id, step_id, relation, key, lo, hi, epoch,"
            " sweeps, state, failing_key, last_error)"
            " SELECT run_id, step_id, relation, key, %s::text[], %s::text[], epoch,"
            " sweeps + 1, 'failing', %s, %s FROM own WHERE %s > 0",
            (
                upper,
                bounds.keys,
                bounds.last,
                taken.id,
                lower,
                upper,
                row.key,
                row.reason,
                bounds.keys,
            ),
        )
    return not bounds.last


def recorded(connection: Connection, run: int) -> tuple[FailingRow, ...]:
    """The rows of a run that could not be filled in its last attempt."""
    rows = connection.execute(
        "SELECT step_id, relation, failing_key, last_error FROM zdm.backfill_range"
        " WHERE run_id = %s AND failing_key IS NOT NULL ORDER BY step_id, id",
        (run,),
    ).fetchall()
    return tuple(
        FailingRow(step=row[0], relation=row[1], key=row[2], reason=row[3]) for row in rows
    )


def way_out(step: Backfill, error: psycopg.Error) -> str:
    """What lets a row be written that was not."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return (
            "another row has that value already: change or delete it, or this row of"
            f" {step.table}"
        )
    if step.deletes:
        return "change or delete what refuses it"
    return "fix that row or the expression"
