"""The application: eight sessions of the old version and eight of the new one.

Half of each send their statements by the simple protocol, the others by the extended one; none
prepares a statement on the server. Each knows what its own rows must be at the end.
"""

import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import psycopg

EACH = 8  # writers of a version
PROCESSES = 4
CHILDREN = ("orders", "visits", "invoices")
SCHEMA = """
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, points int NOT NULL,
    seen int NOT NULL DEFAULT 0);
CREATE TABLE orders (id bigserial PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE, amount int NOT NULL);
CREATE TABLE visits (id bigserial PRIMARY KEY,
    customer_id int REFERENCES customers ON DELETE SET NULL, amount int NOT NULL);
CREATE TABLE invoices (id bigserial PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers, amount int NOT NULL);
"""
ROWS = """
INSERT INTO customers (name, points) SELECT 'c' || g, g FROM generate_series(1, {rows}) AS g;
INSERT INTO orders (customer_id, amount) SELECT g, g FROM generate_series(1, {rows}) AS g;
INSERT INTO visits (customer_id, amount) SELECT g, g FROM generate_series(1, {rows}) AS g;
INSERT INTO invoices (customer_id, amount) SELECT g, g FROM generate_series(1, {rows}) AS g;
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON visits (customer_id);
CREATE INDEX ON invoices (customer_id);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the writers saw: statements, failed ones, the longest, and the rows that must be
    there: customers with points, and rows of the others with their customer."""

    statements: int
    failed: tuple[str, ...]
    slowest_ms: float
    seen: int
    customers: dict[int, int]
    children: dict[tuple[str, int], int]


@dataclass(slots=True)
class _Writer:
    url: str
    number: int
    rows: int
    stops: Event
    failed: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    customers: dict[int, int] = field(default_factory=dict)
    children: dict[tuple[str, int], int] = field(default_factory=dict)
    slowest: float = 0.0

    @property
    def type(self) -> str:
        """Of the key, as its version knows it."""
        return "int" if self.number % 2 == 0 else "bigint"

    def run(self) -> None:
        chance = random.Random(self.number)
        simple = self.number % 4 < 2
        with psycopg.connect(
            self.url,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor if simple else psycopg.Cursor,
        ) as own:
            while not self.stops.is_set():
                try:
                    self._one(own, chance)
                except psycopg.Error as error:
                    self.failed.append(f"{self.type}: {error.sqlstate} {error}")

    def _sent(
        self, own: "psycopg.Connection[tuple[int, ...]]", sql: str, *values: object
    ) -> list[tuple[int, ...]]:
        began = time.monotonic()
        cursor = own.execute(sql.replace("{key}", f"%s::{self.type}").encode(), values)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.counted["statements"] += 1
        return cursor.fetchall() if cursor.description else []

    def _one(self, own: "psycopg.Connection[tuple[int, ...]]", chance: random.Random) -> None:
        kind = chance.randrange(8)
        if kind <= 1 or not self.customers:
            ((id_,),) = self._sent(
                own, "INSERT INTO customers (name, points) VALUES ('w', 1) RETURNING id"
            )
            self.customers[id_] = 1
            return
        mine = chance.choice(list(self.customers))
        if kind == 2:
            table = chance.choice(CHILDREN)
            sql = f"INSERT INTO {table} (customer_id, amount) VALUES ({{key}}, 1) RETURNING id"
            ((id_,),) = self._sent(own, sql, mine)
            self.children[table, id_] = mine
        elif kind == 3:
            self._sent(own, "UPDATE customers SET points = points + 1 WHERE id = {key}", mine)
            self.customers[mine] += 1
        elif kind == 4:
            other = chance.randint(1, self.rows)
            self._sent(own, "UPDATE customers SET seen = seen + 1 WHERE id = {key}", other)
            self.counted["seen"] += 1
        elif kind == 5:
            found = self._sent(
                own,
                "SELECT customers.id, name, count(*) FROM customers LEFT JOIN orders"
                " ON customer_id = customers.id WHERE customers.id = {key}"
                " GROUP BY customers.id",
                mine,
            )
            if len(found) != 1:
                self.failed.append(f"{self.type}: {len(found)} rows of customer {mine}")
        else:
            self._move_or_delete(own, mine, chance)

    def _move_or_delete(
        self, own: "psycopg.Connection[tuple[int, ...]]", mine: int, chance: random.Random
    ) -> None:
        if self.children and chance.random() < 0.7:
            table, id_ = chance.choice(list(self.children))
            self._sent(
                own,
                f"UPDATE {table} SET customer_id = {{key}} WHERE id = %s::bigint",
                mine,
                id_,
            )
            self.children[table, id_] = mine
        elif mine not in self.children.values():
            self._sent(own, "DELETE FROM customers WHERE id = {key}", mine)
            del self.customers[mine]


def _share(
    url: str, rows: int, part: int, stops: tuple[Event, Event], pipe: Connection
) -> None:
    writers = [
        _Writer(url=url, number=number, rows=rows, stops=stops[number % 2])
        for number in range(part, 2 * EACH, PROCESSES)
    ]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = sum((writer.counted for writer in writers), Counter[str]())
    pipe.send(
        Told(
            statements=counted["statements"],
            failed=tuple(one for writer in writers for one in writer.failed),
            slowest_ms=1000 * max(writer.slowest for writer in writers),
            seen=counted["seen"],
            customers={k: v for writer in writers for k, v in writer.customers.items()},
            children={k: v for writer in writers for k, v in writer.children.items()},
        )
    )


@dataclass(slots=True)
class Writing:
    """Writers at work; `told` once all have ended."""

    stops: tuple[Event, Event]
    told: Told | None = None

    def stop_old(self) -> None:
        """The instances of the old version end."""
        self.stops[0].set()


@contextmanager
def at_work(url: str, rows: int) -> Iterator[Writing]:
    """The writers, each in its thread of one of several processes; the block ends with them."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe(duplex=False) for _ in range(PROCESSES)]
    stops = (context.Event(), context.Event())
    processes = [
        context.Process(target=_share, args=(url, rows, part, stops, theirs))
        for part, (_, theirs) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for _, theirs in pipes:
        theirs.close()
    writing = Writing(stops)
    answers: list[Told] = []
    try:
        yield writing
    finally:
        for stop in stops:
            stop.set()
        answers += [mine.recv() for mine, _ in pipes]
        for process in processes:
            process.join(5)
            process.kill()
    writing.told = Told(
        statements=sum(one.statements for one in answers),
        failed=tuple(f for one in answers for f in one.failed),
        slowest_ms=max(one.slowest_ms for one in answers),
        seen=sum(one.seen for one in answers),
        customers={k: v for one in answers for k, v in one.customers.items()},
        children={k: v for one in answers for k, v in one.children.items()},
    )
