"""Writers of both versions, and a ledger of what they were told.

Each key has one writer. A write that was not acknowledged may or may not have happened, and
the server may still be doing it: both values are right, and the key is left alone.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from tests.kill_matrix.scenarios import ROWS, Scenario
from zdm.model.plan import Side

WRITERS = 2
PAUSE = 0.003
DRAIN = 0.15  # seconds that the new version still writes after it was told to go
HELD = 0.06  # seconds that a transaction stays open, so that concurrent builds wait
LOST = (psycopg.OperationalError, psycopg.InterfaceError)
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(slots=True)
class Load:
    """Threads that write while `stop` is not set; `may` are the versions that run."""

    url: Callable[[], str]
    scenario: Scenario
    unwritten: Callable[[int], frozenset[str]]  # what a row may hold that nobody wrote
    may: frozenset[Side] = frozenset({Side.OLD})
    drained_at: float = 0.0  # up to then the new version runs, too
    stop: threading.Event = field(default_factory=threading.Event)
    allowed: dict[int, frozenset[str]] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    acknowledged: int = 0

    def write(self, owner: int) -> None:
        """One writer: its keys, by turns as each version that runs."""
        chance, count = random.Random(owner), 0
        opened: dict[Side, Connection] = {}
        while not self.stop.is_set() and not self.failures:
            may = self._running()
            self._leave(opened, may)
            key = chance.randrange(owner, ROWS, WRITERS) + 1
            side = chance.choice(sorted(may))
            if key in self.doubtful:
                continue
            count += 1
            self._one(opened, side, key, str(1_000_000 * (owner + 1) + count))
            self.stop.wait(PAUSE)
        self._leave(opened, frozenset())

    def go_back(self) -> None:
        """The old version alone may run; the new one is not gone at once."""
        if Side.NEW in self.may:
            self.drained_at = time.monotonic() + DRAIN  # first: it has no gap
        self.may = frozenset({Side.OLD})

    def _running(self) -> frozenset[Side]:
        is_draining = time.monotonic() < self.drained_at
        return self.may | {Side.NEW} if is_draining else self.may

    def _leave(self, opened: dict[Side, Connection], may: frozenset[Side]) -> None:
        for side in set(opened) - may:
            opened.pop(side).close()

    def _one(self, opened: dict[Side, Connection], side: Side, key: int, value: str) -> None:
        statements = self.scenario.old if side is Side.OLD else self.scenario.new
        sql = statements[int(value) % len(statements)]
        try:
            if side not in opened:
                opened[side] = self._connect(side)
        except LOST:
            self.stop.wait(0.05)
            return
        before = self.allowed.get(key, self.unwritten(key))
        self.allowed[key] = before | {value}
        try:
            opened[side].execute(sql.encode(), (value, key))
        except LOST:
            self.doubtful.add(key)
            opened.pop(side).close()
        except psycopg.Error as error:
            self.failures.append(f"{side} failed with {sql}: {error}")
        else:
            self.allowed[key] = frozenset({value})
            self.acknowledged += 1

    def _connect(self, side: Side) -> Connection:
        version = "v1" if side is Side.OLD else "v2"
        return psycopg.connect(
            self.url(),
            autocommit=True,
            prepare_threshold=None,
            application_name=f"zdm-app:{version}/load",
            connect_timeout=5,
        )

    def hold(self) -> None:
        """Short transactions that stay open for a moment: a report, a slow request."""
        while not self.stop.is_set():
            try:
                with psycopg.connect(self.url(), application_name="report") as conn:
                    while not self.stop.is_set():
                        conn.execute("SELECT count(*) FROM pg_class")
                        self.stop.wait(HELD)
                        conn.commit()
                        self.stop.wait(HELD / 2)
            except LOST:
                self.stop.wait(0.05)

    def check(self, rows: list[tuple[int, str]]) -> list[str]:
        """What is wrong with the rows at the end."""
        wrong = list(self.failures)
        found = dict(rows)
        for key in range(1, ROWS + 1):
            rights = self.allowed.get(key, self.unwritten(key))
            if found.get(key) not in rights:
                wrong.append(f"row {key} holds {found.get(key)!r}, not {sorted(rights)}")
        if len(found) != ROWS:
            wrong.append(f"{len(found)} rows, not {ROWS}")
        return wrong


@contextmanager
def running(
    url: Callable[[], str], scenario: Scenario, unwritten: Callable[[int], frozenset[str]]
) -> Iterator[Load]:
    """The load, while the block runs."""
    load = Load(url, scenario, unwritten)
    threads = [threading.Thread(target=load.write, args=(n,)) for n in range(WRITERS)]
    threads.append(threading.Thread(target=load.hold))
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + 10
        while load.acknowledged < 10 and time.monotonic() < deadline and not load.failures:
            time.sleep(0.005)
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()
