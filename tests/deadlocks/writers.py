"""The application: sessions that update several rows in a transaction, in both orders.

Half of them lock in the order of keys, and can have no deadlock with each other; the others
lock at random, and try again what a deadlock ended. Where they follow, every other transaction
is where the backfill is. PostgreSQL names the processes of each deadlock to its victim.
"""

import contextlib
import multiprocessing
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import psycopg
from psycopg import errors

WRITERS = 16
PROCESSES = 2
AT_ONCE = 4  # rows of a transaction
THOUGHT = "SELECT pg_sleep(0.002)"  # between two of them, as an application does other things
NEAR = 1_000  # they are so near to each other, so that a batch may hold several of them
SOON = "10ms"  # a writer looks for a deadlock before zdm's own sessions do
LOOK_SECONDS = 0.02  # at how far the backfill is
TABLE = """
CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL);
INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, {}) AS g;
ANALYZE t;
"""
_CURSOR = "SELECT max(cursor[1]::int) FROM zdm.backfill_range WHERE state = 'filling'"
_PROCESS = re.compile(r"\b[Pp]rocess (\d+)")
_NAMES = (
    "SELECT pid, application_name LIKE 'zdm-run:%%' FROM pg_stat_activity WHERE pid = ANY (%s)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How many transactions, on how many rows."""

    url: str
    transactions: int
    rows: int
    follows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the writers saw: transactions, deadlocks among themselves, deadlocks with zdm in
    them or with a session that is gone, and other errors."""

    transactions: int
    among_themselves: int
    victims: tuple[str, ...]
    failed: tuple[str, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Transactions a second."""
        return self.transactions / self.seconds


class _Place:
    """How far the backfill is; 0 where none runs."""

    def __init__(self, url: str) -> None:
        self.url, self.key, self.is_over = url, 0, False

    def follow(self) -> None:
        with psycopg.connect(self.url, autocommit=True, application_name="writer") as own:
            while not self.is_over:
                with contextlib.suppress(psycopg.Error):  # no journal yet
                    row = own.execute(_CURSOR).fetchone()
                    self.key = int(row[0] or 0) if row else 0
                time.sleep(LOOK_SECONDS)


class _Writer:
    def __init__(self, wanted: Wanted, number: int, place: _Place) -> None:
        self.url, self.number, self.rows, self.place = wanted.url, number, wanted.rows, place
        self.left = wanted.transactions // WRITERS
        self.is_ordered = number % 2 == 0
        self.counted: Counter[str] = Counter()
        self.victims: list[str] = []
        self.failed: list[str] = []

    def run(self) -> None:
        chance = random.Random(self.number)
        with psycopg.connect(self.url, autocommit=True, application_name="writer") as own:
            own.execute(f"SET deadlock_timeout = '{SOON}'")
            while self.left and not self.failed:
                first = chance.randint(1, self.rows - NEAR)
                if self.place.key and self.left % 2:
                    first = min(self.place.key + 1, self.rows - NEAR)
                keys = chance.sample(range(first, first + NEAR), AT_ONCE)
                self._one(own, sorted(keys) if self.is_ordered else keys)

    def _one(self, own: "psycopg.Connection[tuple[object, ...]]", keys: list[int]) -> None:
        value = f"{self.number}-{self.left}"
        updates = f"; {THOUGHT}; ".join(
            f"UPDATE t SET a = '{value}' WHERE id = {key}" for key in keys
        )
        while True:
            try:
                own.execute(f"BEGIN; {updates}; COMMIT".encode())
            except errors.DeadlockDetected as error:
                own.execute("ROLLBACK")
                self._deadlock(own, error.diag.message_detail or "")
            except psycopg.Error as error:
                self.failed.append(str(error))
                return
            else:
                self.counted["done"] += 1
                self.left -= 1
                return

    def _deadlock(self, own: "psycopg.Connection[tuple[object, ...]]", detail: str) -> None:
        pids = {int(pid) for pid in _PROCESS.findall(detail)}
        names = {pid: is_zdm for pid, is_zdm in own.execute(_NAMES, (list(pids),)).fetchall()}
        if any(names.get(pid, True) for pid in pids):
            self.victims.append(f"{'ordered' if self.is_ordered else 'at random'}: {detail}")
        else:
            self.counted["among"] += 1


def _share(wanted: Wanted, part: int, pipe: Connection) -> None:
    place = _Place(wanted.url)
    following = threading.Thread(target=place.follow)
    if wanted.follows:
        following.start()
    writers = [_Writer(wanted, number, place) for number in range(part, WRITERS, PROCESSES)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    place.is_over = True
    if wanted.follows:
        following.join()
    counted = sum((writer.counted for writer in writers), Counter[str]())
    pipe.send(
        (
            counted,
            [one for writer in writers for one in writer.victims],
            [one for writer in writers for one in writer.failed],
        )
    )


@dataclass(slots=True)
class Writing:
    """Writers at work; `told` once they have ended."""

    processes: list[multiprocessing.process.BaseProcess]
    told: Told | None = None

    @property
    def is_going_on(self) -> bool:
        """Whether one of them still writes."""
        return any(process.is_alive() for process in self.processes)


@contextmanager
def at_work(wanted: Wanted) -> Iterator[Writing]:
    """The writers, each in its thread of one of several processes; the block ends with them."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe(duplex=False) for _ in range(PROCESSES)]
    processes: list[multiprocessing.process.BaseProcess] = [
        context.Process(target=_share, args=(wanted, part, theirs))
        for part, (_, theirs) in enumerate(pipes)
    ]
    began = time.monotonic()
    for process in processes:
        process.start()
    for _, theirs in pipes:
        theirs.close()
    writing = Writing(processes)
    try:
        yield writing
        answers = [mine.recv() for mine, _ in pipes]
    finally:
        for process in processes:
            process.join(5)
            process.kill()
    counted = sum((answer[0] for answer in answers), Counter[str]())
    writing.told = Told(
        transactions=counted["done"],
        among_themselves=counted["among"],
        victims=tuple(one for answer in answers for one in answer[1]),
        failed=tuple(one for answer in answers for one in answer[2]),
        seconds=time.monotonic() - began,
    )
