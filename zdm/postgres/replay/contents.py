"""What tables hold, compared between two databases of one server.

Values are compared as the texts that PostgreSQL prints, so 1.0 is not 1.00; columns by name. A
table without a primary key is compared as a bag of rows.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from zdm.model.plan import Backfill, Plan
from zdm.model.schema import Name, Snapshot, Table, Volatility
from zdm.model.sql import ident, literal
from zdm.parse import expressions
from zdm.postgres.session.connection import Connection
from zdm.schema import default_volatility

_SHOWN = 100  # characters of a value
FORCED = "forced"  # row security, for the owner too
_SEQUENCES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname !~ '^(pg_|information_schema$)' ORDER BY 1
"""
Cells = tuple[str | None, ...]


class Digest(Struct, frozen=True):
    """A table's number of rows, and their hash."""

    rows: int
    hash: str


class Rows(Struct, frozen=True, kw_only=True):
    """All rows of a table, by the names of its columns."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    cells: tuple[Cells, ...]

    def without(self, columns: frozenset[str]) -> "Rows":
        """With the other columns alone; a key that loses one is none."""
        kept = [i for i, name in enumerate(self.columns) if name not in columns]
        return Rows(
            columns=tuple(self.columns[i] for i in kept),
            key=() if columns & {*self.key} else self.key,
            cells=tuple(tuple(row[i] for i in kept) for row in self.cells),
        )

    def by_key(self) -> dict[Cells, Cells] | None:
        """The rows by their key, if they have one."""
        places = [self.columns.index(name) for name in self.key]
        if not places:
            return None
        return {tuple(row[i] for i in places): row for row in self.cells}


def tables(snapshot: Snapshot) -> tuple[Table, ...]:
    """Those that hold rows themselves, which their owner can read."""
    return tuple(
        t
        for t in snapshot.tables
        if t.kind == "table" and t.row_security != FORCED and _columns(t)
    )


def _columns(table: Table) -> tuple[str, ...]:
    """Virtual columns follow from the others, and reading them may fail."""
    return tuple(sorted(c.name for c in table.columns if c.generated != "virtual"))


def digests(conn: Connection, compared: Sequence[Table]) -> dict[Name, Digest]:
    """Of each table that there is."""
    found: dict[Name, Digest] = {}
    if not compared:
        return found
    _pin(conn)
    parts = " UNION ALL ".join(
        f"SELECT {place}, count(*), md5(coalesce(string_agg(zdm_r, E'\\n' ORDER BY zdm_r"  # noqa: S608
        f" COLLATE \"C\"), '')) FROM (SELECT ROW({_texts(table)})::text AS zdm_r FROM ONLY"
        f" {table.name.sql}) AS zdm_t"
        for place, table in enumerate(compared)
    )
    for place, rows, hash in conn.execute(parts.encode()):
        found[compared[place].name] = Digest(rows, hash)
    return found


def rows(conn: Connection, table: Table) -> Rows:
    """All of a table's rows."""
    _pin(conn)
    sql = f"SELECT {_texts(table)} FROM ONLY {table.name.sql}"  # noqa: S608  quoted
    primary = next((c.columns for c in table.constraints if c.kind == "primary key"), ())
    return Rows(
        columns=_columns(table),
        key=tuple(primary),
        cells=tuple(tuple(row) for row in conn.execute(sql.encode())),
    )


def _texts(table: Table) -> str:
    return ", ".join(f"{ident(name)}::text" for name in _columns(table))


def _pin(conn: Connection) -> None:
    for name, value in (("extra_float_digits", "1"), ("TimeZone", "UTC"), ("DateStyle", "ISO")):
        conn.execute(f"SET {name} = {literal(value)}".encode())


def undetermined(one: Rows, other: Rows) -> frozenset[str]:
    """Columns that two runs of the same statements fill differently: by the clock, at random,
    or in the order in which rows happen to lie."""
    first, second = one.by_key(), other.by_key()
    if first is not None and second is not None and first.keys() == second.keys():
        return frozenset(
            name
            for place, name in enumerate(one.columns)
            if any(first[key][place] != second[key][place] for key in first)
        )
    found = frozenset(
        name
        for place, name in enumerate(one.columns)
        if Counter(r[place] for r in one.cells) != Counter(r[place] for r in other.cells)
    )
    if Counter(one.without(found).cells) != Counter(other.without(found).cells):
        return frozenset(one.columns)
    return found


def drawn(plan: Plan, snapshot: Snapshot) -> frozenset[tuple[Name, str]]:
    """Columns that a backfill gives another value in each row, as a sequence does: which row
    has which depends on the order of its batches, and on what else draws meanwhile."""
    return frozenset(
        (step.table, one.column)
        for step in plan.steps
        if isinstance(step, Backfill)
        for one in step.assignments
        if default_volatility.volatility(expressions.read(one.expression), snapshot)
        is Volatility.VOLATILE
    )


def difference(plain: Rows, plan: Rows, other: Rows | None = None) -> str | None:
    """The first row that differs, in words. A row or a value may also be as in `other`: of
    two fills, one may have come before a write and one after it."""
    first, second = plain.by_key(), plan.by_key()
    if first is None or second is None:
        lost, more = Counter(plain.cells), Counter(plan.cells)
        if lost == more or (other is not None and _is_either(lost, more, Counter(other.cells))):
            return None
        return " and ".join(
            f"{words} {_shown_row(plain.columns, min(bag, key=repr))}"
            for words, bag in (
                ("only the plain migration leaves", lost - more),
                ("only the plan leaves", more - lost),
            )
            if bag
        )
    third = {} if other is None else other.by_key() or {}
    for key in sorted({*first, *second}, key=repr):
        if other is not None and third.get(key) == second.get(key):
            continue
        either = _either(first.get(key), third.get(key), second.get(key))
        for words in _of_key(plain, key, either, second.get(key)):
            return words
    return None


def _either(one: Cells | None, other: Cells | None, found: Cells | None) -> Cells | None:
    """The first of two rows, with what a third one has of the second."""
    if one is None or other is None or found is None:
        return one
    cells = zip(one, other, found, strict=True)
    return tuple(b if b == c else a for a, b, c in cells)


def _is_either(first: Counter[Cells], rows: Counter[Cells], second: Counter[Cells]) -> bool:
    """Whether each row is one of the first or of the second bag."""
    return not (rows - first - second) and not (first - rows - (first - second))


def _of_key(plain: Rows, key: Cells, one: Cells | None, two: Cells | None) -> Iterator[str]:
    row = f"the row {_shown_row(plain.key, key)}"
    if one is None or two is None:
        side = "the plan" if one is None else "the plain migration"
        yield f"only {side} leaves {row}"
        return
    cells = [
        f"{name} is {_shown(left)} after the plain migration and {_shown(right)} after the plan"
        for name, left, right in zip(plain.columns, one, two, strict=True)
        if left != right
    ]
    if cells:
        yield f"in {row}, {'; '.join(cells)}"


def _shown_row(columns: Sequence[str], cells: Cells) -> str:
    return f"({', '.join(f'{c} = {_shown(v)}' for c, v in zip(columns, cells, strict=True))})"


def _shown(value: str | None) -> str:
    if value is None:
        return "NULL"
    return literal(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")


@contextmanager
def numbers_kept(conn: Connection) -> Iterator[None]:
    """Sequences give the same numbers after the block: a rollback alone does not see to it."""
    names = [str(row[0]) for row in conn.execute(_SEQUENCES.encode())]
    states = [f"SELECT {literal(n)}, last_value, is_called FROM {n}" for n in names]  # noqa: S608
    before = conn.execute(" UNION ALL ".join(states).encode()).fetchall() if states else []
    yield
    numbers = ", ".join(
        f"pg_catalog.setval({literal(str(name))}, {value}, {called})"
        for name, value, called in before
    )
    if numbers:
        conn.execute(f"SELECT {numbers}".encode())
