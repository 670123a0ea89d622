"""How a backfill walks a table: by its key, or by pages where it has none.

A composite key is compared as a row, which uses the index for start and end. ctid ranges use
a Tid Range Scan (PostgreSQL 14 on). Each leaf of a partitioned table has its own key.
"""

import itertools
import re

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import StoppedError
from zdm.model.plan import Backfill
from zdm.model.schema import Name
from zdm.model.sql import ident, literal
from zdm.postgres.session.connection import Connection

Key = tuple[str, ...]  # the values of a key, as text
_USUAL_ROWS_PER_PAGE = 50  # where the table was never analysed
_WHOLE = re.compile(r"-?\d+")
_LARGEST = {
    ident("pg_catalog", name): 2 ** (8 * size - 1) - 1
    for name, size in (("int2", 2), ("int4", 4), ("int8", 8))
}
# A heap, and no index knows the columns: by key, expression or predicate (pg_depend).
_ROOMY = """
SELECT coalesce((SELECT amname FROM pg_catalog.pg_am WHERE oid = c.relam) = 'heap', false)
   AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = ANY (%s)
    WHERE i.indrelid = c.oid AND (a.attnum = ANY (i.indkey::int2[]) OR EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
        AND d.refclassid = 'pg_catalog.pg_class'::regclass
        AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)))
FROM pg_catalog.pg_class AS c WHERE c.oid = %s
"""
# One row for each usable key, the primary one first: unique, valid, checked at once, without
# predicate and expressions, every column NOT NULL. Behind a NOT NULL that is NOT VALID
# (PostgreSQL 18) there may be NULLs, which are in no range of keys.
_KEYS = """
SELECT k.columns FROM pg_catalog.pg_index AS i
CROSS JOIN LATERAL (
    SELECT array_agg(a.attname::text ORDER BY n.place) AS columns,
           bool_and(a.attnotnull AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_constraint AS c
             WHERE c.conrelid = a.attrelid AND c.contype = 'n' AND NOT c.convalidated
               AND c.conkey = ARRAY[a.attnum])) AS not_null
    FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS n (number, place)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = n.number
    WHERE n.place <= i.indnkeyatts) AS k
WHERE i.indrelid = pg_catalog.to_regclass(%s) AND i.indisunique AND i.indisvalid
  AND i.indisready AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  AND k.not_null
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid
"""


class Bounds(Struct, frozen=True, kw_only=True):
    """One batch: keys after `lower` up to and including `upper`; None: no bound."""

    lower: Key | None
    upper: Key | None
    keys: int
    last: bool

    @property
    def gapless(self) -> bool:
        """Whether they are whole numbers that follow each other."""
        if self.lower is None or self.upper is None or len(self.upper) != 1:
            return False
        if not (_WHOLE.fullmatch(self.lower[0]) and _WHOLE.fullmatch(self.upper[0])):
            return False
        return int(self.upper[0]) - int(self.lower[0]) == self.keys


class Walk(Struct, frozen=True, kw_only=True):
    """One table, or one leaf of a partitioned one."""

    relation: str  # for people
    name: Name
    oid: int
    key: tuple[str, ...]
    types: tuple[str, ...]
    estimate: int | None
    pages: int
    roomy: bool = False  # a new version may stay on its page, without any index entry

    @property
    def target(self) -> str:
        """The relation itself, quoted, without those that inherit from it."""
        return f"ONLY {self.name.sql}"

    @property
    def rows_per_page(self) -> int:
        """Rows in a page, roughly."""
        if not self.estimate or not self.pages:  # it may have been analysed while it was empty
            return _USUAL_ROWS_PER_PAGE
        return max(1, self.estimate // self.pages)

    @property
    def key_words(self) -> str:
        """The key's columns for people."""
        return f"({', '.join(self.key)})" if len(self.key) > 1 else "".join(self.key) or "ctid"

    @property
    def columns(self) -> str:
        """The key's columns, quoted."""
        return ", ".join(ident(column) for column in self.key)

    def ordered(self, direction: str) -> str:
        """The key's columns, quoted, each with its direction."""
        return ", ".join(f"{ident(column)} {direction}" for column in self.key)

    @property
    def texts(self) -> str:
        """The key's values as text; an output name of its own, for ORDER BY would mean the
        text, in which 10 comes before 9."""
        if not self.key:
            return "ctid::text AS zdm_key_0"
        return ", ".join(
            f"{ident(column)}::text AS zdm_key_{n}" for n, column in enumerate(self.key)
        )

    def next(
        self, connection: Connection, cursor: Key | None, size: int, end: Key | None = None
    ) -> Bounds:
        """The batch of about `size` rows after the cursor, none of them after `end`."""
        if not self.key:
            return self._pages(cursor, size, end)
        where = self.between(cursor, end)
        query = f"SELECT {self.texts} FROM {self.target} WHERE {where}"  # noqa: S608
        row = connection.execute(
            f"{query} ORDER BY {self.columns} LIMIT 1 OFFSET {size - 1}".encode()
        ).fetchone()
        if row is not None:
            return Bounds(lower=cursor, upper=tuple(row), keys=size, last=False)
        rest = Bounds(lower=cursor, upper=end, keys=0, last=True)
        return replace(rest, keys=self.count(connection, rest))

    def several(
        self, connection: Connection, cursor: Key | None, size: int, end: Key | None, most: int
    ) -> tuple[Bounds, ...]:
        """The next batches, so many at the most, found by one statement; none where less than
        one is left, or where there is no key."""
        if not self.key:
            return ()
        keys = (
            f"SELECT {self.columns} FROM {self.target} WHERE {self.between(cursor, end)}"  # noqa: S608
            f" ORDER BY {self.columns} LIMIT {size * most}"
        )
        rows = connection.execute(
            f"SELECT {self.texts} FROM (SELECT *, row_number() OVER (ORDER BY {self.columns})"  # noqa: S608
            f" AS zdm_row FROM ({keys}) AS k) AS n WHERE zdm_row % {size} = 0"
            " ORDER BY zdm_row".encode()
        ).fetchall()
        uppers = [tuple(row) for row in rows]
        return tuple(
            Bounds(lower=lower, upper=upper, keys=size, last=False)
            for lower, upper in itertools.pairwise([cursor, *uppers])
        )

    def dense(self, cursor: Key | None, size: int, end: Key | None) -> Bounds | None:
        """The next keys if they follow each other without a gap, computed without reading the
        table; None where the key allows no such computation."""
        if cursor is None or len(self.types) != 1 or self.types[0] not in _LARGEST:
            return None
        lower, stop = int(cursor[0]), _LARGEST[self.types[0]] if end is None else int(end[0])
        upper = lower + size
        if upper >= stop:
            return None  # the ordinary way finds the end
        return Bounds(lower=cursor, upper=(str(upper),), keys=size, last=False)

    def count(self, connection: Connection, bounds: Bounds) -> int:
        """How many keys are there within the bounds."""
        where = self.between(bounds.lower, bounds.upper)
        row = connection.execute(
            f"SELECT count(*) FROM {self.target} WHERE {where}".encode()  # noqa: S608
        ).fetchone()
        return int(row[0]) if row else 0

    def _pages(self, cursor: Key | None, size: int, end: Key | None) -> Bounds:
        first = 0 if cursor is None else int(cursor[0])
        step = max(1, size // self.rows_per_page)
        upper, stop = first + step, self.pages if end is None else int(end[0])
        if upper >= stop:
            keys = max(stop - first, 1) * self.rows_per_page
            return Bounds(lower=cursor, upper=end, keys=keys, last=True)
        keys = step * self.rows_per_page
        return Bounds(lower=cursor, upper=(str(upper),), keys=keys, last=False)

    def between(self, lower: Key | None, upper: Key | None) -> str:
        """The rows after `lower` up to and including `upper`, as a condition.

        Pages count from 0: those from `lower` on, before `upper`.
        """
        row, after, until = ("ctid", ">=", "<") if not self.key else (self._row(), ">", "<=")
        conditions = []
        if lower is not None or not self.key:
            conditions.append(f"{row} {after} {self._values(lower or ('0',))}")
        if upper is not None:
            conditions.append(f"{row} {until} {self._values(upper)}")
        return " AND ".join(conditions) or "true"

    def one(self, key: Key) -> str:
        """The row with these key values, or, where there is no key, at this place."""
        if not self.key:
            return f"ctid = {literal(key[0])}::pg_catalog.tid"
        return f"{self._row()} = {self._values(key)}"

    def _row(self) -> str:
        return f"({self.columns})"

    def _values(self, values: Key) -> str:
        if not self.key:
            return f"'({int(values[0])},0)'::pg_catalog.tid"
        typed = (
            f"{literal(value)}::{kind}" for value, kind in zip(values, self.types, strict=True)
        )
        return "(" + ", ".join(typed) + ")"


def walks(connection: Connection, step: Backfill) -> tuple[Walk, ...]:
    """The table itself, or each leaf of a partitioned one, as the catalog has them now."""
    found = []
    row = connection.execute(
        "SELECT pg_catalog.to_regclass(%s) IS NULL", (step.table.sql,)
    ).fetchone()
    if row is None or row[0]:
        raise StoppedError(
            f"{step.id}: table {step.table} no longer exists, so there is nothing to fill",
            hint="it was dropped or renamed; the plan is no longer valid",
        )
    for oid, schema, name, rows, pages in _leaves(connection, step.table):
        leaf = Name(schema, name)
        key = _key(connection, leaf, step.key)
        found.append(
            Walk(
                relation=str(leaf),
                name=leaf,
                oid=oid,
                key=key,
                types=tuple(_type(connection, oid, column) for column in key),
                estimate=None if rows < 0 else int(rows),
                pages=pages,
                roomy=_roomy(connection, oid, step),
            )
        )
    return tuple(found)


def _roomy(connection: Connection, oid: int, step: Backfill) -> bool:
    if not step.assignments:  # it leaves no new version of a row
        return False
    columns = [assignment.column for assignment in step.assignments]
    row = connection.execute(_ROOMY, (columns, oid)).fetchone()
    return row is not None and bool(row[0])


def _leaves(connection: Connection, table: Name) -> list[tuple[int, str, str, float, int]]:
    return connection.execute(
        "SELECT c.oid::bigint, n.nspname, c.relname, c.reltuples::float8,"
        " (pg_catalog.pg_relation_size(c.oid) / 8192)::bigint"
        " FROM pg_catalog.pg_class AS c"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND (c.oid = pg_catalog.to_regclass(%s) OR c.oid IN"
        " (SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(%s))))"
        " ORDER BY 2, 3",
        (table.sql, table.sql),
    ).fetchall()


def _key(connection: Connection, leaf: Name, planned: tuple[str, ...]) -> tuple[str, ...]:
    """The planned key where it is still one, else the best there is; empty: by pages."""
    keys = [tuple(row[0]) for row in connection.execute(_KEYS, (leaf.sql,)).fetchall()]
    if planned in keys:
        return planned
    return keys[0] if keys else ()


def _type(connection: Connection, oid: int, column: str) -> str:
    """A type's qualified name: a step's search_path need not lead to it."""
    row = connection.execute(
        "SELECT n.nspname, t.typname FROM pg_catalog.pg_attribute AS a"
        " JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace"
        " WHERE a.attrelid = %s AND a.attname = %s",
        (oid, column),
    ).fetchone()
    if row is None:
        raise LookupError(f"column {column} of {oid} is gone")
    return ident(*row)
