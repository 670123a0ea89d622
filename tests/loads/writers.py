"""The application: sessions that write without pause, each as the version that it is told.

They are of a role without rights of its own but on rows. A third of them send their statements
by the simple protocol, a third by the extended one, and a third prepare them on the server. One
in four thinks for 100 ms between two statements of a transaction, as an application does that
asks another service, and four times as long between two transactions.
"""

import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import psycopg

from tests import waiting
from tests.loads.load import Load, Transaction

OLD, NEW, END = 0, 1, 2  # what a writer is told to be
EACH = 4  # writers of a process
THOUGHT = 0.1  # seconds
BETWEEN = 0.4
FIRST_KEY = 1_000_000_000
Session = psycopg.Connection[tuple[object, ...]]
Line = tuple[int, str, int | None, int]  # of the table `told`
Wrote = tuple[int, int]  # the phase, and the version


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the writers saw: statements and transactions, those that failed, the longest
    statement of each phase in milliseconds, what they committed, and how many of these
    transactions each version wrote in each phase."""

    statements: int
    failed: tuple[str, ...]
    longest: dict[int, float]
    lines: tuple[Line, ...]
    wrote: Counter[Wrote]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the processes share: which version each writer is to be, which one it is, and the
    phase of the run."""

    wanted: Any
    actual: Any
    phase: Any
    rest: float  # seconds between two transactions


@dataclass(slots=True)
class _Writer:
    load: Load
    url: str
    number: int
    shared: Shared
    failed: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    longest: dict[int, float] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    mine: list[int] = field(default_factory=list)
    wrote: Counter[Wrote] = field(default_factory=Counter)

    def run(self) -> None:
        chance = random.Random(self.number)
        while (version := self.shared.wanted[self.number]) != END:
            with self._connect() as own:
                self.shared.actual[self.number] = version
                said = self.load.new if version == NEW else self.load.old
                while self.shared.wanted[self.number] == version:
                    try:
                        if self._one(own, chance, said):
                            self.wrote[self.shared.phase.value, version] += 1
                    except psycopg.Error as error:
                        name = ("old", "new")[version]
                        self.failed.append(f"{name}: {error.sqlstate} {error}")
                        break  # the pool gets another connection
                    time.sleep(BETWEEN if self.thinks else self.shared.rest)
        self.shared.actual[self.number] = END

    @property
    def thinks(self) -> bool:
        """Whether it does so within its transactions."""
        return self.number // 2 % 4 == 3

    def _connect(self) -> Session:
        way = self.number // 2 % 3
        return psycopg.connect(
            self.url,
            autocommit=True,
            prepare_threshold=0 if way == 2 else None,
            cursor_factory=psycopg.ClientCursor if way == 0 else psycopg.Cursor,
        )

    def _one(self, own: Session, chance: random.Random, said: Sequence[Transaction]) -> bool:
        """One transaction; whether it wrote."""
        able = [one for one in said if one.own in (None, "new") or self.mine]
        one = chance.choice(able)
        row, key = chance.randint(1, self.load.rows), self._key(one, chance)
        values = {"one": row, one.own or "new": key}
        with own.transaction() if len(one.statements) > 1 else nullcontext():
            for number, sql in enumerate(one.statements):
                if number and self.thinks:
                    time.sleep(THOUGHT)
                self._send(own, sql, values)
        self._committed(one, key, row)
        return one.writes

    def _key(self, one: Transaction, chance: random.Random) -> int | None:
        if one.own == "new":
            self.counted["keys"] += 1
            each = len(self.shared.wanted)
            return FIRST_KEY + self.number + each * self.counted["keys"]
        return chance.choice(self.mine) if one.own else None

    def _send(self, own: Session, sql: str, values: dict[str, int | None]) -> None:
        phase, began = self.shared.phase.value, time.monotonic()
        count = own.execute(sql.encode(), values).rowcount
        took = time.monotonic() - began
        self.longest[phase] = max(self.longest.get(phase, 0.0), took)
        self.counted["statements"] += 1
        if count != 1:
            self.failed.append(f"{count} rows: {sql} {values}")

    def _committed(self, one: Transaction, key: int | None, row: int) -> None:
        if one.own == "new" and key is not None:
            self.mine.append(key)
        elif one.own == "gone" and key is not None:
            self.mine.remove(key)
        if one.writes:
            self.lines.append((len(self.lines), one.name, key, row))


def _share(load: Load, url: str, part: int, shared: Shared, pipe: Connection) -> None:
    writers = [
        _Writer(load, url, number, shared)
        for number in range(part * EACH, min(part * EACH + EACH, len(shared.wanted)))
    ]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send([_told(writer) for writer in writers])


def _told(writer: _Writer) -> Told:
    return Told(
        statements=writer.counted["statements"],
        failed=tuple(writer.failed),
        longest={phase: 1000 * seconds for phase, seconds in writer.longest.items()},
        lines=tuple(writer.lines),
        wrote=writer.wrote,
    )


@dataclass(slots=True)
class Writing:
    """Writers at work; `told` once all have ended."""

    shared: Shared
    told: Told | None = None

    def roll(self, share: float) -> None:
        """So many of them become the new version, one after the other; the others are the old
        one. The even ones come first, so that half of them are half of each kind."""
        shared = self.shared
        order = sorted(range(len(shared.wanted)), key=lambda number: number % 2)
        for place, number in enumerate(order):
            shared.wanted[number] = NEW if place < share * len(order) else OLD
        waiting.until(lambda: list(shared.actual) == list(shared.wanted), "a writer is gone")

    def phase(self, number: int) -> None:
        """From now on it is this one."""
        self.shared.phase.value = number

    def end(self) -> None:
        """All of them end."""
        for number in range(len(self.shared.wanted)):
            self.shared.wanted[number] = END


@contextmanager
def at_work(load: Load, url: str, writers: int, rest: float) -> Iterator[Writing]:
    """The writers, each in its thread of one of several processes; the block ends with them."""
    context = multiprocessing.get_context("spawn")
    shared = Shared(
        wanted=context.Array("i", [OLD] * writers, lock=False),
        actual=context.Array("i", [END] * writers, lock=False),
        phase=context.Value("i", 0, lock=False),
        rest=rest,
    )
    writing, answers = Writing(shared), list[Told]()
    with ExitStack() as stack:
        pipes = [context.Pipe(duplex=False) for _ in range(-(-writers // EACH))]
        for part, (_, theirs) in enumerate(pipes):
            process = context.Process(target=_share, args=(load, url, part, shared, theirs))
            process.start()
            stack.callback(process.kill)
            stack.callback(process.join, 5)
            theirs.close()
        try:
            yield writing
        finally:
            writing.end()
            for mine, _ in pipes:
                answers += mine.recv()
    writing.told = Told(
        statements=sum(one.statements for one in answers),
        failed=tuple(failed for one in answers for failed in one.failed),
        longest={
            phase: max(one.longest.get(phase, 0.0) for one in answers)
            for phase in sorted({phase for one in answers for phase in one.longest})
        },
        lines=tuple(line for one in answers for line in one.lines),
        wrote=sum((one.wrote for one in answers), Counter()),
    )
