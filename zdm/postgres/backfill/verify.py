"""Verification: no row differs, chunk by chunk over the whole relation.

The end of the loop proves nothing: a key that moved behind the cursor, or a row of a
transaction that was open before, may still differ. So every pass reads all, and only
transactions that began later may still write.
"""

import random
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec import Struct
from psycopg import errors

from zdm.backfill.batch_size import Controller, Pace
from zdm.execute.ports import Clock
from zdm.model.plan import Backfill
from zdm.postgres.backfill import key_walk
from zdm.postgres.backfill.key_walk import Key, Walk
from zdm.postgres.session import pins
from zdm.postgres.session.connection import Connection

_COLUMN = re.compile(r'"(?:[^"]|"")+"')
SAMPLED = 5  # keys that are named at the most


class Chunk(Struct, frozen=True, kw_only=True):
    """Keys after `lower` up to and including `upper` that were looked at."""

    lower: Key | None
    upper: Key | None
    keys: int
    differing: int
    time: timedelta


@dataclass(slots=True)
class Pass:
    """One look at a whole relation."""

    connection: Connection
    step: Backfill
    walk: Walk
    pace: Pace
    clock: Clock
    controller: Controller = field(init=False)
    scanned: int = 0
    differing: int = 0
    hits: list[tuple[Key | None, Key | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Chunks are paced as batches are."""
        self.controller = Controller(self.pace)

    def chunks(self) -> Generator[Chunk, None, None]:
        """Look at chunk after chunk; a chunk's size follows the time it takes."""
        cursor: Key | None = None
        while True:
            started = self.clock.monotonic()
            chunk, last = self._chunk(cursor, self.controller.size)
            time = timedelta(seconds=self.clock.monotonic() - started)
            self.controller.learn(time, chunk.keys, 0)
            self.scanned += chunk.keys
            self.differing += chunk.differing
            if chunk.differing:
                self.hits.append((chunk.lower, chunk.upper))
            yield Chunk(
                lower=chunk.lower,
                upper=chunk.upper,
                keys=chunk.keys,
                differing=chunk.differing,
                time=time,
            )
            if last:
                return
            cursor = chunk.upper

    def _chunk(self, cursor: Key | None, size: int) -> tuple[Chunk, bool]:
        bounds = self.walk.next(self.connection, cursor, size)
        counting = (
            f"SELECT count(*) FROM {self.walk.target}"  # noqa: S608
            f" WHERE ({self.step.differs})"
            f" AND {self.walk.between(bounds.lower, bounds.upper)}"
        )
        with pins.formats(self.connection, self.step.settings):
            row = self.connection.execute(counting.encode()).fetchone()
        chunk = Chunk(
            lower=bounds.lower,
            upper=bounds.upper,
            keys=bounds.keys,
            differing=int(row[0]) if row else 0,
            time=timedelta(0),
        )
        return chunk, bounds.last


def is_comparable(step: Backfill) -> bool:
    """Whether a difference is a fault while both versions write.

    A sync trigger is there, and both columns hold the very same value: after a lossy
    conversion the new version's own values would look wrong.
    """
    same = all(_COLUMN.fullmatch(one.expression) for one in step.assignments)
    return step.synced and same and not step.mismatch


def sample(connection: Connection, step: Backfill) -> tuple[str, ...]:
    """Keys of differing rows, from a few pages of one relation chosen by chance; none where
    they cannot be compared, or the table is not to be read at once."""
    if not is_comparable(step):
        return ()
    settings = (("lock_timeout", "200ms"), ("statement_timeout", "5s"))
    try:
        with connection.transaction():
            own = pins.authors(connection, step.settings)
            for name, value in (*settings, *((s.name, s.value) for s in own)):
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
            if not all(holds(connection, check.sql) for check in step.preconditions):
                return ()  # the contract has begun
            walks = key_walk.walks(connection, step)
            return differing_keys(connection, step, random.choice(walks)) if walks else ()
    except (errors.LockNotAvailable, errors.QueryCanceled):
        return ()  # the next poll looks again


def holds(connection: Connection, query: str) -> bool:
    """Whether a query that gives one boolean gives true."""
    row = connection.execute(query.encode()).fetchone()
    return row is not None and row[0] is True


def differing_keys(connection: Connection, step: Backfill, walk: Walk) -> tuple[str, ...]:
    """Keys of differing rows in a few pages chosen by chance, five at the most."""
    percent = min(100.0, 100.0 * 50 / max(walk.pages, 1))
    rows = connection.execute(
        f"SELECT {walk.texts} FROM {walk.target}"  # noqa: S608
        f" TABLESAMPLE SYSTEM ({percent:.6f}) WHERE ({step.differs})"
        f" LIMIT {SAMPLED}".encode()
    ).fetchall()
    return tuple(", ".join(row) for row in rows)


def keys_between(connection: Connection, step: Backfill, walk: Walk, chunk: Chunk) -> list[str]:
    """Keys of differing rows of a chunk, five at the most."""
    query = (
        f"SELECT {walk.texts} FROM {walk.target} WHERE ({step.differs})"  # noqa: S608
        f" AND {walk.between(chunk.lower, chunk.upper)} LIMIT {SAMPLED}"
    )
    with pins.formats(connection, step.settings):
        rows = connection.execute(query.encode()).fetchall()
    return [", ".join(row) for row in rows]
