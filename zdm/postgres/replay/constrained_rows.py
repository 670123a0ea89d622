"""Seeded rows, as the keys and constraints of the author's statements meet them.

An INSERT that leaves rows out by ON CONFLICT or a condition finds some of them there. Rows with
which a new CHECK or NOT NULL cannot be added go: the start takes them, and the plain migration
stops at them. The author's statements are tried one by one and undone; just before one adds or
validates a constraint, the rows that break it are found by their primary key, and only these
are left out: those that an UPDATE before it corrects stay.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import psycopg

from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.model.syntax import AddConstraint, IndexDefinition
from zdm.parse import expressions, facts, transactions
from zdm.parse.rows import written_out
from zdm.parse.rows.written_out import WrittenOut
from zdm.postgres.replay import sample_rows
from zdm.postgres.session.connection import Connection
from zdm.schema import lookup, type_names

_KEYS = ("primary key", "unique")
_MOST = 20  # rows of an INSERT


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


def unique(table: Table) -> frozenset[str | None]:
    """Columns in whose values two rows may not agree, alone or together."""
    constraints = (k.columns for k in table.constraints if k.kind in _KEYS)
    indexes = (index.keys for index in table.indexes if index.unique)
    return frozenset(column for columns in (*constraints, *indexes) for column in columns)


def put_in(conn: Connection, snapshot: Snapshot, statements: Sequence[Statement]) -> None:
    """Give rows the keys of those that INSERTs leave out if they are there."""
    for statement in statements:
        for said in written_out.unless_there(statement.sql):
            name = lookup.found(said.table, snapshot, statement.settings)
            table = snapshot.table(name)
            if table is not None:
                new = frozenset(_new_keys(snapshot, name, statements))
                sample_rows.tried_together(conn, list(_there(table, said, new)))


def _there(table: Table, said: WrittenOut, new: AbstractSet[str]) -> Iterator[str]:
    """Rows with all of the keys, and, where the train adds a key, others with only this one."""
    columns = said.columns or tuple(column.name for column in table.columns)
    every = {*said.arbiter, *unique(table), *new}
    for n, row in enumerate(said.rows[:_MOST]):
        keys = new if new and n % 2 == 0 else every
        cells = {c: v for c, v in zip(columns, row, strict=False) if v and c in keys}
        if cells and all(table.column(column) for column in cells):
            yield _keyed(table, cells, n)


def _keyed(table: Table, cells: Mapping[str, str], n: int) -> str:
    """Of a row that has one of the values already, else of any."""
    values = {
        ident(c): f"CAST(({v}) AS {table.require_column(c).type})" for c, v in cells.items()
    }
    sets = ", ".join(f"{column} = {value}" for column, value in values.items())
    first = ", ".join(f"({c} = {v}) IS TRUE DESC" for c, v in values.items())
    return (
        f"UPDATE {table.name.sql} SET {sets} WHERE ctid = (SELECT ctid FROM {table.name.sql}"  # noqa: S608
        f" ORDER BY {first}, md5(ctid::text || '{n}') LIMIT 1)"
    )


def _new_keys(
    snapshot: Snapshot, table: Name, statements: Sequence[Statement]
) -> Iterator[str]:
    """Columns of unique keys that the train adds to the table."""
    for statement in statements:
        for action in facts.actions(statement, type_names.path(snapshot, statement.settings)):
            said, fact = action.said, action.fact
            if not isinstance(fact, Fact) or fact.table != table:
                continue
            if isinstance(said, IndexDefinition) and said.unique:
                yield from (element.column for element in said.elements if element.column)
            elif isinstance(said, AddConstraint) and said.constraint.kind in _KEYS:
                yield from said.constraint.columns
