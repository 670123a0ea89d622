"""Writes of an application: every value that a column can hold, one at a time.

Each starts from a copy of a row that is there, with a new value in unique columns, so that the
constraints of the table accept it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.precision import rows
from zdm.postgres.session.connection import Connection

NUMBER = 20_000
MOST_SHOWN = 40  # one call takes 100 arguments, two a column
MOST = 15  # columns of a table whose values are tried
TABLES = """
SELECT c.oid::regclass::text,
       array_agg(quote_ident(a.attname) ORDER BY a.attnum),
       array_agg(coalesce(b.typname, t.typname) ORDER BY a.attnum),
       array_agg(a.atttypid::regtype::text ORDER BY a.attnum),
       array_agg(coalesce(b.typcategory, t.typcategory)::text ORDER BY a.attnum),
       array_agg(information_schema._pg_char_max_length(t.oid, a.atttypmod)
                 ORDER BY a.attnum),
       array_agg(a.atthasdef ORDER BY a.attnum),
       array_agg(a.attidentity::text ORDER BY a.attnum),
       array_agg(EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid
                         AND i.indisunique AND a.attnum = ANY (i.indkey))
                 AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = c.oid
                         AND k.contype = 'f' AND a.attnum = ANY (k.conkey))
                 ORDER BY a.attnum)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     AND a.attgenerated = ''
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY c.oid ORDER BY c.oid
"""
SHOWN = """
SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum)
FROM pg_attribute AS a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""
OTHER = {"bool": "false", "uuid": "'00000000-0000-0000-0000-000000000000'"}
OTHER_BY_CATEGORY = {"N": "-1", "S": "''", "D": "'1970-01-01'"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be written."""

    name: str
    base: str
    full: str
    category: str
    length: int | None
    default: bool
    identity: str
    unique: bool

    @property
    def fresh(self) -> str:
        """A value that no row has."""
        number = rows.value(self.base, self.full, self.category, self.length)
        return f"(SELECT {number} FROM generate_series({NUMBER}, {NUMBER}) AS g)"

    @property
    def other(self) -> str:
        """A value at the end of the range, empty where the type has none here."""
        found = OTHER.get(self.base) or OTHER_BY_CATEGORY.get(self.category, "")
        return f"{found}::{self.full}" if found else ""


def queries(conn: Connection) -> Iterator[str]:
    """The writes of all tables."""
    for table, *columns in conn.execute(TABLES).fetchall():
        every = [Column(*of) for of in zip(*columns, strict=True)]
        row = conn.execute(SHOWN, [table]).fetchone()
        yield from _plain(table, every, row[0] if row else [])
        yield from _of(table, every, row[0] if row else [])
        named = [column for column in every if not column.identity]
        compared = rows.literals(conn, table, [column.name for column in every])
        for column, text in zip(every, compared, strict=True):
            if text and column in named:
                yield _copy(table, named, {column.name: text})


def _of(table: str, every: Sequence[Column], shown: Sequence[str]) -> Iterator[str]:
    named = [column for column in every if not column.identity]
    for column in named[:MOST]:
        for value in ("NULL", column.other, column.fresh, f"old.{column.name}"):
            if value:
                yield _copy(table, named, {column.name: value})
    if any(column.identity for column in every):
        yield _copy(table, every, {})
    for first in named[:1]:
        yield (
            f"UPDATE {table} SET {first.name} = {first.name}"
            f" WHERE ctid = (SELECT min(ctid) FROM {table})"
        )
        yield (
            f"UPDATE {table} SET {first.name} = {first.name}"
            f" WHERE ctid = (SELECT min(ctid) FROM {table}){_kept_values(shown)}"
        )
    yield f"DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})"


def _plain(table: str, every: Sequence[Column], shown: Sequence[str]) -> Iterator[str]:
    """An INSERT that names every column, and one that leaves out those with a default; of new
    values it asks what the row holds, of copied ones only what the table adds."""
    for all_ in (True, False):
        named = [c for c in every if not c.identity and (all_ or not c.default)]
        if named:
            names = {c.name for c in named}
            yield _copy(table, named, {c.name: c.fresh for c in named}) + _returning(shown)
            added = [name for name in shown if name not in names]
            yield _copy(table, named, {}) + _returning(added)
        elif not all_:
            yield f"INSERT INTO {table} DEFAULT VALUES{_returning(shown)}"


def _returning(shown: Sequence[str]) -> str:
    pairs = ", ".join(f"$name${name}$name$, {name}" for name in shown[:MOST_SHOWN])
    return f" RETURNING jsonb_build_object({pairs})"


def _kept_values(shown: Sequence[str]) -> str:
    """Whether an UPDATE that sets nothing new leaves each value."""
    same = "old.{0}::text IS NOT DISTINCT FROM new.{0}::text"
    pairs = ", ".join(f"$name${n}$name$, {same.format(n)}" for n in shown[:MOST_SHOWN])
    return f" RETURNING jsonb_build_object({pairs})"


def _copy(table: str, named: Sequence[Column], values: dict[str, str]) -> str:
    """An INSERT of a row like one that is there, with some values of its own."""
    chosen = [values.get(c.name, _kept(c)) for c in named]
    old = "" if len(values) == len(named) else f" FROM {table} AS old LIMIT 1"
    return (
        f"INSERT INTO {table} ({', '.join(c.name for c in named)})"
        f" SELECT {', '.join(chosen)}{old}"
    )


def _kept(column: Column) -> str:
    return column.fresh if column.unique or column.identity else f"old.{column.name}"
