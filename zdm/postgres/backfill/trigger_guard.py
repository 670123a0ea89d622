"""What a backfill relies on must hold to its end: the plan's conditions, and zdm's triggers.

A trigger converts what the application writes meanwhile. While it is disabled or dropped,
rows that were already filled, or verified, become wrong again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zdm.errors import StoppedError
from zdm.model.plan import Backfill
from zdm.postgres.journal import step_sql
from zdm.postgres.session.connection import Connection

PREFIX = "zzz_zdm_"  # of zdm's own triggers, which sort last


@dataclass(slots=True)
class Guard:
    """Asked again and again, by the gates' thread and before the end."""

    step: Backfill
    enabled: frozenset[str] | None = None  # zdm's triggers of the table, when it began

    def check(self, connection: Connection) -> None:
        """Raise StoppedError where a trigger is disabled, or something is gone that was there
        at the first check."""
        step_sql.preconditions(connection, self.step)
        now = self._enabled(connection)
        enabled = {name for name, on in now.items() if on}
        if self.enabled is None:
            self.enabled = frozenset(enabled)
        off = {name for name, on in now.items() if not on} | (self.enabled - enabled)
        if off:
            raise StoppedError(
                f"{self.step.id}: the trigger {', '.join(sorted(off))} on {self.step.table} is"
                " disabled or was dropped, so rows that are written meanwhile may be wrong",
                hint="enable the trigger, or run the expand phase again; then run the same"
                " command again",
            )

    def _enabled(self, connection: Connection) -> dict[str, bool]:
        rows = connection.execute(
            "SELECT tgname::text, tgenabled IN ('O', 'A') FROM pg_catalog.pg_trigger"
            " WHERE tgrelid = pg_catalog.to_regclass(%s)"
            " AND pg_catalog.starts_with(tgname::text, %s)",
            (self.step.table.sql, PREFIX),
            prepare=True,
        ).fetchall()
        return dict(rows)


def triggers(connection: Connection, oids: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """The relations' triggers, each with the transaction that last altered it.

    One that was off for a moment, and is on again, is not the same: what was written
    meanwhile may lie in chunks that were looked at before.
    """
    rows = connection.execute(
        "SELECT tgrelid::text, tgname::text, tgenabled::text, xmin::text"
        " FROM pg_catalog.pg_trigger WHERE tgrelid::bigint = ANY (%s) AND NOT tgisinternal"
        " ORDER BY 1, 2",
        (list(oids),),
    ).fetchall()
    return tuple(tuple(row) for row in rows)


def suspects(connection: Connection, oid: int) -> str:
    """What may undo or suppress an UPDATE of a table: its other triggers and its rules."""
    row = connection.execute(
        "SELECT pg_catalog.string_agg(what, ', ' ORDER BY what) FROM ("
        "SELECT pg_catalog.format('trigger %%I', tgname) FROM pg_catalog.pg_trigger"
        " WHERE tgrelid = %s AND NOT tgisinternal AND tgenabled <> 'D'"
        " AND NOT pg_catalog.starts_with(tgname::text, %s)"
        " UNION ALL SELECT pg_catalog.format('rule %%I', rulename) FROM pg_catalog.pg_rewrite"
        " WHERE ev_class = %s AND ev_enabled <> 'D') AS s (what)",
        (oid, PREFIX, oid),
    ).fetchone()
    if row is None or row[0] is None:
        return "another writer sets the old value: find it"
    return (
        f"{row[0]} of the table may undo or suppress the update, or another writer sets the old"
        " value: find which, and change it"
    )
