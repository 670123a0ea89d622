"""Several hundred rows for each table that a train touches, in the template of its schema.

The first ones are sample rows that fit; the others change some of their values: to the edges of
the type, to NULL, to a value that another row has, and to the constants of the author's own
statements, which choose rows by them. What the table refuses is left out. Of two columns that a
statement compares, some rows have the same value; and some rows have the keys of those that an
INSERT leaves out where they are there.
"""

import hashlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Statement
from zdm.model.syntax import RelationName
from zdm.parse import comparisons
from zdm.parse.comparisons import Join
from zdm.postgres.replay import constrained_rows, edge_values, sample_rows
from zdm.postgres.replay.contents import FORCED
from zdm.postgres.replay.sample_rows import Candidates, Row, Samples
from zdm.postgres.replay.sample_values import Types, Value, bare
from zdm.postgres.session.connection import Connection
from zdm.schema import lookup, routines

TAKEN = "23505"  # a key; others of class 23: NULL, a foreign key
SEVERAL = "21000"  # rows, where a query may give one
_NULL, _ORPHAN, _CHECK = "23502", "23503", "23514"
_REFUSED = (TAKEN, _NULL, _ORPHAN, _CHECK)
FORMAT = 7  # of the rows; templates of another one are not used
ROWS = 300  # that are tried for each table
_MATCHES = 20  # of two columns that a statement compares
_FROM = 10  # the number before that of the first of them
_NULL_AFTER = 6  # values that are tried in a column
_SHARE = 0.3  # of the columns whose value is changed, in every second row
_WORD = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.])")
_WORDS = 24
_TEXTS = frozenset({"text", "character varying", "character", "citext"})
_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})


class Seeding(Struct, frozen=True, kw_only=True):
    """Which rows are seeded; notes call them by `name`. `once`: where a query may give one row,
    no two have the value that it looks for."""

    name: str
    first: int | None = sample_rows.LOW  # None: no rows
    edges: bool = False
    nulls: bool = False
    twice: bool = True  # whether rows share values
    many: bool = True
    once: bool = False
    fits: bool = False  # without the rows that a new constraint of the train refuses
    updated: bool = False  # written by UPDATE, without rows that then break a constraint

    @property
    def words(self) -> str:
        """For a note."""
        once = ", and of the values that its statements look for, each once" * self.once
        fits = ", without rows that its new constraints refuse" * self.fits
        updated = ", without rows that a constraint refuses once the tables' triggers fire"
        return f"{self.name}{once}{fits}{updated * self.updated}"

    @property
    def is_whole(self) -> bool:
        """Whether nothing had to be left out."""
        return replace(self, first=sample_rows.LOW) == LADDER[0]


PLAIN = Seeding(name="plain values")
LADDER = (
    Seeding(name="edge values, NULLs and duplicates", edges=True, nulls=True),
    Seeding(name="edge values and duplicates", edges=True),
    Seeding(name="NULLs and duplicates", nulls=True),
    PLAIN,
    Seeding(name="plain values, each once", twice=False),
    Seeding(name="a few plain values", twice=False, many=False),
    Seeding(
        name="a few plain values with other keys",
        first=sample_rows.HIGH,
        twice=False,
        many=False,
    ),
    Seeding(name="no rows", first=None, twice=False, many=False),
)


def plainer(seeding: Seeding, sqlstate: str | None) -> Seeding:
    """What to try after rows on which the migration fails: other keys where its own rows may
    have the same, else the next of the ladder without what the error is about."""
    if sqlstate == TAKEN and seeding.first == sample_rows.LOW:
        return replace(seeding, first=sample_rows.HIGH)
    if sqlstate == SEVERAL and not seeding.once:
        return replace(seeding, once=True)
    if sqlstate in _REFUSED and seeding.twice and not seeding.fits:
        return replace(seeding, fits=True)
    place = [one.name for one in LADDER].index(seeding.name) + 1
    found = next(one for one in LADDER[place:] if _helps(seeding, one, sqlstate))
    keeps = seeding.first == sample_rows.HIGH and found.first is not None
    first = sample_rows.HIGH if keeps else found.first
    return replace(
        found,
        first=first,
        once=seeding.once,
        fits=seeding.fits and found.many,
        updated=seeding.updated and found.many,
    )


def _helps(before: Seeding, after: Seeding, sqlstate: str | None) -> bool:
    if sqlstate in (TAKEN, _ORPHAN, SEVERAL):
        return not (before.twice and after.twice)
    if sqlstate == _NULL:
        return not (before.nulls and after.nulls)
    return not (before.edges and after.edges)


def words(statements: Sequence[Statement]) -> tuple[str, ...]:
    """Constants of the author's statements."""
    found = (
        text.replace("''", "'") or number
        for one in statements
        for text, number in _WORD.findall(one.sql)
    )
    short = (word for word in dict.fromkeys(found) if 0 < len(word) <= 100)
    return tuple(word for word, _ in zip(short, range(_WORDS), strict=False))


def key(
    base: str, seeding: Seeding, statements: Sequence[Statement], touched: Sequence[Name]
) -> str:
    """Of the template with rows in the tables touched."""
    if seeding.first is None:
        return base
    told = hashlib.sha256(
        "\0".join((*map(str, touched), *(one.sql for one in statements))).encode()
    ).hexdigest()
    return f"{base} rows {FORMAT} {seeding} {told}"


def fill(
    conn: Connection,
    snapshot: Snapshot,
    wanted: Sequence[Table],
    seeding: Seeding,
    statements: Sequence[Statement],
) -> None:
    """Put the rows into the tables, parents first, on a session without triggers. Constants of
    the author's statements choose rows; those that an INSERT has are the author's own keys.
    A table whose owner cannot read it gets none."""
    wanted = [table for table in wanted if table.row_security != FORCED]
    constants = words(statements)
    inserted = frozenset(words([one for one in statements if "insert" in one.sql.lower()]))
    samples = Samples(snapshot=snapshot, first=seeding.first or 0)
    types = Types(conn)
    for table in wanted:
        samples.fill(conn, (table,))
        fitted = samples.rows.get(table.name)
        if not fitted or not seeding.many:
            continue
        maker = _Maker(
            samples=samples,
            types=types,
            seeding=seeding,
            constants=constants,
            inserted=inserted,
        )
        inserts = [sample_rows.insert(table, row) for row in maker.rows(table, fitted[0])]
        sample_rows.tried_together(conn, inserts)
        samples.load(conn, table)
    if seeding.many:
        _join(conn, snapshot, wanted, seeding, statements)
        constrained_rows.put_in(conn, snapshot, statements)
    if seeding.fits:
        constrained_rows.leave_out(conn, snapshot, wanted, statements)
    without_orphans(conn, snapshot, wanted)


def without_orphans(conn: Connection, snapshot: Snapshot, wanted: Sequence[Table]) -> None:
    """Delete rows whose foreign keys point at nothing: of tables in a cycle, or because others
    went."""
    for _ in range(2):  # a row that goes may have been another one's parent
        for table in wanted:
            _without_orphans(conn, snapshot, table)


class _Maker(Struct, frozen=True, kw_only=True):
    samples: Samples
    types: Types
    seeding: Seeding
    constants: Sequence[str]
    inserted: frozenset[str]

    def rows(self, table: Table, fitted: Row) -> Iterator[Row]:
        """Rows that differ from one that fits."""
        first = self.samples.candidates(self.types, table, 1)
        variants = self._variants(table, fitted, first)
        columns = sorted(name for name in variants if variants[name])
        chance = random.Random(str(table.name))
        for place in range(ROWS):
            row = self._plain(table, fitted, first, place + 1 + _FROM)
            if not self.seeding.twice:
                yield row
                continue
            if columns and place % 4 < 2:
                turn = place // 4 * 2 + place % 4
                name = columns[turn % len(columns)]
                row[name] = variants[name][turn // len(columns) % len(variants[name])]
            elif place % 4 == 2:
                for name in columns:
                    if chance.random() < _SHARE:
                        row[name] = chance.choice(variants[name])
            yield row

    def _plain(self, table: Table, fitted: Row, first: Candidates, n: int) -> Row:
        """As the one that fits, with the values of another number."""
        found: Row = {}
        for name, values in self.samples.candidates(self.types, table, n).items():
            if name not in fitted:
                continue
            places = [i for i, value in enumerate(first[name]) if value == fitted[name]]
            place = places[0] if places else 0
            found[name] = values[place % len(values)]
        return found

    def _variants(
        self, table: Table, fitted: Row, first: Candidates
    ) -> Mapping[str, Sequence[Value]]:
        refer = {c for k in table.constraints if k.references is not None for c in k.columns}
        keys = constrained_rows.unique(table)
        found: dict[str, Sequence[Value]] = {}
        for column in table.columns:
            if column.name not in fitted:
                continue
            values: list[Value] = []
            if column.name not in refer:
                values += self._fitting_words(column.type)
                values += [fitted[column.name], *first[column.name][:8]]
                edges = self.seeding.edges and not self._is_counted(table, column.name)
                values += edge_values.values(self.types, column.type) * edges
            taken = self.inserted if column.name in keys else frozenset[str]()
            values = [value for value in values if value is not None and value not in taken]
            values = list(dict.fromkeys(values))
            if self.seeding.nulls and not column.not_null:
                values = list(_with_nulls(values))
            found[column.name] = tuple(values)
        return found

    def _is_counted(self, table: Table, column: str) -> bool:
        """Whether a trigger calculates with it: of an integer's last value it makes none."""
        runs = {trigger.function for trigger in table.triggers}
        functions = (f for f in self.samples.snapshot.functions if f.name in runs)
        return any(routines.calculates(function, column) for function in functions)

    def _fitting_words(self, kind: str) -> Sequence[str]:
        if bare(kind) in _TEXTS:
            return self.constants
        if bare(kind) in _NUMBERS:
            return [word for word in self.constants if word.lstrip("-").isdecimal()]
        return ()


def _with_nulls(values: Sequence[Value]) -> Iterator[Value]:
    """NULL first, and again and again: statements ask for it more than for any value."""
    yield None
    for place, value in enumerate(values, 1):
        yield value
        if place % _NULL_AFTER == 0:
            yield None


def _without_orphans(conn: Connection, snapshot: Snapshot, table: Table) -> None:
    for constraint in table.constraints:
        if constraint.references is None or snapshot.table(constraint.references) is None:
            continue
        pairs = zip(constraint.columns, constraint.referenced_columns, strict=True)
        same = " AND ".join(f"zdm_c.{ident(c)} = zdm_p.{ident(p)}" for c, p in pairs)
        there = " AND ".join(f"zdm_c.{ident(c)} IS NOT NULL" for c in constraint.columns)
        sample_rows.tried(
            conn,
            f"DELETE FROM {table.name.sql} AS zdm_c WHERE {there} AND NOT EXISTS"  # noqa: S608
            f" (SELECT FROM {constraint.references.sql} AS zdm_p WHERE {same})",
            keep=True,
        )


class _Place(Struct, frozen=True):
    """A column of a table."""

    table: Table
    column: str

    @property
    def sql(self) -> str:
        return self.table.name.sql

    @property
    def text(self) -> str:
        return f"{ident(self.column)}::text"


def _join(
    conn: Connection,
    snapshot: Snapshot,
    wanted: Sequence[Table],
    seeding: Seeding,
    statements: Sequence[Statement],
) -> None:
    """Give rows the values that a statement compares them by."""
    seeded = {table.name for table in wanted}
    for statement in statements:
        for join in comparisons.joins(statement.sql):
            left, right = (_place(join, side, statement, snapshot) for side in (0, 1))
            if (
                left is None
                or right is None
                or not {left.table.name, right.table.name} <= seeded
            ):
                continue
            for one, other in ((left, right), (right, left)):
                if not _matches(conn, left, right):
                    sample_rows.tried_together(conn, list(_matching(one, other)))
            changed = _found(join.changed, statement, snapshot)
            for place in (left, right) if seeding.once else ():
                if place.table is not changed or left.table is right.table:
                    sample_rows.tried(conn, _each_once(place), keep=True)


def _found(
    relation: RelationName | None, statement: Statement, snapshot: Snapshot
) -> Table | None:
    if relation is None:
        return None
    return snapshot.table(lookup.found(relation, snapshot, statement.settings))


def _place(join: Join, side: int, statement: Statement, snapshot: Snapshot) -> _Place | None:
    """The column, of the only table of the statement that has it."""
    column, relation = join.columns[side], join.tables[side]
    names = join.names if relation is None else (relation,)
    tables = {t.name: t for name in names if (t := _found(name, statement, snapshot))}
    found = [table for table in tables.values() if table.column(column) is not None]
    return _Place(found[0], column) if len(found) == 1 else None


def _matches(conn: Connection, left: _Place, right: _Place) -> bool:
    """Whether enough rows have the same value."""
    sql = (
        f"SELECT count(*) >= {_MATCHES} FROM (SELECT {left.text} AS v FROM {left.sql}) AS zdm_l"  # noqa: S608
        f" JOIN (SELECT {right.text} AS v FROM {right.sql}) AS zdm_r ON zdm_l.v = zdm_r.v"
    )
    row = conn.execute(sql.encode()).fetchone()
    return bool(row and row[0])


def _matching(one: _Place, other: _Place) -> Iterator[str]:
    """Give some rows of one table a value of the other."""
    kind = one.table.require_column(one.column).type
    for n in range(2 * _MATCHES):
        value = (
            f"SELECT {other.text} FROM {other.sql} WHERE {ident(other.column)} IS NOT NULL"  # noqa: S608
            f" ORDER BY md5({other.text} || '{n}') LIMIT 1"
        )
        yield (
            f"UPDATE {one.sql} SET {ident(one.column)} = CAST(({value}) AS {kind}) WHERE ctid ="  # noqa: S608
            f" (SELECT ctid FROM {one.sql} ORDER BY md5(ctid::text || '{n}') LIMIT 1)"
        )


def _each_once(place: _Place) -> str:
    value = f"lower({place.text})"
    return (
        f"DELETE FROM {place.sql} WHERE ctid NOT IN (SELECT min(ctid) FROM {place.sql}"  # noqa: S608
        f" GROUP BY {value}) AND {ident(place.column)} IS NOT NULL"
    )
