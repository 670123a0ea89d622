"""Both versions write while a plan is done, against a model of what each of them would see.

The model is the plain migration with the old version's writes before it and the new version's
after it: each version writes rows of its own, so when it wrote them makes no difference. Both
write as a role without rights of its own, in sessions whose settings are not the executor's.
What a write returns, and all rows at the end, must be those of the model.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from zdm.model.findings import Finding
from zdm.model.locks import LockMode
from zdm.model.plan import AwaitRollout, Backfill, Plan, RunSql, Side, Step
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Setting
from zdm.postgres.replay import attempt, kept_rows, sample_rows
from zdm.postgres.replay.attempt import Scene
from zdm.postgres.replay.sample_rows import Row, Samples, Write
from zdm.postgres.replay.sample_values import Types
from zdm.postgres.replay.step import finding
from zdm.postgres.server import author, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection, one_message
from zdm.postgres.session.connection import Connection
from zdm.schema import family

_ROUNDS = 8  # of writes, at most one for each step
_NUMBERS = {Side.OLD: 2000, Side.NEW: 3000}  # the number before that of their first rows
_SETTINGS = (
    ("TimeZone", "Asia/Kathmandu"),
    ("DateStyle", "SQL, DMY"),
    ("IntervalStyle", "sql_standard"),
    ("extra_float_digits", "0"),
    ("bytea_output", "escape"),
)
_WRITES, _ROWS = "SELECT, INSERT, UPDATE, DELETE", LockMode.ROW_EXCLUSIVE
_CHECK_ALL = "SET CONSTRAINTS ALL IMMEDIATE"
_PATHS = ("''", "DEFAULT")  # of search; the second for tables whose triggers need one
_BESIDE = {Side.OLD: "after", Side.NEW: "before"}
Returned = Sequence[tuple[object, ...]]


class Sent(Struct, frozen=True, kw_only=True):
    """A write of a version, and what it returned."""

    write: Write
    path: str
    returned: Returned = ()
    expected: Returned = ()  # when it was tried on the version's own schema
    error: str = ""  # it failed
    constraint: str = ""  # that refused it
    step: Step | None = None  # after which it was done


@dataclass(slots=True, kw_only=True)
class Log:
    """The writes of the plan's run, in order."""

    sent: dict[Side, list[Sent]] = field(default_factory=lambda: {Side.OLD: [], Side.NEW: []})

    @property
    def count(self) -> int:
        """Of both versions."""
        return sum(map(len, self.sent.values()))


class Session:
    """An application's session; a write is tried with an empty search_path first."""

    def __init__(self, stack: ExitStack, server: Server, dsn: str) -> None:
        url = shadow.application(server, dsn)
        self.is_owner = url == dsn
        self.conn = stack.enter_context(connection.connect(url, name="verify", pinned=False))
        settings = (f"SET {name} = {literal(value)}" for name, value in _SETTINGS)
        self.conn.execute(";".join(settings).encode())

    def send(self, write: Write, path: str) -> Sent:
        """Do a write."""
        try:
            statements = (f"SET LOCAL search_path = {path}", write.sql, _CHECK_ALL)
            returned = one_message.run(self.conn, statements, keep=True)[1]
        except psycopg.Error as error:
            return Sent(
                write=write,
                path=path,
                error=error.diag.message_primary or str(error),
                constraint=error.diag.constraint_name or "",
            )
        return Sent(write=write, path=path, returned=returned)

    def working(self, writes: Sequence[Write]) -> tuple[Sent, ...]:
        """Those that work on the schema as it is, one after the other."""
        with self.conn.transaction(force_rollback=True):
            return tuple(one for write in writes for one in self._first(write))

    def _first(self, write: Write) -> Iterator[Sent]:
        for path in _PATHS:
            found = self.send(write, path)
            if not found.error:
                yield found
                return


def admit(conn: Connection, snapshot: Snapshot, app: Session) -> None:
    """Let the application's role write every table, those that the train makes too, and those
    that it moves to a schema without tables."""
    if app.is_owner:
        return
    role = author.APPLICATION
    now = (
        f"GRANT {rights} {where} TO {role}"
        for schema in map(ident, snapshot.schemas)
        for rights, where in (
            ("USAGE", f"ON SCHEMA {schema}"),
            (_WRITES, f"ON ALL TABLES IN SCHEMA {schema}"),
            ("USAGE", f"ON ALL SEQUENCES IN SCHEMA {schema}"),
        )
    )
    later = (
        f"ALTER DEFAULT PRIVILEGES GRANT {rights} ON {kind} TO {role}"
        for rights, kind in ((_WRITES, "TABLES"), ("USAGE", "SEQUENCES"), ("USAGE", "SCHEMAS"))
    )
    sample_rows.tried_together(conn, [*now, *later])


def working(
    conn: Connection, app: Session, scene: Scene, side: Side, end: Session
) -> tuple[tuple[Sent, ...], ...]:
    """Writes that work on a version's schema, one group for each table and kind. `end`: where
    the plain migration has run."""
    plan, is_old = scene.plan, side is Side.OLD
    snapshot = scene.start if is_old else scene.end
    parents = frozenset(
        constraint.references
        for schema in (scene.start, scene.end)
        for table in schema.tables
        for constraint in table.constraints
        if constraint.references is not None
    )
    there = sample_rows.tables(snapshot, attempt.touched(plan))
    tables = there if is_old else attempt.tables_at_end(scene)
    samples = Samples(snapshot=snapshot)
    types = Types(conn)
    found: list[tuple[Sent, ...]] = []
    gone = kept_rows.deleted(plan)
    for table in tables:
        samples.load(conn, table)
        maker = _Maker(
            conn=conn,
            samples=samples,
            types=types,
            table=table,
            side=side,
            converted=attempt.converted(scene, table.name),
            parents=parents,
            foreign=attempt.new_ones(scene, table.name) if is_old else frozenset(),
            shared=scene.shared,
            left=frozenset() if is_old else attempt.sources(scene, table),
            values=attempt.values(scene, table),
        )
        for wanted in (maker.inserts(), maker.updates(), maker.deletes()):
            group = tuple(
                one
                for one in app.working(list(wanted))
                if not kept_rows.selected(conn, one.write.sql, gone, one.path)
                and not (is_old and _either(scene, conn, one, end))
            )
            found += [group] * bool(group)
    return tuple(found)


def _either(scene: Scene, conn: Connection, one: Sent, end: Session) -> bool:
    """Whether the old version's write leaves other rows before an UPDATE than after it, and may
    come after it: after the whole migration, or, if that refuses it, before the rollout."""
    plan, later = scene.plan, bool(end.working([one.write]))
    if _overtaken(plan.steps, conn, one):
        return later or not kept_rows.once_more(plan, one.write.table)
    updates = kept_rows.as_updates(plan.steps, scene.start, scene.end)
    return not later and _overtaken(updates, conn, one)


def _overtaken(steps: Sequence[Step], conn: Connection, one: Sent) -> bool:
    return kept_rows.overtaken(steps, conn, one.write.table, one.write.sql, one.path)


class _Maker(Struct, frozen=True, kw_only=True):
    """Writes to one table, of rows that only this version writes."""

    conn: Connection
    samples: Samples
    types: Types
    table: Table
    side: Side
    converted: frozenset[str]
    foreign: frozenset[str]  # columns of the other version
    parents: frozenset[Name]  # tables that others refer to, or did
    shared: bool  # see Scene
    left: frozenset[str]  # columns that no UPDATE sets
    values: Mapping[str, str]  # see attempt

    def inserts(self) -> Iterator[Write]:
        for n in range(1, _ROUNDS + 1):
            row = self._row(n)
            if row is None:
                return
            row = {c: value for c, value in row.items() if c not in self.foreign}
            yield self._write(sample_rows.insert(self.table, row), [*row])

    def updates(self) -> Iterator[Write]:
        """Of one column each, in turn, to another value, which another row has where rows
        share values: whether one that changes nothing is suppressed depends on how the row is
        stored."""
        key = family.primary_key(self.samples.snapshot, self.table)
        free = [
            c.name
            for c in self.table.columns
            if not c.generated and c.identity != "always" and c.name not in {*key, *self.left}
        ]
        if not free or self.foreign:
            return
        for n, (where, own) in enumerate(self._rows(key)):
            if n >= _ROUNDS:
                return
            column = free[n % len(free)]
            values = [v for v in self._values(column, n) if v != own.get(column)]
            if not values:
                continue
            value = values[(n * 7 + 3) % len(values)]
            text = "NULL" if value is None else literal(value)
            yield self._write(
                f"UPDATE {self.table.name.sql} SET {ident(column)} = {text} WHERE {where}",  # noqa: S608
                [*key, column],
            )

    def _values(self, column: str, n: int) -> Sequence[str | None]:
        if not self.shared:
            number = _NUMBERS[self.side] + _ROUNDS + n + 1
            return self.samples.candidates(self.types, self.table, number)[column][:1]
        known = self.samples.rows.get(self.table.name, [])
        return [row[column] for row in known if column in row]

    def deletes(self) -> Iterator[Write]:
        """Of one row, where no other table may refer to it."""
        name = self.table.name
        if name in self.parents:
            return
        key = family.primary_key(self.samples.snapshot, self.table)
        for where, _ in list(self._rows(key))[-1:]:
            yield self._write(f"DELETE FROM {name.sql} WHERE {where}", key)  # noqa: S608

    def _row(self, n: int) -> Row | None:
        candidates = self.samples.candidates(self.types, self.table, _NUMBERS[self.side] + n)
        if not candidates:
            return None
        fitting = self.samples.fitting(self.conn, self.table, keep=False)
        row = fitting.row(candidates)
        return None if isinstance(row, str) else row

    def _rows(self, key: Sequence[str]) -> Iterator[tuple[str, Row]]:
        """The rows that are this version's, with conditions for them by their keys."""
        if not key:
            return
        for row in self.samples.rows.get(self.table.name, []):
            if not all(row.get(name) for name in key):
                continue
            texts = [str(row[name]) for name in key]
            odd = hashlib.sha256("\0".join(texts).encode()).digest()[0] % 2
            if bool(odd) is (self.side is Side.NEW):
                pairs = zip(key, texts, strict=True)
                yield " AND ".join(f"{ident(c)} = {literal(v)}" for c, v in pairs), row

    def _write(self, sql: str, columns: Sequence[str]) -> Write:
        """Returns what the version sees of the values that it has written; those that the plan
        converts at once are compared at the end."""
        kept = [c for c in columns if c not in self.converted]
        texts = ", ".join(map(self._text, kept)) or "1"
        return Write(
            table=self.table.name, sql=f"{sql} RETURNING {texts}", columns=tuple(columns)
        )

    def _text(self, column: str) -> str:
        return f"{self.values.get(column, '{}').format(ident(column))}::text"


@dataclass(slots=True, kw_only=True)
class Writing:
    """The writes during a plan's run. `groups` are each version's, taken in turn."""

    plan: Plan
    conn: Connection
    app: Session
    groups: dict[Side, Sequence[Sequence[Sent]]]
    log: Log = field(default_factory=Log)
    gone: Sequence[tuple[str, Sequence[Setting]]] = ()  # see kept_rows.deleted
    filled: list[Backfill] = field(default_factory=list)
    written: set[Name] = field(default_factory=set)  # by the author's own statements
    apart: dict[tuple[Side, str], int] = field(default_factory=dict)  # see `_set_apart`
    _rounds: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))

    def before(self) -> None:
        """The old version writes before the first step."""
        self._round(Side.OLD, None, last=False)

    def ahead(self, number: int) -> None:
        """Leave out what the old version would write behind a step that makes other rows of
        it, as the plan says."""
        step = self.plan.steps[number]
        if number >= self._turn or not kept_rows.changes_objects(step):
            return
        place = self._rounds[Side.OLD]
        self.groups[Side.OLD] = [
            (
                *group[:place],
                *(one for one in group[place:] if not self._set_apart(one, (step,))),
            )
            for group in self.groups[Side.OLD]
        ]

    def _set_apart(self, one: Sent, steps: Sequence[Step], side: Side = Side.OLD) -> bool:
        """Whether functions, triggers or views that steps change make other rows of a write."""
        found = kept_rows.made_otherwise(steps, self.conn, one.write.sql, one.path)
        if found:
            title = next(s.title for s in steps if kept_rows.changes_objects(s))
            self.apart[side, title] = self.apart.get((side, title), 0) + 1
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """Of writes that were left out."""
        return tuple(
            f"not compared: {count} writes of the {side} version {_BESIDE[side]} the step"
            f" `{title}`, which makes a function, trigger or view treat them otherwise"
            for (side, title), count in self.apart.items()
        )

    def after(self, number: int) -> Iterator[Finding]:
        """Those versions write that may run once the step is done."""
        step = self.plan.steps[number]
        if isinstance(step, Backfill) and step.synced:
            self.filled.append(step)
        elif isinstance(step, RunSql):
            self.written |= {lock.table for lock in step.locks if lock.mode is _ROWS}
        turn = self._turn
        if number < turn and Side.OLD in step.serves:
            self._round(Side.OLD, step, last=number == turn - 1)
        if not self._rounds[Side.NEW]:  # whose values a reverse may not hold
            yield from self._in_sync(step)
        if number >= turn - 1 and Side.NEW in step.serves:
            self._round(Side.NEW, step, last=number == len(self.plan.steps) - 1)

    @property
    def _turn(self) -> int:
        steps = self.plan.steps
        turns = (i for i, step in enumerate(steps) if isinstance(step, AwaitRollout))
        return next(turns, len(steps))

    def _round(self, side: Side, step: Step | None, *, last: bool) -> None:
        """The next write of each group; the last round sends all that are left."""
        place = self._rounds[side]
        self._rounds[side] += 1
        left = self._left(step) if side is Side.NEW else ()
        for group in self.groups[side]:
            for one in group[place:] if last else group[place : place + 1]:
                if kept_rows.selected(self.conn, one.write.sql, self.gone, one.path):
                    continue  # by rows that are there only during the plan
                if _overtaken(left, self.conn, one) or self._set_apart(one, left, side):
                    continue
                found = self.app.send(one.write, one.path)
                self.log.sent[side].append(replace(found, step=step, expected=one.returned))

    def _left(self, step: Step | None) -> Sequence[Step]:
        """The steps behind one."""
        steps = self.plan.steps
        return steps if step is None else steps[steps.index(step) + 1 :]

    def _in_sync(self, step: Step) -> Iterator[Finding]:
        """Each column that a trigger keeps in sync still agrees with its source; where the
        author writes the new one, with values that the old one may not hold, either with the
        other."""
        for fill in self.filled:
            by_author = fill.mismatch if fill.table in self.written else ""
            differs = by_author or fill.differs
            sql = f"SELECT count(*) FROM {fill.table.sql} WHERE {differs}"  # noqa: S608
            row = self.conn.execute(sql.encode()).fetchone()
            if row and row[0]:
                yield finding(
                    "rows_out_of_sync",
                    f"after the step {step.id}, when the old version has written, {row[0]} rows"
                    f" of {fill.table} are not as the backfill {fill.id} leaves them",
                    step,
                    differs,
                )
