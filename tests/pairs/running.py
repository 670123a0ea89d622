"""A pair on a real server: its migration as written, then its plan, both versions writing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import psycopg

from tests import case as cases
from tests.case import Watching
from tests.pairs.pairs import WORLD, Pair, schema
from zdm.execute.events import Event, StepDone
from zdm.model.plan import Phase, Plan, Side
from zdm.model.release import RunState
from zdm.model.schema import Column, Snapshot, Table
from zdm.model.sql import ident
from zdm.postgres.catalog import read as catalog
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

_AGAIN = (
    "DROP SCHEMA IF EXISTS zdm, moved1, moved2 CASCADE;"
    "DROP PUBLICATION IF EXISTS sent1, sent2, all1, all2;"
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
)
_NULLS = "UPDATE {table} SET code = NULL, note = NULL WHERE id = 20;"  # unique fills, too


def begin(conn: Connection, *, nulls: bool) -> None:
    """The world as it was."""
    conn.execute(_AGAIN.encode())
    conn.execute(WORLD.read_bytes())
    for table in ("folder", "doc") if nulls else ():
        conn.execute(_NULLS.format(table=table).encode())


def plainly(conn: Connection, pair: Pair) -> Snapshot | psycopg.Error:
    """The schema after the author's statements; or why the server refuses one of them."""
    begin(conn, nulls=pair.nulls)
    try:
        for statement in pair.train.statements:
            conn.execute(statement.sql.encode())
    except psycopg.Error as error:
        return error
    return catalog.read(conn)


@dataclass(slots=True)
class Versions:
    """An application's statements: each version writes all columns that it knows."""

    conn: Connection
    known: dict[Side, Snapshot]
    numbers: Iterator[int] = field(default_factory=lambda: count(1000))

    def speak(self, plan: Plan, event: Event) -> None:
        """After a step, those of the versions that the plan says work with it."""
        if not isinstance(event, StepDone):
            return
        (step,) = (step for step in plan.steps if step.id == event.id)
        for side in sorted(step.serves):
            if side is Side.NEW or step.phase.position < Phase.ROLLOUT.position:
                self.write(side)

    def write(self, side: Side) -> None:
        """A row of the same number into each table, read and written again; but for tables
        that take only some numbers, whose rows the cases of partitions write."""
        number = next(self.numbers)
        bounded = {t.name for known in self.known.values() for t in known.tables if _bounded(t)}
        for table in _parents_first(self.known[side]):
            if table.name in bounded:
                continue
            values = {c.name: _value(c, number) for c in table.columns if not c.generated}
            columns, into = ", ".join(map(ident, values)), table.name.sql
            key = "id" if "id" in values else next(iter(values))
            changed = ", ".join(f"{ident(n)} = {v}" for n, v in values.items() if n != key)
            always = any(column.identity == "always" for column in table.columns)
            given = "OVERRIDING SYSTEM VALUE VALUES" if always else "VALUES"
            statements = [
                f"INSERT INTO {into} ({columns}) {given} ({', '.join(values.values())})",
                f"SELECT {columns} FROM {into} WHERE {ident(key)} = {number}",
            ]
            if changed:
                statements.append(f"UPDATE {into} SET {changed} WHERE {ident(key)} = {number}")
            for sql in statements:
                self.conn.execute(sql.encode())


def _bounded(table: Table) -> bool:
    return table.kind == "partitioned table" or table.partition_of is not None


def _parents_first(snapshot: Snapshot) -> list[Table]:
    """What a foreign key points at comes before it; folder before doc, even where the new
    version's schema has no key between them, for the old one's still has."""
    left, found = list(reversed(snapshot.tables)), []
    while left:
        names = {t.name for t in left}
        for table in left:
            parents = {c.references for c in table.constraints} - {table.name}
            if not parents & names:
                found.append(table)
        left = [t for t in left if t not in found]
    return found


def _value(column: Column, number: int) -> str:
    if column.type == "uuid":
        return "gen_random_uuid()"
    return f"'{number}'" if column.type.startswith("character") else str(number)


def executed(url: str, pair: Pair, plan: Plan, end: Snapshot) -> tuple[str, ...]:
    """Run the plan to its end; what is wrong with the schema it leaves."""
    with connection.connect(url, name="application") as conn:
        begin(conn, nulls=pair.nulls)
        versions = Versions(conn=conn, known={Side.OLD: schema(), Side.NEW: end})
        watching = Watching(lambda event: versions.speak(plan, event))
        state = cases.run(url, plan, watching=watching)
        left = cases.differences(end, catalog.read(conn))
    return left if state is RunState.CONTRACTED else (f"it ended {state}", *left)
