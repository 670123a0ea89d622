"""Seeded rows, as the keys and constraints of the author's statements meet them.

An INSERT that leaves rows out by ON CONFLICT or a condition finds some of them there. Rows with
which a new constraint or unique key cannot be added go: the start takes them, and the plain
migration stops at them. The author's statements are tried one by one and undone; just before
one adds or validates a constraint, the rows that break it are found by their primary key, and
only these are left out: those that an UPDATE before it corrects stay.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from zdm.model.commands import AlterTable
from zdm.model.expression import Expression
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.model.syntax import AddConstraint, ConstraintDefinition, IndexDefinition
from zdm.parse import expressions, facts, transactions
from zdm.parse.rows import written_out
from zdm.parse.rows.written_out import WrittenOut
from zdm.postgres.replay import sample_rows
from zdm.postgres.replay.step import apply_settings
from zdm.postgres.session.connection import Connection
from zdm.recipes.partition import bound
from zdm.schema import lookup, type_names

_KEYS = ("primary key", "unique")
_DATA = ("22", "23")  # classes of errors
_REFUSED = "23"  # by a constraint
_MOST = 20  # rows of an INSERT


@dataclass(slots=True)
class _Train:
    """The constraints that it has added so far, as conditions for rows that break them."""

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
        elif isinstance(said, AddConstraint):
            broken = self._broken(fact.table, said.constraint, action)
            self.checks[fact.table, fact.name] = broken
            if not said.constraint.not_valid:
                yield fact.table, broken
        else:
            yield from self._refused_so(fact.table, action)

    def _refused_so(self, table: Name, action: Action) -> Iterator[tuple[Name, str]]:
        """By what is no constraint of a statement's own."""
        said = action.said
        if isinstance(said, IndexDefinition) and said.unique:
            keys = [ident(e.column) if e.column else _sql(e.expression) for e in said.elements]
            yield table, _repeated(table, keys, _sql(said.where))
        attached = _attached(action, self.snapshot)
        if attached is not None:
            yield attached[:2]

    def _broken(self, table: Name, said: ConstraintDefinition, action: Action) -> str:
        if said.expression is not None:
            return f"({_sql(said.expression)}) IS FALSE"
        if said.kind in _KEYS:
            keys = [*map(ident, said.columns)]
            nulls = [f"{key} IS NULL" for key in keys if said.kind == "primary key"]
            return " OR ".join((*nulls, _repeated(table, keys, "")))
        if said.references is None:
            return "false"
        settings = action.statement.settings
        parent = lookup.found(said.references, self.snapshot, settings)
        there = self.snapshot.table(parent)
        columns = said.referenced_columns or (primary(there) if there is not None else ())
        same = [
            f"zdm_p.{ident(p)} = {table.sql}.{ident(c)}"
            for p, c in zip(columns, said.columns, strict=False)
        ]
        nulls = [f"{ident(column)} IS NOT NULL" for column in said.columns]
        orphan = f"NOT EXISTS (SELECT FROM {parent.sql} AS zdm_p WHERE {' AND '.join(same)})"
        return " AND ".join((*nulls, orphan)) if same else "false"


def primary(table: Table) -> tuple[str, ...]:
    """The columns of its primary key."""
    return next((k.columns for k in table.constraints if k.kind == "primary key"), ())


def _sql(expression: Expression | None) -> str:
    return "" if expression is None else expressions.sql(expression)


def _repeated(table: Name, keys: Sequence[str], where: str) -> str:
    """Which rows have the values of an earlier one."""
    if not keys:
        return "false"
    listed, there = ", ".join(keys), " AND ".join(f"({key}) IS NOT NULL" for key in keys)
    if where:
        there = f"({where}) AND {there}"
    return (
        f"{there} AND ctid NOT IN (SELECT min(ctid) FROM {table.sql} WHERE {there}"  # noqa: S608
        f" GROUP BY {listed})"
    )


def _attached(action: Action, snapshot: Snapshot) -> tuple[Name, str, str] | None:
    """A table of the start that becomes a partition, which rows are outside its bounds, and the
    assignment that brings one in."""
    said = action.said
    if not isinstance(said, AlterTable) or said.other is None or said.bound is None:
        return None
    parent = lookup.table_of(snapshot, action)
    inside = None if parent is None else bound.condition(said.bound, parent)
    if parent is None or inside is None:
        return None
    name = lookup.found(said.other, snapshot, action.statement.settings)
    if snapshot.table(name) is None:
        return None
    return name, f"({inside}) IS NOT TRUE", bound.within(said.bound, parent)


def _bring_in(conn: Connection, snapshot: Snapshot, statements: Sequence[Statement]) -> None:
    """Rows of tables that become partitions get a key within the bounds."""
    for statement in statements:
        path = type_names.path(snapshot, statement.settings)
        for action in facts.actions(statement, path):
            found = _attached(action, snapshot)
            if found is None or not found[2]:
                continue
            name, outside, value = found
            query = f"SELECT ctid::text FROM {name.sql} WHERE {outside}"  # noqa: S608  quoted
            for (place,) in conn.execute(query.encode()).fetchall():
                update = f"UPDATE {name.sql} SET {value} WHERE ctid = '{place}'"  # noqa: S608
                sample_rows.tried(conn, update, keep=True)


def leave_out(
    conn: Connection,
    snapshot: Snapshot,
    wanted: Sequence[Table],
    statements: Sequence[Statement],
) -> None:
    """Delete them, of tables with a primary key."""
    _bring_in(conn, snapshot, statements)
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


def fire_triggers(conn: Connection, wanted: Sequence[Table]) -> list[str]:
    """Write each row once more, as rows in use were written: the tables' own triggers fire, and
    without them the rows were put in. Gives what deletes those that a constraint then
    refuses."""
    found: list[str] = []
    for table in wanted:
        free = [ident(c.name) for c in table.columns if _is_free(c)]
        texts = ", ".join(f"{ident(column)}::text" for column in primary(table))
        if not (table.triggers and free and texts):
            continue
        sets = ", ".join(f"{name} = {name}" for name in free)
        query = f"SELECT {texts} FROM {table.name.sql} ORDER BY ctid"  # noqa: S608  quoted
        for row in conn.execute(query.encode()).fetchall():
            where = f"WHERE ({texts}) = ({', '.join(map(literal, row))})"
            update = f"UPDATE {table.name.sql} SET {sets} {where}"  # noqa: S608  quoted
            error = sample_rows.tried(conn, update, keep=True)
            if error is not None and (error.sqlstate or "")[:2] == _REFUSED:
                found.append(f"DELETE FROM {table.name.sql} {where}")  # noqa: S608  quoted
    return found


def _is_free(column: Column) -> bool:
    return not column.generated and column.identity != "always"


def taken(
    conn: Connection, statements: Sequence[Statement], writes: Sequence[tuple[str, str]]
) -> AbstractSet[str]:
    """The writes, each with its search_path, whose rows the author's statements do not refuse,
    each beside those before it. All is undone."""
    every = {sql for sql, _ in writes}
    if _takes(conn, statements, writes):
        return every
    found: list[tuple[str, str]] = []
    with conn.transaction(force_rollback=True):
        for write in writes:
            if _takes(conn, statements, [write]):
                found.append(write)
                with suppress(psycopg.Error), conn.transaction():
                    _write(conn, *write)
    return {sql for sql, _ in found}


def _takes(
    conn: Connection, statements: Sequence[Statement], writes: Sequence[tuple[str, str]]
) -> bool:
    """Whether the author's statements refuse no row that the writes leave."""
    try:
        with conn.transaction(force_rollback=True):
            for write in writes:
                _write(conn, *write)
            return not any(_refuses(conn, s) for s in statements)
    except psycopg.Error:  # a write that fails here says nothing
        return True


def _write(conn: Connection, sql: str, path: str) -> None:
    conn.execute(f"SET LOCAL search_path = {path}".encode())
    conn.execute(sql.encode())
    conn.execute(b"SET CONSTRAINTS ALL IMMEDIATE")
    conn.execute(b"SET LOCAL search_path = DEFAULT")


def _refuses(conn: Connection, statement: Statement) -> bool:
    if transactions.is_control(statement.sql) or statement.privileged:
        return False
    apply_settings(conn, statement.settings, local=True)
    error = sample_rows.tried(conn, statement.sql, keep=True)
    return error is not None and (error.sqlstate or "")[:2] in _DATA


def _deleted(conn: Connection, table: Table, broken: str) -> list[str]:
    """What deletes the rows that the condition selects; they are gone here already."""
    keys = primary(table)
    if not keys:
        return []
    texts = ", ".join(f"{ident(column)}::text" for column in keys)
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
                found = (
                    columns for one, columns in _new_keys(snapshot, statements) if one == name
                )
                new = frozenset(column for columns in found for column in columns)
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


def adds_key(snapshot: Snapshot, statements: Sequence[Statement]) -> bool:
    """Whether the train adds a unique key."""
    return any(True for _ in _new_keys(snapshot, statements))


def _new_keys(
    snapshot: Snapshot, statements: Sequence[Statement]
) -> Iterator[tuple[Name, tuple[str, ...]]]:
    """The unique keys that the train adds: their tables, and their columns."""
    for statement in statements:
        path = type_names.path(snapshot, statement.settings)
        for action in facts.actions(statement, path):
            said, fact = action.said, action.fact
            if not isinstance(fact, Fact) or fact.table is None:
                continue
            if isinstance(said, IndexDefinition) and said.unique:
                yield fact.table, tuple(e.column for e in said.elements if e.column)
            elif isinstance(said, AddConstraint) and said.constraint.kind in _KEYS:
                yield fact.table, said.constraint.columns
