"""How a backfill walks a table: by its key, or by pages where it has none.

A composite key is compared as a row, which uses the index for start and end. ctid ranges use
a Tid Range Scan (PostgreSQL 14 on).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from zdm.model.plan import Backfill
from zdm.model.schema import Name
from zdm.model.sql import ident, literal
from zdm.postgres.connection import Connection

Key = tuple[str, ...]  # the values of a key, as text
ROWS_PER_PAGE = 50  # a guess, to turn a batch's rows into pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """One batch: keys after the cursor up to and including `upper`; `last` has no upper."""

    upper: Key | None
    keys: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One table, or one leaf of a partitioned one."""

    relation: str  # for people
    target: str  # quoted; a leaf is ONLY itself
    key: tuple[str, ...]
    types: tuple[str, ...]
    estimate: int | None
    pages: int

    @property
    def key_words(self) -> str:
        """The key's columns for people."""
        return f"({', '.join(self.key)})" if len(self.key) > 1 else "".join(self.key) or "ctid"

    def next(self, connection: Connection, cursor: Key | None, size: int) -> Bounds:
        """The batch of about `size` rows after the cursor."""
        if not self.key:
            return self._pages(cursor, size)
        columns = ", ".join(ident(column) for column in self.key)
        # an output name: else ORDER BY means the text, in which 10 comes before 9
        texts = ", ".join(
            f"{ident(column)}::text AS zdm_key_{n}" for n, column in enumerate(self.key)
        )
        after = f"WHERE {self._after(cursor)} " if cursor is not None else ""
        query = f"SELECT {texts} FROM {self.target} {after}ORDER BY {columns} "  # noqa: S608
        row = connection.execute(f"{query}LIMIT 1 OFFSET {size - 1}".encode()).fetchone()
        if row is not None:
            return Bounds(upper=tuple(row), keys=size, last=False)
        count = connection.execute(
            f"SELECT count(*) FROM {self.target} {after}".encode()  # noqa: S608
        ).fetchone()
        return Bounds(upper=None, keys=int(count[0]) if count else 0, last=True)

    def _pages(self, cursor: Key | None, size: int) -> Bounds:
        first = 0 if cursor is None else int(cursor[0])
        step = max(1, size // ROWS_PER_PAGE)
        upper = first + step
        if upper >= self.pages:
            return Bounds(upper=None, keys=(self.pages - first) * ROWS_PER_PAGE + 1, last=True)
        return Bounds(upper=(str(upper),), keys=step * ROWS_PER_PAGE, last=False)

    def between(self, cursor: Key | None, bounds: Bounds) -> str:
        """The rows of a batch, as a condition."""
        if not self.key:
            return self._between_pages(cursor, bounds)
        conditions = []
        if cursor is not None:
            conditions.append(self._after(cursor))
        if bounds.upper is not None:
            conditions.append(f"{self._row()} <= {self._values(bounds.upper)}")
        return " AND ".join(conditions) or "true"

    def _between_pages(self, cursor: Key | None, bounds: Bounds) -> str:
        first = "0" if cursor is None else cursor[0]
        condition = f"ctid >= '({first},0)'::tid"
        if bounds.upper is not None:
            condition += f" AND ctid < '({bounds.upper[0]},0)'::tid"
        return condition

    def _after(self, cursor: Key) -> str:
        return f"{self._row()} > {self._values(cursor)}"

    def _row(self) -> str:
        return "(" + ", ".join(ident(column) for column in self.key) + ")"

    def _values(self, values: Key) -> str:
        typed = (
            f"{literal(value)}::{kind}" for value, kind in zip(values, self.types, strict=True)
        )
        return "(" + ", ".join(typed) + ")"


def walks(connection: Connection, step: Backfill) -> Iterator[Walk]:
    """The table itself, or each leaf of a partitioned one."""
    for schema, name, rows, pages in _leaves(connection, step.table):
        leaf = Name(schema, name)
        yield Walk(
            relation=str(leaf),
            target=f"ONLY {leaf.sql}",
            key=step.key,
            types=tuple(_type(connection, leaf, column) for column in step.key),
            estimate=None if rows < 0 else int(rows),
            pages=pages,
        )


def _leaves(connection: Connection, table: Name) -> list[tuple[str, str, float, int]]:
    return connection.execute(
        "SELECT n.nspname, c.relname, c.reltuples::float8,"
        " (pg_catalog.pg_relation_size(c.oid) / 8192)::bigint + 1"
        " FROM pg_catalog.pg_class AS c"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND (c.oid = pg_catalog.to_regclass(%s) OR c.oid IN"
        " (SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(%s))))"
        " ORDER BY 1, 2",
        (table.sql, table.sql),
    ).fetchall()


def _type(connection: Connection, table: Name, column: str) -> str:
    row = connection.execute(
        "SELECT pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute"
        " WHERE attrelid = pg_catalog.to_regclass(%s) AND attname = %s",
        (table.sql, column),
    ).fetchone()
    return "text" if row is None else str(row[0])
