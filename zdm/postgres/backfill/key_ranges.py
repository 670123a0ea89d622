"""The intervals of a backfill in the journal: who fills which keys, and how far each is.

A row of zdm.backfill_range is also the fence: its epoch is the run's, a batch locks it first
and writes the cursor last, so a worker of an executor that lost the run rolls back.
"""

import itertools
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from zdm.postgres.backfill.key_walk import Key, Walk
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection

WORTH_SPLITTING = 20_000  # rows of a table below which one range is enough
RANGES_PER_WORKER = 4  # so that none waits long for the last one
SAMPLE_PAGES = 200  # read to find where the ranges meet


class Range(Struct, frozen=True, kw_only=True):
    """One interval that a worker has claimed."""

    id: int
    relation: str
    lo: Key | None
    hi: Key | None
    sweep: int  # above 0: filled again


class Totals(Struct, frozen=True, kw_only=True):
    """How far a step's ranges are, all together."""

    scanned: int
    changed: int
    wal: int
    estimate: int | None
    since: datetime


class Ranges(Struct, frozen=True):
    """The ranges of one step of a run."""

    connection: Connection
    fence: Fence
    step: str

    def take_over(self, walk: Walk, workers: int) -> bool:
        """Make a relation's ranges, or own those an earlier attempt left.

        The value is whether the relation is verified already.
        """
        with self.connection.transaction():
            runs.check(self.connection, self.fence)
            found = self.connection.execute(
                "UPDATE zdm.backfill_range SET epoch = %s,"
                " failing_key = NULL, state = CASE WHEN state IN ('filling', 'failing')"
                " THEN 'waiting' ELSE state END"
                " WHERE run_id = %s AND step_id = %s AND relation = %s RETURNING key, state",
                (self.fence.epoch, self.fence.run, self.step, walk.relation),
            ).fetchall()
            if any(tuple(key) != walk.key for key, _ in found):  # walked by another key
                self._forget(walk)
                found = []
            if not found:
                self._make(walk, workers)
        return bool(found) and all(state == "verified" for _, state in found)

    def _forget(self, walk: Walk) -> None:
        self.connection.execute(
            "DELETE FROM zdm.backfill_range"
            " WHERE run_id = %s AND step_id = %s AND relation = %s",
            (self.fence.run, self.step, walk.relation),
        )

    def _make(self, walk: Walk, workers: int) -> None:
        wanted = workers * RANGES_PER_WORKER if workers > 1 else 1
        points: list[Key | None] = [None, *_points(self.connection, walk, wanted), None]
        estimate = None if walk.estimate is None else walk.estimate // (len(points) - 1)
        for lo, hi in itertools.pairwise(points):
            self._insert(walk, lo, hi, estimate=estimate)

    def _insert(
        self,
        walk: Walk,
        lo: Key | None,
        hi: Key | None,
        *,
        estimate: int | None,
        sweep: int = 0,
    ) -> None:
        self.connection.execute(
            "INSERT INTO zdm.backfill_range"
            " (run_id, step_id, relation, key, lo, hi, epoch, estimate, sweeps)"
            " VALUES (%s, %s, %s, %s::text[], %s::text[], %s::text[], %s, %s, %s)",
            (
                self.fence.run,
                self.step,
                walk.relation,
                list(walk.key),
                None if lo is None else list(lo),
                None if hi is None else list(hi),
                self.fence.epoch,
                estimate,
                sweep,
            ),
        )

    def claim(self, worker: str) -> Range | None:
        """The next range that no worker fills; None where there is none."""
        row = self.connection.execute(
            "UPDATE zdm.backfill_range SET state = 'filling', worker = %s,"
            " updated_at = clock_timestamp() WHERE id = (SELECT id FROM zdm.backfill_range"
            " WHERE run_id = %s AND step_id = %s AND epoch = %s AND state = 'waiting'"
            " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING id, relation, lo, hi, sweeps",
            (worker, self.fence.run, self.step, self.fence.epoch),
        ).fetchone()
        if row is None:
            return None
        return Range(id=row[0], relation=row[1], lo=_key(row[2]), hi=_key(row[3]), sweep=row[4])

    def split(self, taken: Range, walk: Walk, size: int) -> Range:
        """Leave the next `size` keys to this range, and the others to a new one, which any
        worker may take; what is left of it. A range of no more keys stays whole."""
        with self.connection.transaction():
            row = self.connection.execute(
                "SELECT cursor, estimate, scanned FROM zdm.backfill_range"
                " WHERE id = %s AND epoch = %s FOR NO KEY UPDATE",
                (taken.id, self.fence.epoch),
            ).fetchone()
            if row is None:
                raise runs.taken_over(self.connection, self.fence)
            cursor = taken.lo if row[0] is None else tuple(row[0])
            bounds = walk.next(self.connection, cursor, size, taken.hi)
            if bounds.last:
                return taken
            own = None if row[1] is None else row[2] + bounds.keys
            rest = None if own is None else max(row[1] - own, 0)
            self.connection.execute(
                "UPDATE zdm.backfill_range SET hi = %s::text[], estimate = %s WHERE id = %s",
                (list(bounds.upper or ()), own, taken.id),
            )
            self._insert(walk, bounds.upper, taken.hi, estimate=rest, sweep=taken.sweep)
        return replace(taken, hi=bounds.upper)

    def refill(self, walk: Walk, chunks: Sequence[tuple[Key | None, Key | None]]) -> None:
        """Fill these intervals again."""
        with self.connection.transaction():
            runs.check(self.connection, self.fence)
            row = self.connection.execute(
                "SELECT max(sweeps) + 1 FROM zdm.backfill_range"
                " WHERE run_id = %s AND step_id = %s AND relation = %s",
                (self.fence.run, self.step, walk.relation),
            ).fetchone()
            for lo, hi in chunks:
                self._insert(walk, lo, hi, estimate=None, sweep=row[0] if row else 1)

    def changed(self, walk: Walk) -> int:
        """Rows of a relation that batches changed so far."""
        row = self.connection.execute(
            "SELECT coalesce(sum(changed), 0)::bigint FROM zdm.backfill_range"
            " WHERE run_id = %s AND step_id = %s AND relation = %s",
            (self.fence.run, self.step, walk.relation),
        ).fetchone()
        return int(row[0]) if row else 0

    def failed(self, taken: Range, reason: str) -> None:
        """Record that a batch of a range failed."""
        self.connection.execute(
            "UPDATE zdm.backfill_range SET attempts = attempts + 1, last_error = %s,"
            " updated_at = clock_timestamp() WHERE id = %s AND epoch = %s",
            (reason, taken.id, self.fence.epoch),
        )

    def passed(self, walk: Walk, scanned: int, differing: int) -> None:
        """Record a whole verification of a relation."""
        with self.connection.transaction():
            runs.check(self.connection, self.fence)
            self.connection.execute(
                "INSERT INTO zdm.backfill_pass"
                " (run_id, step_id, relation, epoch, scanned, differing, lsn)"
                " VALUES (%s, %s, %s, %s, %s, %s, pg_catalog.pg_current_wal_lsn())",
                (
                    self.fence.run,
                    self.step,
                    walk.relation,
                    self.fence.epoch,
                    scanned,
                    differing,
                ),
            )

    def verified(self, walk: Walk) -> None:
        """Record that no row of a relation differs."""
        with self.connection.transaction():
            runs.check(self.connection, self.fence)
            self.connection.execute(
                "UPDATE zdm.backfill_range SET state = 'verified', updated_at ="
                " clock_timestamp() WHERE run_id = %s AND step_id = %s AND relation = %s",
                (self.fence.run, self.step, walk.relation),
            )

    def totals(self) -> Totals:
        """Sums over the step's ranges; a refill counts for `changed` only."""
        row = self.connection.execute(
            "SELECT coalesce(sum(scanned) FILTER (WHERE sweeps = 0), 0)::bigint,"
            " coalesce(sum(changed), 0)::bigint, coalesce(sum(wal), 0)::bigint,"
            " CASE WHEN bool_and(estimate IS NOT NULL) FILTER (WHERE sweeps = 0)"
            " THEN sum(estimate)::bigint END,"
            " coalesce(min(started_at), clock_timestamp())"
            " FROM zdm.backfill_range WHERE run_id = %s AND step_id = %s",
            (self.fence.run, self.step),
        ).fetchone()
        assert row is not None
        return Totals(scanned=row[0], changed=row[1], wal=row[2], estimate=row[3], since=row[4])


def _key(value: Sequence[str] | None) -> Key | None:
    return None if value is None else tuple(value)


def _points(connection: Connection, walk: Walk, wanted: int) -> list[Key]:
    """Where ranges of about the same number of rows meet, from a sample of pages.

    A sample knows the key's own collation and composite keys, which statistics do not.
    """
    if wanted < 2 or walk.pages < wanted or (walk.estimate or 0) < WORTH_SPLITTING:
        return []
    if not walk.key:
        pages = sorted({walk.pages * n // wanted for n in range(1, wanted)} - {0})
        return [(str(page),) for page in pages]
    percent = min(100.0, 100.0 * SAMPLE_PAGES / walk.pages)
    keys = connection.execute(
        f"SELECT {walk.texts} FROM {walk.target} TABLESAMPLE SYSTEM ({percent:.6f})"  # noqa: S608
        f" ORDER BY {walk.columns}".encode()
    ).fetchall()
    if len(keys) < wanted:
        return []
    return [tuple(keys[len(keys) * n // wanted]) for n in range(1, wanted)]
