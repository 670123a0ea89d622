"""What PostgreSQL does at each statement of a migration on tables with rows.

A statement is unsafe where the server shows one of these:
`blocks`   it reads, rewrites or indexes rows while its transaction blocks writes to a table
           that was there before;
`stops`    its transaction holds ACCESS EXCLUSIVE on a second table that was there before;
`fails`    it ends in an error, on account of rows, of what depends on an object or of the
           transaction that it is in;
`breaks`   a query of the running application, under its own role, that worked no longer does;
`refuses`  a constraint refuses a write of the running application that was accepted before;
`admits`   a row can be written that a constraint or a type kept from all readers before;
`changes`  an INSERT or UPDATE of the running application stores another row, a view or a
           function shows others, a new session gets another setting;
`slows`    a DELETE in another table reads all rows of this one, through a new foreign key;
`ends`     a column that it adds takes numbers from a sequence, and none is left after as many
           as an integer holds;
`remains`  its build is cancelled by its own timeout while an older transaction is open, or it
           finds the index that such a build has left, and an INVALID index remains;
`undoes`   the server warns that it has no effect here, or its transaction is left open, so that
           what it did is lost;
`queues`   it waits for an older query of a table, all later ones wait behind it, and PostgreSQL
           has a form of the statement in which they do not;
`loses`    all rows of a table that was there before are deleted or updated at once, if they
           are rows that its condition takes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg.pq import TransactionStatus

from benchmarks.precision import cancelled, probes, taken
from benchmarks.precision.ends import Numbers
from benchmarks.precision.queued import Queue
from benchmarks.precision.rows import COUNT
from benchmarks.precision.sessions import Sessions
from zdm.postgres.session.connection import Connection

RELATIONS = """
SELECT c.oid, c.oid::regclass::text, c.relkind, pg_relation_filenode(c.oid), i.indrelid,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) ELSE 0 END,
       pg_stat_get_xact_tuples_returned(c.oid)::bigint,
       (pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid))::bigint
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relkind IN ('r', 'p', 'm', 'i', 'v', 'S')
"""
LOCKS = """
SELECT relation, mode FROM pg_locks WHERE pid = %s AND locktype = 'relation' AND granted
"""
BLOCKS_WRITES = frozenset(
    {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}
)
ENOUGH = COUNT // 2
# the migration names something that is not there, or already is, or of another type than here
MISSING = frozenset(
    "22P02 25P02 3D000 3F000 42601 42611 42701 42703 42704 42710 42723 42804 42830 42846 42883"  # noqa: SIM905
    " 42P01 42P04 42P06 42P07 42P13 42P16 42P17 58P01".split()
)
OUTSIDE = "25001"
NO_EFFECT = frozenset({"25001", "25P01"})
CONTROL = re.compile(
    r"\s*(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK(?!\s+TO)|ABORT)\b", re.IGNORECASE
)
CHANGES = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COPY|WITH|DO|SELECT|CALL)\b", re.IGNORECASE
)
SET_LOCAL = re.compile(r"\s*SET\s+(?:LOCAL|TRANSACTION)\b", re.IGNORECASE)
COMMENT = re.compile(r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation before or after."""

    name: str
    kind: str
    file: int | None
    table: int | None  # of an index
    size: int
    read: int
    changed: int


Relations = Mapping[int, Relation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One statement. `unknown`: why it cannot be judged; `unlimited`: it takes a lock that
    blocks writes to a table that was there before, with no lock_timeout in force."""

    facts: tuple[str, ...] = ()
    unknown: str = ""
    unlimited: bool = False


@dataclass(slots=True)
class Run:
    """A migration under way."""

    conn: Connection
    other: Connection
    released: Relations  # what was there before
    probes: probes.Probes
    numbers: Numbers
    sessions: Sessions
    queue: Queue
    stopped: dict[int, int] = field(default_factory=dict)  # ACCESS EXCLUSIVE: oid to statement
    number: int = -1
    began: int = -1  # the statement that opened the migration's own transaction
    warned: list[str] = field(default_factory=list)

    def notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        """What the server says beside an answer."""
        if diagnostic.severity_nonlocalized == "WARNING" and diagnostic.sqlstate in NO_EFFECT:
            self.warned.append(f"undoes: {diagnostic.sqlstate} {diagnostic.message_primary}")

    def left_open(self, seen: list[Seen]) -> list[Seen]:
        """What was seen, and that a transaction is still open."""
        if self._idle():
            return seen
        lost = Seen(facts=("undoes: the transaction is left open",))
        return [*seen[: self.began], lost, *seen[self.began + 1 :]]

    def statement(self, sql: str) -> Seen:
        """Run one statement, each in its own transaction unless the migration opened one."""
        self.number += 1
        if self.conn.info.transaction_status == TransactionStatus.INERROR:
            return self._after_failure(sql)
        idle = self._idle()
        if idle:
            self.stopped.clear()
            self.queue.stopped.clear()
            if control(sql):
                return self._control(sql)
            self._open(sql)
        warned = self.warned
        tried = taken.losses(self.conn, sql, self.released.keys())
        tried += self.queue.behind(self.conn, plain(sql), self.released.keys())
        before = relations(self.conn)  # what was tried and rolled back counts, too
        try:
            warned.clear()
            self.conn.execute(sql.encode(), prepare=False)
        except psycopg.Error as error:
            return self._failed(error, sql, before, idle)
        if self._ended(sql, idle):
            return Seen(facts=tuple(warned))
        seen = self._seen(before, sql)
        seen = replace(seen, facts=tuple(dict.fromkeys((*seen.facts, *tried, *warned))))
        if idle and not self._idle():
            try:
                self.conn.execute("COMMIT")
            except psycopg.Error as error:
                self.conn.execute("ROLLBACK")
                return Seen(facts=(f"fails: {error.sqlstate}",))
        return seen

    def _idle(self) -> bool:
        return self.conn.info.transaction_status == TransactionStatus.IDLE

    def _after_failure(self, sql: str) -> Seen:
        """Until the migration ends the transaction, nothing runs."""
        try:
            self.conn.execute(sql.encode(), prepare=False)
        except psycopg.Error:
            return Seen(unknown="an earlier statement failed")
        return Seen()

    def _open(self, sql: str) -> None:
        """A transaction in which the statement can be looked at; SET LOCAL must see that it is
        in none."""
        if not SET_LOCAL.match(sql):
            self.conn.execute("BEGIN")

    def _control(self, sql: str) -> Seen:
        """BEGIN, COMMIT and the like outside of a transaction."""
        self.warned.clear()
        self.conn.execute(sql.encode(), prepare=False)
        self.began = self.number
        return Seen(facts=tuple(self.warned))

    def _ended(self, sql: str, idle: bool) -> bool:
        """Whether the statement is COMMIT and the like, or BEGIN in a transaction."""
        return control(sql) or (self._idle() and not idle)

    def _failed(self, error: psycopg.Error, sql: str, before: Relations, idle: bool) -> Seen:
        if idle and not self._idle():
            self.conn.execute("ROLLBACK")
        if idle and error.sqlstate == OUTSIDE:
            return self._outside(sql, before)
        text = f"{error.sqlstate} {error.diag.message_primary}"
        if error.sqlstate in MISSING:
            return Seen(unknown=text)
        return Seen(facts=(f"fails: {text}",))

    def _outside(self, sql: str, before: Relations) -> Seen:
        """What no transaction may hold; a rewrite by one of these is under ACCESS EXCLUSIVE."""
        remains = cancelled.under_old_snapshot(self.conn, self.other, sql)
        there = cancelled.indexes(self.conn)
        try:
            self.conn.execute(sql.encode(), prepare=False)
        except psycopg.Error as error:
            text = f"{error.sqlstate} {error.diag.message_primary}"
            return (
                Seen(unknown=text)
                if error.sqlstate in MISSING
                else Seen(facts=(f"fails: {text}",))
            )
        remains += cancelled.again(self.conn, sql, there)
        after = relations(self.conn)
        rewritten = sorted(
            old.name
            for oid, old in before.items()
            if oid in self.released
            and oid in after
            and old.kind in ("r", "m")
            and old.file != after[oid].file
        )
        facts = [*(f"blocks: {name}" for name in rewritten), *remains]
        facts += self.sessions.changed(self.conn)
        return Seen(facts=(*facts, *self.probes.broken(self.conn)))

    def _seen(self, before: Relations, sql: str) -> Seen:
        held = [
            (oid, mode)
            for oid, mode in self.other.execute(LOCKS, [self.conn.info.backend_pid])
            if oid in self.released
            and self.released[oid].kind in ("r", "p", "m")
            and mode in BLOCKS_WRITES
        ]
        after = relations(self.conn)
        unlimited = bool(held) and self._unlimited()
        facts = [
            *_blocks(held, self._worked(before, after), self.released),
            *self._stops(held),
            *self._loses(before, after),
            *self.numbers.ending(self.conn),
            *self.sessions.changed(self.conn),
            *self.probes.broken(self.conn, rows_change=CHANGES.match(plain(sql)) is not None),
        ]
        return Seen(facts=tuple(facts), unlimited=unlimited)

    def _unlimited(self) -> bool:
        row = self.conn.execute("SELECT current_setting('lock_timeout') = '0'").fetchone()
        return bool(row and row[0])

    def _worked(self, before: Relations, after: Relations) -> list[str]:
        """Tables that were there before, whose rows were read, rewritten or indexed."""
        files = {relation.file for relation in before.values()}
        found = []
        for oid, now in after.items():
            old = before.get(oid)
            if oid in self.released and old is not None and _read(old, now):
                found.append(now.name)
            if now.kind == "i" and now.file not in files and now.table in self.released:
                table = after.get(now.table or 0)
                found += [table.name] if table is not None and table.size else []
        return sorted(set(found))

    def _stops(self, held: Sequence[tuple[int, str]]) -> Iterator[str]:
        strong = {
            oid
            for oid, mode in held
            if mode == "AccessExclusiveLock" and self.released[oid].kind in ("r", "p")
        }
        new = strong - set(self.stopped)
        for oid in new:
            self.stopped[oid] = self.number
        earlier = [oid for oid, number in self.stopped.items() if number < self.number]
        if new and earlier:
            yield f"stops: {self.released[min(new)].name} with {self.released[earlier[0]].name}"

    def _loses(self, before: Relations, after: Relations) -> Iterator[str]:
        for oid, old in before.items():
            now = after.get(oid)
            if oid not in self.released or now is None or old.kind != "r" or not old.size:
                continue
            if now.changed - old.changed >= COUNT or not now.size:
                yield f"loses: {old.name}"


def control(sql: str) -> bool:
    """Whether it begins or ends a transaction."""
    return CONTROL.match(plain(sql)) is not None


def plain(sql: str) -> str:
    """The statement without the comments above it."""
    return COMMENT.sub("", sql)


def _read(old: Relation, now: Relation) -> bool:
    """Whether its rows were read or rewritten."""
    if now.kind not in ("r", "m"):
        return False
    return now.read - old.read >= ENOUGH or (now.file != old.file and now.size > 0)


def _blocks(
    held: Sequence[tuple[int, str]], worked: Sequence[str], released: Relations
) -> Iterator[str]:
    if held and worked:
        names = sorted({released[oid].name for oid, _ in held})
        yield f"blocks: {', '.join(names)} while {', '.join(worked)} is read"


def relations(conn: Connection) -> Relations:
    """All relations of users."""
    return {
        oid: Relation(
            name=name,
            kind=kind,
            file=file,
            table=table,
            size=size,
            read=read or 0,
            changed=changed or 0,
        )
        for oid, name, kind, file, table, size, read, changed in conn.execute(RELATIONS)
    }
