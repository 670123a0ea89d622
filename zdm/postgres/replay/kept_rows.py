"""Whether the undo of a plan that keeps old values brings the rows back."""

from collections.abc import Iterator, Mapping

from zdm.model.findings import Finding
from zdm.model.plan import Backfill, Plan, RunSql
from zdm.model.schema import Name
from zdm.postgres.replay.step import finding
from zdm.postgres.session.connection import Connection


def hashes(plan: Plan, conn: Connection) -> Mapping[Name, str]:
    """The rows of tables whose old values the plan keeps, as one hash each."""
    if not any(isinstance(step, RunSql) and step.restore for step in plan.steps):
        return {}
    tables = {s.table for s in plan.steps if isinstance(s, Backfill) and s.undo == ()}
    return {table: _hash(conn, table) for table in sorted(tables)}


def _hash(conn: Connection, table: Name) -> str:
    row = conn.execute(
        "SELECT pg_catalog.md5(coalesce(string_agg(zdm_row::text, E'\\n'"  # noqa: S608
        f" ORDER BY zdm_row::text COLLATE \"C\"), '')) FROM {table.sql} AS zdm_row".encode()
    ).fetchone()
    return str(row[0]) if row else ""


def restored(plan: Plan, conn: Connection, before: Mapping[Name, str]) -> Iterator[Finding]:
    """The tables whose rows are not those of before."""
    now = hashes(plan, conn) if before else {}
    for table in (name for name, rows in before.items() if now[name] != rows):
        yield finding(
            "rows_not_restored",
            f"undone before the rollout, the rows of {table} are not those of the start,"
            " although the plan keeps the old values",
        )
