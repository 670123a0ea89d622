"""What the application writes: statements of each version, and its sessions."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

import psycopg
from msgspec.structs import replace

from tests.adversary import habits, tables
from tests.adversary.habits import Habit, Habits
from tests.adversary.kinds import BY_NAME, Kind
from zdm.model.plan import Side
from zdm.model.schema import Column, Snapshot, Table
from zdm.model.sql import ident

SESSIONS = 2
ROUNDS = 4
OWN = 777  # what makes a value another one than is computed from its row
_TEXT = Kind(name="text", values=("'q'", "'Q'"), unique="'t{n}'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One statement of one version; `row` is its key and says which session has it."""

    side: Side
    row: int
    sql: str
    read: str = ""  # what the version then reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the server answered: rows read, or the error."""

    rows: tuple[object, ...] = ()
    error: str = ""
    state: str = ""


def writes(
    snapshot: Snapshot, side: Side, seed: int, kept: Habits
) -> tuple[tuple[Write, ...], ...]:
    """Rounds of writes to every table that has a key of one column."""
    return tuple(
        tuple(
            write
            for table in _parents_first(snapshot)
            if _key(table)
            for write in _of((table, kept.of(table)), side, number, seed)
        )
        for number in range(ROUNDS)
    )


def _parents_first(snapshot: Snapshot) -> list[Table]:
    rest, found = list(snapshot.tables), list[Table]()
    names = {t.name for t in rest}
    while rest:
        done = {t.name for t in found}
        ready = [
            t
            for t in rest
            if all(
                c.references in done or c.references == t.name or c.references not in names
                for c in t.constraints
                if c.references
            )
        ] or rest[:1]
        found += ready
        rest = [t for t in rest if t not in ready]
    return found


def _key(table: Table) -> str:
    keys = [c.columns for c in table.constraints if c.kind == "primary key"]
    return keys[0][0] if keys and len(keys[0]) == 1 and not _is_part(table) else ""


def _is_part(table: Table) -> bool:
    return table.name.name.startswith(("part0_", "part1_", "child_", "log_"))


def _distinct(table: Table) -> set[str]:
    found = {c for i in table.indexes if i.unique for c in i.columns}
    return found | {c for k in table.constraints if k.kind == "unique" for c in k.columns}


def _of(
    of: tuple[Table, tuple[Habit, ...]], side: Side, number: int, seed: int
) -> Iterator[Write]:
    table, kept = of
    random = Random(f"{seed} {side} {table.name} {number}")
    key, into = _key(table), table.name.sql
    low = 1000 if side is Side.OLD else 5000
    row = low + number * 10
    columns = [c for c in table.columns if not c.generated and c.name != key]
    read, distinct = _read(table, key), _distinct(table)
    loose = {c.name for c in columns if not c.not_null and c.name in distinct}
    maker = _Maker(random=random, table=table, side=side, habits=kept)
    for more, every in ((0, True), (1, False)):
        given = {key: str(row + more)}
        for column in columns:
            sent = maker.sends(column)
            if every or column.not_null or random.random() < 0.5 or sent:
                given[column.name] = maker.inserted(column, row + more)
        names, values = ", ".join(map(ident, given)), ", ".join(given.values())
        over = " OVERRIDING SYSTEM VALUE"
        sql = f"INSERT INTO {into} ({names}){over} VALUES ({values})"
        if every and random.random() < 0.2:
            sql += f" ON CONFLICT ({ident(key)}) DO NOTHING"
        yield Write(side=side, row=row + more, sql=sql, read=read.format(row + more))
    base = 2 if side is Side.OLD else 3
    for target in (base + 2 * random.randrange(10), row):
        free = [
            c
            for c in columns
            if c.name not in loose  # a NULL that goes would let another writer's in
            and (c.name not in distinct or target >= low)
        ]
        written = [c for c in free if random.random() < 0.6]
        new = maker.updated(written, free, target + 100000 + number, own=target == row)
        sets = ", ".join(f"{ident(name)} = {value}" for name, value in new.items())
        if sets:
            where = f"{ident(key)} = {target}"
            sql = f"UPDATE {into} SET {sets} WHERE {where}"
            yield Write(side=side, row=target, sql=sql, read=read.format(target))
    if number == ROUNDS - 1 and not loose:
        sql = f"DELETE FROM {into} WHERE {ident(key)} = {low + 1}"
        yield Write(side=side, row=low + 1, sql=sql)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Values as the version's habits want them."""

    random: Random
    table: Table
    side: Side
    habits: tuple[Habit, ...]

    def _of(self, column: Column) -> list[Habit]:
        return [h for h in self.habits if h.column == column.name]

    def sends(self, column: Column) -> bool:
        """In every INSERT."""
        return any(self.side in h.sent for h in self._of(column))

    def inserted(self, column: Column, number: int) -> str:
        """Its own value, where another one would be taken for one that is left out."""
        if self.side is Side.NEW and any(h.not_null for h in self._of(column)):
            return self._own(column, number)
        return self._plain(column, number)

    def _plain(self, column: Column, number: int) -> str:
        fits = [h.fits for h in self._of(column) if h.fits]
        column = replace(column, type=fits[0]) if fits else column
        value = _value(self.random, self.table, column, number)
        kinds = [h.rounded for h in self._of(column) if h.rounded]
        return f"{value}::{kinds[0]}" if kinds and self.side is Side.OLD else value

    def _own(self, column: Column, number: int) -> str:
        return _value(
            self.random,
            self.table,
            replace(column, not_null=True),
            number + OWN,
            own=habits.has_own(column),
        )

    def updated(
        self, written: list[Column], free: list[Column], number: int, *, own: bool
    ) -> dict[str, str]:
        """A column that others are computed from goes with these, which get a value of the new
        version's own or keep what they have, but where the row has such a value, which stays.
        """
        found = {c.name: self._plain(c, number) for c in written}
        for habit in self.habits if self.side is Side.NEW else ():
            target = next((c for c in free if c.name == habit.column), None)
            if not habit.reads & found.keys():
                continue
            has_own = target is not None and habits.has_own(target)
            if own and has_own and habit.column not in found:
                continue
            if target is not None and (not has_own or self.random.random() < 0.3):
                found[habit.column] = ident(target.name)
            elif target is not None:
                found[habit.column] = self._own(target, number)
            else:
                found = {n: v for n, v in found.items() if n not in habit.reads}
        return found


def _read(table: Table, key: str) -> str:
    names = ", ".join(
        f"{ident(c.name)}::text".replace("{", "{{").replace("}", "}}") for c in table.columns
    )
    return f"SELECT {names} FROM {table.name.sql} WHERE {ident(key)} = {{}}"


def _value(
    random: Random, table: Table, column: Column, number: int, *, own: bool = False
) -> str:
    for constraint in table.constraints:
        if constraint.references and column.name in constraint.columns:
            return "1" if random.random() < 0.7 or column.not_null else "NULL"
    distinct = own or column.name in _distinct(table)
    if not column.not_null and random.random() < (0.3 if distinct else 0.12):
        return "NULL"
    kind = BY_NAME.get(column.type.removeprefix("public."), _TEXT)
    return tables.value(random, kind, number % 30000, distinct=distinct)


def say(conn: psycopg.Connection, write: Write) -> Said:
    """Write, then read the row."""
    try:
        conn.execute(write.sql.encode())
        found = conn.execute(write.read.encode()).fetchall() if write.read else []
    except psycopg.Error as error:
        return Said(error=str(error).strip(), state=error.sqlstate or "")
    return Said(rows=tuple(found))


@dataclass(slots=True)
class Application:
    """Sessions of the application; each row is always written by the same one."""

    url: str
    settings: dict[str, str]
    said: dict[Write, Said] = field(default_factory=dict)
    pool: list[ThreadPoolExecutor] = field(default_factory=list)
    sessions: list[psycopg.Connection] = field(default_factory=list)
    running: list[tuple[Write, Future[Said]]] = field(default_factory=list)

    def __enter__(self) -> "Application":
        for _ in range(SESSIONS):
            conn = psycopg.connect(
                self.url, autocommit=True, application_name="application",
                prepare_threshold=None,
            )  # fmt: skip
            for name, value in self.settings.items():
                conn.execute("SELECT set_config(%s, %s, false)", [name, value])
            self.sessions.append(conn)
            self.pool.append(ThreadPoolExecutor(1))
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()
        for pool, conn in zip(self.pool, self.sessions, strict=True):
            pool.shutdown()
            conn.close()

    def begin(self, write: Write) -> None:
        """Have it written, in its row's session."""
        number = write.row % SESSIONS
        future = self.pool[number].submit(say, self.sessions[number], write)
        self.running.append((write, future))

    def wait(self) -> None:
        """Until all is written."""
        for write, future in self.running:
            self.said[write] = future.result()
        self.running.clear()
