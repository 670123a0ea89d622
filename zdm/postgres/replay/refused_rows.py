"""Seeded rows with which a new CHECK or NOT NULL of the author's cannot be added.

The start's schema takes them, and the plain migration stops at them. The author's statements
are tried one by one and undone; just before one adds or validates a constraint, the rows that
break it are found by their primary key, and only these are left out: those that an UPDATE
before it corrects stay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg

from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.model.syntax import AddConstraint
from zdm.parse import expressions, facts, transactions
from zdm.postgres.replay import sample_rows
from zdm.postgres.session.connection import Connection
from zdm.schema import type_names


@dataclass(slots=True)
class _Train:
    """The checks that it has added so far, as conditions."""

    snapshot: Snapshot
    checks: dict[tuple[Name, str], str] = field(default_factory=dict)

    def refused(self, action: Action) -> Iterator[tuple[Name, str]]:
        """The tables whose rows a statement would refuse, and which of these."""
        fact, said = action.fact, action.said
        if not isinstance(fact, Fact) or fact.table is None:
            return
        if fact.kind is ActionKind.SET_NOT_NULL:
            yield fact.table, f"{ident(fact.name)} IS NULL"
        elif fact.kind is ActionKind.VALIDATE_CONSTRAINT:
            known = self.checks.get((fact.table, fact.name))
            if known is not None:
                yield fact.table, known
        elif isinstance(said, AddConstraint) and said.constraint.expression is not None:
            broken = f"({expressions.sql(said.constraint.expression)}) IS FALSE"
            self.checks[fact.table, fact.name] = broken
            if not said.constraint.not_valid:
                yield fact.table, broken


def leave_out(
    conn: Connection,
    snapshot: Snapshot,
    wanted: Sequence[Table],
    statements: Sequence[Statement],
) -> None:
    """Delete them, of tables with a primary key."""
    train, seeded = _Train(snapshot), {table.name: table for table in wanted}
    found: list[str] = []
    with conn.transaction(force_rollback=True):
        for statement in statements:
            if transactions.is_control(statement.sql) or statement.privileged:
                continue
            path = type_names.path(snapshot, statement.settings)
            for action in facts.actions(statement, path):
                for name, broken in train.refused(action):
                    if name in seeded:
                        found += _deleted(conn, seeded[name], broken)
            sample_rows.tried(conn, statement.sql, keep=True)
    for delete in found:
        conn.execute(delete.encode())


def _deleted(conn: Connection, table: Table, broken: str) -> list[str]:
    """What deletes the rows that the condition selects; they are gone here already."""
    keys = [k.columns for k in table.constraints if k.kind == "primary key"]
    if not keys:
        return []
    texts = ", ".join(f"{ident(column)}::text" for column in keys[0])
    sql = f"DELETE FROM {table.name.sql} WHERE {broken} RETURNING {texts}"  # noqa: S608  quoted
    try:
        with conn.transaction():
            rows = conn.execute(sql.encode()).fetchall()
    except psycopg.Error:  # the statement itself fails, too
        return []
    return [
        f"DELETE FROM {table.name.sql} WHERE ({texts}) = ({', '.join(map(literal, row))})"  # noqa: S608
        for row in rows
    ]
