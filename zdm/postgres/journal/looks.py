"""What the last look keeps in the journal: facts of the catalog, and what was compared."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from zdm.execute.evidence import Fact, Facts
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection


class Kept(Struct, frozen=True, kw_only=True):
    """The facts of a run; `seen` are those at which it stopped, `before` those when a step
    began that has no transaction."""

    facts: Facts
    seen: Facts | None
    step: str | None
    before: Facts | None


class Comparison(Struct, frozen=True, kw_only=True):
    """A table that was compared whole, without a difference."""

    step: str
    rows: int
    compared_at: datetime


def kept(connection: Connection, run: int) -> Kept | None:
    """What is kept; None before the run's first step."""
    row = connection.execute(
        "SELECT facts, seen, step, before FROM zdm.evidence WHERE run_id = %s", (run,)
    ).fetchone()
    if row is None:
        return None
    facts, seen, step, before = row
    return Kept(facts=_facts(facts) or {}, seen=_facts(seen), step=step, before=_facts(before))


def keep(connection: Connection, fence: Fence, facts: Facts) -> None:
    """From now on these are the facts; what was seen or begun before is forgotten."""
    connection.execute(
        "INSERT INTO zdm.evidence (run_id, facts) VALUES (%s, %s) ON CONFLICT (run_id)"
        " DO UPDATE SET facts = EXCLUDED.facts, seen = NULL, step = NULL, before = NULL,"
        " kept_at = clock_timestamp()",
        (fence.run, _json(facts)),
    )


def see(connection: Connection, fence: Fence, facts: Facts) -> None:
    """The run stops at these, so that the next attempt knows what the operator was shown."""
    connection.execute(
        "UPDATE zdm.evidence SET seen = %s WHERE run_id = %s", (_json(facts), fence.run)
    )


def begin(connection: Connection, fence: Fence, step: str, before: Facts) -> None:
    """A step begins whose work and record are two transactions."""
    connection.execute(
        "UPDATE zdm.evidence SET step = %s, before = %s WHERE run_id = %s",
        (step, _json(before), fence.run),
    )


def forget(connection: Connection, fence: Fence) -> None:
    """A step was undone: facts are kept, and rows compared, again."""
    connection.execute("DELETE FROM zdm.evidence WHERE run_id = %s", (fence.run,))
    forget_comparisons(connection, fence)


def forget_comparisons(connection: Connection, fence: Fence) -> None:
    """What was compared proves nothing any more."""
    connection.execute("DELETE FROM zdm.comparison WHERE run_id = %s", (fence.run,))


def compared(connection: Connection, fence: Fence, step: str, rows: int) -> None:
    """Record that a step's table was compared whole, and that no row differs."""
    connection.execute(
        "INSERT INTO zdm.comparison (run_id, step_id, compared) VALUES (%s, %s, %s)"
        " ON CONFLICT (run_id, step_id) DO UPDATE SET compared = EXCLUDED.compared,"
        " compared_at = clock_timestamp()",
        (fence.run, step, rows),
    )


def comparisons(connection: Connection, run: int) -> tuple[Comparison, ...]:
    """What was compared, and when."""
    with connection.cursor(row_factory=class_row(Comparison)) as cursor:
        cursor.execute(
            "SELECT step_id AS step, compared AS rows, compared_at FROM zdm.comparison"
            " WHERE run_id = %s ORDER BY compared_at, step_id",
            (run,),
        )
        return tuple(cursor)


def server(connection: Connection, run: int) -> str | None:
    """The life of the database in which the run's rows were compared."""
    row = connection.execute(
        "SELECT f ->> 3 FROM zdm.evidence, pg_catalog.jsonb_array_elements(facts) AS f"
        " WHERE run_id = %s AND f ->> 0 = 'server'",
        (run,),
    ).fetchone()
    return None if row is None else str(row[0])


def _json(facts: Facts) -> Jsonb:
    return Jsonb(
        [
            [kind, name, fact.identity, fact.definition, fact.binding]
            for (kind, name), fact in sorted(facts.items())
        ]
    )


def _facts(rows: Any) -> Mapping[tuple[str, str], Fact] | None:
    if rows is None:
        return None
    return {(kind, name): Fact(*rest) for kind, name, *rest in rows}
