"""One batch: a short READ COMMITTED transaction that writes rows and cursor together.

While it holds rows it waits for no other one, so that the application is never the victim of
a deadlock with it: it has the table for itself (`alone`), or leaves out rows that are locked
(manual, SELECT, SKIP LOCKED). A sweep finds them later, and waits for each in a transaction of
its own; a row that changed meanwhile is looked at again by PostgreSQL (manual, 13.2.1), so a
newer value survives. The batch locks its range first: an executor that takes the run over waits
for it, and after that it finds its epoch gone and writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from zdm.backfill.tuning import Tuning
from zdm.backfill.wal_attribution import WalMeter
from zdm.execute.ports import Clock
from zdm.model.plan import Backfill
from zdm.model.sql import ident, literal
from zdm.postgres.backfill import alone
from zdm.postgres.backfill.hot_prefill import Ahead, prepared
from zdm.postgres.backfill.key_ranges import Range
from zdm.postgres.backfill.key_walk import Bounds, Key, Walk
from zdm.postgres.backfill.lookahead import Scout
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session import connection as connections
from zdm.postgres.session import pins
from zdm.postgres.session.connection import Connection, first_line

ONE_BY_ONE = 1_000  # rows of a batch; more of them differ at the next pass
Connect = Callable[[str], Connection]  # a new connection under the name of its purpose


class Outcome(Struct, frozen=True, kw_only=True):
    """What a batch did; `wal` includes what others wrote meanwhile.

    `changed` counts all rows that it wrote, `filled` those of its own keys that are known to
    be filled, by it or in advance, and `rows` those that took its `time`. It sent `statements`,
    each of them a network round trip; that of BEGIN took `way`.
    """

    bounds: Bounds
    changed: int
    filled: int
    rows: int
    time: timedelta
    statements: int
    way: timedelta
    wal: int
    ahead: tuple[Ahead, ...] = ()
    refused: bool = False  # the table, which it asked for
    left: tuple[Key, ...] = ()  # of a sweep: rows that others held, to be filled one by one

    @property
    def only_prepared(self) -> bool:
        """Whether it did nothing but fill half of the next batches."""
        return self.bounds.lower == self.bounds.upper and not self.bounds.last

    @property
    def dense(self) -> bool:
        """Whether the next keys may be computed from the last one: there was no gap, and
        no row that would have to be counted separately."""
        return self.filled == self.bounds.keys and self.bounds.gapless

    @property
    def sparse(self) -> bool:
        """Whether most of the keys had no need of it."""
        return self.filled < self.bounds.keys / 2


def opened(connect: Connect, name: str, step: Backfill, tuning: Tuning) -> Connection:
    """A connection whose every statement has the batches' timeouts and the step's settings, but
    for formats: those are the expressions' alone, and keys are read in zdm's own."""
    connection = connect(name)
    settings = (
        ("lock_timeout", connections.setting(_lock_timeout(connection, tuning))),
        ("statement_timeout", connections.setting(tuning.statement_timeout)),
        *((one.name, one.value) for one in step.settings if not pins.is_format(one)),
    )
    calls = ", ".join(["pg_catalog.set_config(%s, %s, false)"] * len(settings))
    connection.execute(f"SELECT {calls}".encode(), [word for pair in settings for word in pair])
    return connection


def _lock_timeout(connection: Connection, tuning: Tuning) -> timedelta:
    """Short enough that a session which waits for the batch does not look for a deadlock
    while the batch waits for that session."""
    row = connection.execute(
        "SELECT setting::int FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"
    ).fetchone()
    share = timedelta(milliseconds=row[0] if row else 1000) / tuning.lock_share
    return max(min(tuning.lock_timeout, share), timedelta(milliseconds=1))


def commit_at_once(connection: Connection) -> None:
    """Let COMMIT return before the WAL is on the disk.

    A crash then loses the last batches together with their cursors, and nothing else: what
    follows the fill is committed after them and waits for all of it (manual, 30.4).
    """
    connection.execute("SELECT pg_catalog.set_config('synchronous_commit', 'off', false)")


def update(step: Backfill, walk: Walk, condition: str) -> str:
    """The UPDATE or DELETE of the rows that differ and meet the condition, or the INSERT of
    what is made of them."""
    which = f"WHERE ({step.differs}) AND {condition}"
    if step.copy is not None:
        lock = " FOR NO KEY UPDATE" * step.synced
        return step.copy.of(f"SELECT * FROM {walk.target} {which}{lock}")  # noqa: S608
    if step.deletes:
        return f"DELETE FROM {walk.target} {which}"  # noqa: S608
    sets = ", ".join(f"{ident(a.column)} = {a.expression}" for a in step.assignments)
    return f"UPDATE {walk.target} SET {sets} {which}"  # noqa: S608


def _locks(step: Backfill) -> bool:
    """Whether a batch locks rows: a copy only reads, but for one that is kept in sync, in which
    no row may be as it was before."""
    return step.copy is None or step.synced


def unlocked(step: Backfill, walk: Walk, condition: str) -> str:
    """The condition of the rows that differ and that no other transaction holds, which it
    locks in the order of their keys, as strongly as the statement would."""
    if not _locks(step):
        return condition
    lock = "UPDATE" if step.deletes else "NO KEY UPDATE"
    rows = (
        f"SELECT ctid FROM {walk.target} WHERE ({step.differs}) AND {condition}"  # noqa: S608
        f" ORDER BY {walk.columns or 'ctid'} FOR {lock} SKIP LOCKED"
    )
    return f"ctid = ANY (ARRAY({rows}))"


class Work(Struct, frozen=True, kw_only=True):
    """How a batch walks, and its size."""

    walk: Walk
    size: int
    wal: WalMeter  # shared by all workers
    clock: Clock
    dense: bool = False  # whether the last one was
    scout: Scout | None = None
    ahead: tuple[Ahead, ...] = ()  # what is known of the next ones
    lead: int = 0  # how many of the next ones to look for
    halves: bool = False  # whether to fill half of them in advance
    at_once: int = 1  # how many are found by one look
    asks: bool = False  # for the table, so that no row needs a lock of its own
    swept: bool = False  # whether what others held was filled one by one just now


def fill(
    connection: Connection, step: Backfill, fence: Fence, taken: Range, work: Work
) -> Outcome:
    """Fill the next keys of a range; raises RefusedError where the run has a new owner."""
    monotonic = work.clock.monotonic
    started = monotonic()
    with connection.transaction():
        way = timedelta(seconds=monotonic() - started)
        cursor, start = _locked(connection, fence, taken)
        asks = work.asks and _locks(step)
        got = asks and alone.take(connection, work.walk)
        batch = _Batch(connection, step, taken, work, alone=got)
        done = batch.fill(cursor)
        looks = taken.sweep and not work.swept
        left = _differing(connection, step, work.walk, done.bounds) if looks else ()
        if left:  # the range stays where it is until they are filled
            done = Ahead(bounds=Bounds(lower=cursor, upper=cursor, keys=0, last=False))
        ahead = () if left else batch.prepare(done)
        written = done.bounds, batch.changed
        wal = work.wal.count(
            start, lambda start: _checkpoint(connection, taken, work.size, (*written, start))
        )
    return Outcome(
        bounds=done.bounds,
        changed=batch.changed,
        filled=done.filled,
        rows=batch.rows,
        time=timedelta(seconds=monotonic() - started),
        statements=batch.statements,
        way=way,
        wal=wal,
        ahead=ahead,
        refused=asks and not got,
        left=left,
    )


def fill_one(
    connection: Connection, step: Backfill, fence: Fence, taken: Range, row: tuple[Walk, Key]
) -> int:
    """Fill one row in a transaction of its own, and wait for the session that holds it; how
    many rows were changed."""
    walk, key = row
    with connection.transaction():
        _, start = _locked(connection, fence, taken)
        sql = update(step, walk, walk.one(key))
        with pins.formats(connection, step.settings):
            changed = connection.execute(sql.encode()).rowcount
        connection.execute(
            "UPDATE zdm.backfill_range SET changed = changed + %s, updated_at ="
            " clock_timestamp(), wal = wal + greatest(pg_catalog.pg_wal_lsn_diff("
            "pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint - %s, 0) WHERE id = %s",
            (changed, start, taken.id),
        )
    return changed


def _locked(connection: Connection, fence: Fence, taken: Range) -> tuple[Key | None, int]:
    """Lock the range; its cursor, and the position of the WAL in bytes. Raises RefusedError
    where the run has a new owner."""
    row = connection.execute(
        "SELECT r.cursor, pg_catalog.pg_wal_lsn_diff("
        "pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint"
        " FROM zdm.backfill_range AS r JOIN zdm.run AS n ON n.id = r.run_id"
        " WHERE r.id = %s AND r.epoch = %s AND n.epoch = %s FOR NO KEY UPDATE OF r",
        (taken.id, fence.epoch, fence.epoch),
        prepare=True,
    ).fetchone()
    if row is None:
        raise runs.taken_over(connection, fence)
    return taken.lo if row[0] is None else tuple(row[0]), row[1]


def _differing(
    connection: Connection, step: Backfill, walk: Walk, bounds: Bounds
) -> tuple[Key, ...]:
    """The first rows within the bounds that still differ, since others held them."""
    order = f"ORDER BY {walk.columns or 'ctid'}"
    with pins.formats(connection, step.settings):
        found = connection.execute(
            f"SELECT ctid::text FROM {walk.target} WHERE ({step.differs}) AND"  # noqa: S608
            f" {walk.between(bounds.lower, bounds.upper)} {order} LIMIT {ONE_BY_ONE}".encode()
        ).fetchall()
    if not found:
        return ()
    places = ", ".join(literal(ctid) for (ctid,) in found)
    rows = connection.execute(  # keys as zdm prints them; no parameter, for a name may hold a %
        f"SELECT {walk.texts} FROM {walk.target}"  # noqa: S608
        f" WHERE ctid = ANY (ARRAY[{places}]::pg_catalog.tid[]) {order}".encode()
    ).fetchall()
    return tuple(tuple(row) for row in rows)


@dataclass(slots=True)
class _Batch:
    """What a batch does to rows, within its transaction."""

    connection: Connection
    step: Backfill
    taken: Range
    work: Work
    changed: int = 0
    rows: int = 0  # that took its time
    statements: int = 4  # BEGIN, the range's lock, the checkpoint, COMMIT
    filling: bool = True  # else it only prepares
    alone: bool = False  # the table is its own until it commits

    def fill(self, cursor: Key | None) -> Ahead:
        """Fill all rows of the next keys; it comes back with those known to be filled."""
        work, walk = self.work, self.work.walk
        least = 0 if work.lead else work.size // 2  # what is prepared may be smaller
        suits = work.ahead and work.ahead[0].suits(cursor, least, work.size)
        ahead = work.ahead if suits else ()
        self.work = work = replace(work, ahead=ahead[1:])
        if not ahead and work.lead and work.halves and walk.roomy:  # nothing is prepared yet
            self.filling = False
            return Ahead(bounds=Bounds(lower=cursor, upper=cursor, keys=0, last=False))
        batch = ahead[0] if ahead else self._first(cursor)
        bounds, filled = batch.bounds, batch.filled
        if work.lead and work.scout and not work.dense:
            after = work.ahead[-1].bounds if work.ahead else bounds
            work.scout.look(walk, self.taken, after, work.size)
        self.rows += max(bounds.keys - filled, 0)  # keys are guessed where they are pages
        if bounds.keys:
            between = walk.between(bounds.lower, bounds.upper)
            if batch.pages:
                filled += self._update(f"{between} AND {batch.pages}")
            if not batch.pages or (walk.key and filled < bounds.keys):  # others are elsewhere
                filled += self._update(between)
        if batch.computed and filled < bounds.keys:  # gaps, or rows that did not differ
            self.statements += 1
            bounds = replace(bounds, keys=walk.count(self.connection, bounds))
        return replace(batch, bounds=bounds, filled=filled)

    def prepare(self, done: Ahead) -> tuple[Ahead, ...]:
        """Look for the batches to come, and fill half of them where that is worth it."""
        work, ahead = self.work, self.work.ahead
        last = ahead[-1] if ahead else done
        while len(ahead) < work.lead and not last.bounds.last:
            last = self._look(last.bounds.upper)
            if work.halves:
                last = prepared(self.connection, work.walk, last, self._update)
                self.statements += work.walk.roomy and bool(work.walk.key)  # asks for pages
            self.rows += last.filled if self.filling else last.bounds.keys
            ahead = (*ahead, last)
        return ahead

    def _first(self, cursor: Key | None) -> Ahead:
        """The next batch, and where that costs no more, those after it."""
        work = self.work
        if work.at_once > 1 and not work.dense and work.walk.key:
            self.statements += 1
            batch, *others = work.walk.several(
                self.connection, cursor, work.size, self.taken.hi, work.at_once
            ) or (None,)
            if batch is not None:
                self.work = replace(work, ahead=tuple(Ahead(bounds=one) for one in others))
                return Ahead(bounds=batch)
        return self._look(cursor)

    def _look(self, cursor: Key | None) -> Ahead:
        work, end = self.work, self.taken.hi
        if work.dense and (keys := work.walk.dense(cursor, work.size, end)):
            return Ahead(bounds=keys, computed=True)
        found = work.scout.found(self.taken, cursor) if work.scout else None
        self.statements += not found and bool(work.walk.key)  # pages are counted, not looked at
        bounds = found or work.walk.next(self.connection, cursor, work.size, end)
        return Ahead(bounds=bounds)

    def _update(self, condition: str) -> int:
        self.statements += 1
        walk = self.work.walk
        rows = condition if self.alone else unlocked(self.step, walk, condition)
        with pins.formats(self.connection, self.step.settings):
            changed = self.connection.execute(update(self.step, walk, rows).encode()).rowcount
        self.changed += changed
        return changed


def _checkpoint(
    connection: Connection, taken: Range, size: int, done: tuple[Bounds, int, int]
) -> int:
    """Write how far it is, with the WAL from a position on; the position that is reached."""
    bounds, changed, start = done
    row = connection.execute(
        "UPDATE zdm.backfill_range SET cursor = %s::text[], scanned = scanned + %s,"
        " changed = changed + %s, size = %s, wal = wal + greatest(p.reached - %s, 0),"
        " state = CASE WHEN %s THEN 'filled' ELSE state END, updated_at = clock_timestamp()"
        " FROM (SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(),"
        " '0/0')::bigint AS reached) AS p WHERE id = %s RETURNING p.reached",
        (
            None if bounds.upper is None else list(bounds.upper),
            bounds.keys,
            changed,
            size,
            start,
            bounds.last,
            taken.id,
        ),
        prepare=True,
    ).fetchone()
    return int(row[0]) if row else 0


def name_row(connection: Connection, step: Backfill, taken: Range, walk: Walk) -> str:
    """The key of the row that the next batch of one row, or one page, fails on."""
    with connection.transaction():
        row = connection.execute(
            "SELECT cursor FROM zdm.backfill_range WHERE id = %s", (taken.id,)
        ).fetchone()
        cursor = taken.lo if row is None or row[0] is None else tuple(row[0])
        bounds = walk.next(connection, cursor, 1, taken.hi)
        condition = walk.between(bounds.lower, bounds.upper)
        keys = connection.execute(
            f"SELECT {walk.texts} FROM {walk.target} WHERE {condition}"  # noqa: S608
            f"{f' ORDER BY {walk.columns}' if walk.key else ''}".encode()
        ).fetchall()
    if walk.key or len(keys) < 2:
        return ", ".join(keys[0]) if keys else "a row that no longer exists"
    for (ctid,) in keys:
        if not _can_be_filled(connection, step, walk, ctid):
            return str(ctid)
    return f"one of {len(keys)} rows from {keys[0][0]} on"


def _can_be_filled(connection: Connection, step: Backfill, walk: Walk, ctid: str) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            one = f"ctid = {literal(ctid)}::pg_catalog.tid"
            with pins.formats(connection, step.settings):
                connection.execute(update(step, walk, one).encode())
    except psycopg.Error:
        return False
    return True


def failing_row(step: Backfill, walk: Walk, key: str, error: psycopg.Error) -> str:
    """The message about a row that cannot be written."""
    done = "deleted" if step.deletes else "filled" if step.copy is None else "copied"
    return (
        f"{step.id}: the row with {walk.key_words} = {key} of {walk.relation} cannot be"
        f" {done}: {first_line(error)}"
    )
