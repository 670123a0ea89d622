"""Sessions of the application: they write, read back what they wrote, and keep what they sent.

Each row belongs to one session at a time. What a session sends is kept with the keys that the
tables drew, so that it can be sent again to a copy, in the same order for each row.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tests.ten_tables.shapes import Shape, Version

EACH = 3  # sessions of a version
TENANT = "SELECT set_config('velo.tenant', 'north', false)"
BETWEEN_SECONDS = 0.003

Key = tuple[object, ...]
Rows = dict[str, dict[Key, dict[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One statement, as it can be sent again."""

    sql: str
    values: tuple[object, ...]


def connect(url: str, name: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """A session of the application; it prepares no statement on the server."""
    conn = psycopg.connect(url, autocommit=True, prepare_threshold=None, application_name=name)
    conn.execute(TENANT)
    return conn


@dataclass(slots=True)
class Writer:
    """One session. `late` says that the run has begun; `rows` are its own."""

    url: str
    name: str
    tag: str
    version: Version
    seed: str
    shared: Rows  # rows that everybody may refer to, and nobody deletes
    rows: Rows = field(default_factory=dict)
    kept: set[tuple[str, Key]] = field(default_factory=set)  # of these, what it may not delete
    sent: list[Sent] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    late: bool = False
    quiet: frozenset[str] = frozenset()  # tables, or tables' fields, left alone once it is late
    unread: frozenset[str] = frozenset()  # what the release changes of rows that are there
    chance: Random = field(init=False)
    number: int = 0
    met: int = 0  # rows of the last statement
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    conn: "psycopg.Connection[tuple[Any, ...]] | None" = None
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        for table in self.version.tables:
            self.rows.setdefault(table, {})

    def run(self) -> None:
        """Until it is over."""
        with connect(self.url, self.name) as self.conn:
            while not self.over.is_set():
                with self.lock:
                    self._guarded()
                time.sleep(BETWEEN_SECONDS)

    def _guarded(self) -> None:
        try:
            self._one()
        except psycopg.Error as error:
            self.failed.append(f"{self.name}: {error.sqlstate} {error}".strip())

    def _one(self) -> None:
        self.number += 1
        kind = self.chance.randrange(20)
        if kind == 0 and self.version.reads:
            self.ask(self.chance.choice(self.version.reads))
            return
        if kind == 1 and self.version.also:
            self.chance.choice(self.version.also)(self)
            return
        tables = [t for t in self.version.tables if not (self.late and t in self.quiet)]
        table = self.chance.choice(tables)
        if kind < 9 or not self.rows[table]:
            self.insert(table)
        elif kind < 17:
            self.update(table)
        else:
            self.delete(table)

    # values

    def text(self, prefix: str) -> str:
        """One that no other session has."""
        return f"{prefix}-{self.tag}-{self.number}"

    def refer(self, table: str, *, column: int = 0) -> object:
        """The key of a row that stays there as long as this session wants."""
        return self.referred(table)[column]

    def referred(self, table: str) -> Key:
        """All of a key."""
        return self.chance.choice([*self.shared.get(table, ()), *self.rows[table]])

    def _left(self, table: str, shape: Shape) -> dict[str, object]:
        made: dict[str, object] = {}
        for name, make in shape.fields.items():
            if self.late and f"{table}.{name}" in self.quiet:
                continue
            made[name] = make(self)
        return made

    # statements

    def send(self, sql: str, values: Sequence[object], kept: "Sent | None" = None) -> list[Any]:
        """To the server; what succeeded is kept."""
        assert self.conn is not None
        cursor = self.conn.execute(sql.encode(), values)
        self.met = cursor.rowcount
        self.counted[sql.split()[0]] = self.counted.get(sql.split()[0], 0) + 1
        if kept is not None:
            self.sent.append(kept)
        return cursor.fetchall() if cursor.description else []

    def ask(self, sql: str, *values: object) -> list[Any]:
        """A query."""
        return self.send(sql, values)

    def write(self, sql: str, *values: object) -> None:
        """A statement that draws no key."""
        self.send(sql, values, Sent(sql=sql, values=tuple(values)))

    def write_one(self, sql: str, *values: object) -> None:
        """The same, of exactly one row."""
        self.write(sql, *values)
        if self.met != 1:
            self.wrong.append(f"{self.name}: {sql} {values} met {self.met} rows")

    def insert(self, table: str, **given: object) -> None:
        """A row; the key is drawn by the table or made here."""
        shape = self.version.tables[table]
        if self.late and any(q.partition(".")[0] == table for q in self.quiet):
            return
        made = {**self._left(table, shape), **given}
        for name in sorted(shape.optional & made.keys()):
            if self.chance.random() < 0.4:
                del made[name]
        if not shape.drawn and tuple(made[k] for k in shape.key) in self.rows[table]:
            return
        head = f"INSERT INTO {table} ({', '.join(made)})"
        values = tuple(map(wrapped, made.values()))
        places = ", ".join(["%s"] * len(made))
        tail = f" ON CONFLICT ({', '.join(shape.upsert)}) DO NOTHING" if shape.upsert else ""
        sql = f"{head} VALUES ({places}){tail} RETURNING {', '.join(shape.key)}"
        found = self.send(sql, values)
        if len(found) != 1:
            self.wrong.append(f"{self.name}: {sql} gave {len(found)} rows")
            return
        key = tuple(found[0])
        whole = {**dict(zip(shape.key, key, strict=True)), **made}
        self.sent.append(
            Sent(
                sql=f"INSERT INTO {table} ({', '.join(whole)}) OVERRIDING SYSTEM VALUE"
                f" VALUES ({', '.join(['%s'] * len(whole))})",
                values=tuple(map(wrapped, whole.values())),
            )
        )
        self.rows[table][key] = made
        self._read(table, key)

    def update(self, table: str) -> None:
        """Some fields of a row of its own."""
        shape = self.version.tables[table]
        key = self.chance.choice([*self.rows[table]])
        made = {
            name: value
            for name, value in self._left(table, shape).items()
            if name not in shape.fixed and name not in shape.key and self.chance.random() < 0.6
        }
        for together in shape.together:
            if together & made.keys():
                made.update({name: shape.fields[name](self) for name in sorted(together)})
        if not made:
            return
        sets = ", ".join(f"{name} = %s" for name in made)
        where = " AND ".join(f"{name} = %s" for name in shape.key)
        sql = f"UPDATE {table} SET {sets} WHERE {where}"
        self.write(sql, *map(wrapped, made.values()), *key)
        self.rows[table][key].update(made)
        self._read(table, key)

    def delete(self, table: str) -> None:
        """A row of its own to which nothing of its own refers."""
        shape = self.version.tables[table]
        key = self.chance.choice([*self.rows[table]])
        if (table, key) in self.kept or self._is_referred(table, key):
            return
        where = " AND ".join(f"{name} = %s" for name in shape.key)
        self.write_one(f"DELETE FROM {table} WHERE {where}", *key)
        del self.rows[table][key]

    def _is_referred(self, table: str, key: Key) -> bool:
        return any(
            set(key) & set(map(_hashable, row.values()))
            or (name != table and set(key) & set(k))
            for name, rows in self.rows.items()
            for k, row in rows.items()
            if (name, k) != (table, key)
        )

    def _read(self, table: str, key: Key) -> None:
        """What was written is read back."""
        shape = self.version.tables[table]
        wanted = {
            name: value
            for name, value in self.rows[table][key].items()
            if name in shape.fields and f"{table}.{name}" not in self.unread
        }
        if not wanted:
            return
        where = " AND ".join(f"{name} = %s" for name in shape.key)
        found = self.ask(f"SELECT {', '.join(wanted)} FROM {table} WHERE {where}", *key)
        if found != [tuple(wanted.values())]:
            self.wrong.append(f"{self.name}: {table} {key}: {found}, written {wanted}")

    def hand_over(self, to: "Writer", share: float) -> None:
        """Some of its rows, with all that belong to them, go to another session."""
        with self.lock, to.lock:
            if self.chance.random() > share:
                return
            to.kept |= self.kept
            for table, rows in self.rows.items():
                if table in to.version.tables:
                    to.rows[table].update(
                        {
                            key: {
                                n: v for n, v in row.items()
                                if n in to.version.tables[table].fields
                            }
                            for key, row in rows.items()
                        }
                    )  # fmt: skip
                rows.clear()


def _hashable(value: object) -> object:
    return value if not isinstance(value, dict) else str(value)


def wrapped(value: object) -> object:
    """As psycopg wants it."""
    return Jsonb(value) if isinstance(value, dict) else value


@contextmanager
def at_work(writers: Sequence[Writer]) -> Iterator[None]:
    """Each in its thread; the block ends with them."""
    for writer in writers:
        writer.thread = threading.Thread(target=writer.run)
        writer.thread.start()
    try:
        yield
    finally:
        for writer in writers:
            writer.over.set()
        for writer in writers:
            if writer.thread is not None:
                writer.thread.join()


def again(url: str, sent: Sequence[Sent]) -> None:
    """Send statements once more, to a copy."""
    with connect(url, "again") as conn, conn.pipeline():
        for one in sent:
            conn.execute(one.sql.encode(), one.values)
