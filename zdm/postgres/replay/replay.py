"""Replay a plan on a shadow server and compare what it claims with what happens.

Database A gets the author's statements as they are, database B the plan's steps: every
statement runs, locks held are within the claimed ones, rewritten files are the claimed
ones, probes say `not done` before and `done` after, the undo before the rollout restores the
start, writes of each version that a step serves succeed, and the schema at the end is that of
A (only the order of columns may differ), with nothing of zdm's own left.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from zdm.errors import RefusedError
from zdm.model.findings import Finding, Severity
from zdm.model.plan import AwaitRollout, Irreversible, Plan, RunSql, Side, Step
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Statement
from zdm.parse import transactions
from zdm.postgres.catalog import read, rebuild
from zdm.postgres.replay import observation, sample_rows
from zdm.postgres.replay import step as replay_step
from zdm.postgres.replay.lent_rows import Lender, Lent, StatementFailedError
from zdm.postgres.replay.sample_rows import Samples, Write
from zdm.postgres.replay.step import Shadow, StepFailedError, finding
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.serialize import snapshot_file

_SHOWN = 8
_WRITE = "write_fails"
_OWN_OBJECTS = """
SELECT format('%s %s', kind, name) FROM (
  SELECT 'relation' AS kind, c.relname AS name FROM pg_catalog.pg_class AS c
  UNION ALL SELECT 'function', p.proname FROM pg_catalog.pg_proc AS p
  UNION ALL SELECT 'trigger', t.tgname FROM pg_catalog.pg_trigger AS t
  UNION ALL SELECT 'constraint', k.conname FROM pg_catalog.pg_constraint AS k
  UNION ALL SELECT 'column', a.attname FROM pg_catalog.pg_attribute AS a
  WHERE NOT a.attisdropped
) AS found WHERE name ~ '^(zzz_)?zdm_' ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a replay found; `notes` are sentences about what it could not look at."""

    findings: tuple[Finding, ...]
    server_version: int
    steps: int  # that were replayed
    writes: int  # statements of an application that were tried after steps
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What a replay of the steps starts from and must come to."""

    plan: Plan
    start: Snapshot
    end: Snapshot  # what the plain migration leaves
    own: frozenset[str]  # objects with zdm's prefix that it leaves too
    first: int | None  # the number of the sample rows; None: without rows, and without writes
    lent: tuple[Lent, ...]  # rows that the author's statements refer to
    untried: frozenset[str]  # statements that cannot be run without production's rows
    old_writes: tuple[Write, ...] = ()  # that work on the start's schema
    new_writes: tuple[Write, ...] = ()  # that work on the end's


def replay(plan: Plan, start: Snapshot, server: Server) -> Verification:
    """Replay a plan that starts from a schema; RefusedError where that schema is not the
    plan's or cannot be made on the server."""
    _refuse_other_start(plan, start)
    key = f"schema {plan.fingerprint}"
    if not shadow.has_template(server, key):
        with shadow.database(server) as base:
            rebuild.rebuild(base, start, shadow.administration(server, base))
            shadow.save_template(server, base, key)
    with ExitStack() as stack:
        plain = stack.enter_context(shadow.database(server, key))
        lender = Lender(server=server, dsn=plain, start=start)
        try:
            end, own = _apply_plainly(plain, plan, lender)
        except StepFailedError as error:
            return _verification((error.finding,), server, _Attempt())
        scene = _Scene(
            plan=plan,
            start=start,
            end=end,
            own=own,
            first=None,
            lent=tuple(lender.lent),
            untried=frozenset(lender.untried),
        )
        attempt = _settled(scene, server, key, plain)
    steps = len([step for step in plan.steps if not _is_untried(scene, step)])
    attempt = dataclasses.replace(attempt, notes=(*lender.notes, *attempt.notes))
    return _verification(attempt.found, server, attempt, steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What the replay with one set of sample rows found."""

    found: tuple[Finding, ...] = ()
    writes: int = 0
    notes: tuple[str, ...] = ()


def _settled(scene: _Scene, server: Server, key: str, plain: str) -> _Attempt:
    """Once; again with other sample rows if these may be at fault, which may have the keys of
    the author's own rows; and without any if the data still are."""
    attempt = _Attempt()
    refused = ""
    for first in (sample_rows.LOW, sample_rows.HIGH, None):
        new = () if first is None else _working(scene, server, plain, first)
        scene = dataclasses.replace(scene, first=first, new_writes=new)
        attempt = _attempt(scene, server, key)
        doubted = {replay_step.DATA}
        if first == sample_rows.LOW:
            doubted |= {_WRITE}
        if not any(one.slug in doubted for one in attempt.found):
            break
        refused = attempt.found[-1].message
    if scene.first is not None:
        return attempt
    note = (
        "no sample rows met every constraint of the plan, so it was replayed on empty tables,"
        f" where triggers do not run; with the last ones, {refused}"
    )
    return dataclasses.replace(attempt, notes=(note,))


def _verification(
    found: Sequence[Finding], server: Server, attempt: _Attempt, steps: int = 0
) -> Verification:
    return Verification(
        findings=tuple(dict.fromkeys(found)),
        server_version=server.server_version,
        steps=steps,
        writes=attempt.writes,
        notes=(*((server.notice,) if server.notice else ()), *attempt.notes),
    )


def _refuse_other_start(plan: Plan, start: Snapshot) -> None:
    if snapshot_file.fingerprint(start) != plan.fingerprint:
        raise RefusedError(
            f"the plan {plan.name} was made for another schema than the one given, so a replay"
            " would say nothing about it",
            hint="give the schema that the plan starts from, or plan again",
        )


def _apply_plainly(dsn: str, plan: Plan, lender: Lender) -> tuple[Snapshot, frozenset[str]]:
    """The schema after the author's statements, each transaction as it was."""
    with connection.connect(dsn, name="verify", autocommit=True) as conn:
        _version_table(conn, plan)
        for group in _transactions(plan.statements):
            try:
                lender.run(conn, group)
            except StatementFailedError as failed:
                raise _fails(failed) from failed
        return _read(conn, plan), _own_objects(conn)


def _own_objects(conn: Connection) -> frozenset[str]:
    return frozenset(name for (name,) in conn.execute(_OWN_OBJECTS))


def _transactions(statements: Sequence[Statement]) -> Iterator[tuple[Statement, ...]]:
    """Statements that ran together; the author's own BEGIN and COMMIT are known by number."""
    group: list[Statement] = []
    for statement in statements:
        if transactions.is_control(statement.sql):
            continue
        alone = statement.transaction is None
        if group and (alone or statement.transaction != group[0].transaction):
            yield tuple(group)
            group = []
        group.append(statement)
    if group:
        yield tuple(group)


def _fails(failed: StatementFailedError) -> StepFailedError:
    return StepFailedError(
        Finding(
            slug="statement_fails",
            severity=Severity.ERROR,
            message="the statement itself fails on the schema that the plan starts from:"
            f" {replay_step.message(failed.error)}",
            remedy="correct the migration, then plan again",
            source=failed.statement.source,
            statement=failed.statement.sql,
        )
    )


def _read(conn: Connection, plan: Plan) -> Snapshot:
    return read.read(conn, version_table=plan.stamp.table if plan.stamp else None)


def _version_table(conn: Connection, plan: Plan) -> None:
    """Alembic's version table as the plan expects it; it is no part of a Snapshot's tables."""
    if plan.stamp is None or not plan.stamp.from_heads:
        return
    table = plan.stamp.table
    conn.execute(
        f"CREATE TABLE IF NOT EXISTS {table.sql} (version_num varchar(255) NOT NULL,"
        f" CONSTRAINT {ident(f'{table.name}_pkc')} PRIMARY KEY (version_num))".encode()
    )
    conn.execute(f"DELETE FROM {table.sql}".encode())  # noqa: S608  quoted
    for head in plan.stamp.from_heads:
        conn.execute(f"INSERT INTO {table.sql} VALUES ({literal(head)})".encode())  # noqa: S608


def _touched(plan: Plan) -> tuple[Name, ...]:
    found: list[Name] = []
    for step in plan.steps:
        found += [lock.table for lock in step.locks]
    return tuple(dict.fromkeys(found))


def _renamed(start: Snapshot, end: Snapshot) -> tuple[Name, ...]:
    """The new names of tables: locks are taken by the former ones."""
    gone = [_columns(t) for t in start.tables if end.table(t.name) is None]
    new = (t for t in end.tables if start.table(t.name) is None)
    return tuple(t.name for t in new if _columns(t) in gone)


def _columns(table: Table) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in table.columns]


def _working(scene: _Scene, server: Server, plain: str, first: int) -> tuple[Write, ...]:
    """Writes that work where the plain migration has run, beside sample rows."""
    names = (*_touched(scene.plan), *_renamed(scene.start, scene.end))
    tables = sample_rows.tables(scene.end, names)
    samples = Samples(snapshot=scene.end, first=first)
    with shadow.without_triggers(server, plain) as quiet:
        samples.fill(quiet, tables)
    with connection.connect(plain, name="verify", autocommit=True) as conn:
        return samples.writes(conn, tables)


def _attempt(scene: _Scene, server: Server, key: str) -> _Attempt:
    """Replay the steps with the scene's sample rows. What has no way back is not done twice:
    then the whole way begins in a database of its own."""
    turn = _turn(scene)
    apart = any(_has_no_way_back(step) for step in scene.plan.steps[:turn])
    found: list[Finding] = []
    with _opened(scene, server, key) as (ready, here, notes):
        try:
            found.extend(_there_and_back(ready, here, turn))
            if not apart:
                found.extend(_whole_way(ready, here, turn, again=True))
        except StepFailedError as error:
            return _Attempt(found=(*found, error.finding), notes=notes)
    if apart:
        with _opened(scene, server, key) as (ready, here, notes):
            try:
                found.extend(_whole_way(ready, here, turn, again=False))
            except StepFailedError as error:
                found.append(error.finding)
    writes = len(ready.old_writes) + len(ready.new_writes)
    return _Attempt(found=tuple(found), writes=writes, notes=notes)


@contextmanager
def _opened(
    scene: _Scene, server: Server, key: str
) -> Iterator[tuple[_Scene, Shadow, tuple[str, ...]]]:
    """A database at the plan's start, with rows; and what to say about them."""
    with (
        shadow.database(server, key) as dsn,
        connection.connect(dsn, name="verify", autocommit=True) as conn,
        connection.connect(dsn, name="verify", autocommit=True) as other,
    ):
        _version_table(conn, scene.plan)
        tables = sample_rows.tables(scene.start, _touched(scene.plan))
        samples = Samples(snapshot=scene.start, first=scene.first or sample_rows.LOW)
        with shadow.without_triggers(server, dsn) as quiet:
            for lent in scene.lent:
                samples.put(quiet, scene.start.require_table(lent.table), dict(lent.key))
            if scene.first is not None:
                samples.fill(quiet, tables)
        if scene.first is not None:
            scene = dataclasses.replace(scene, old_writes=samples.writes(conn, tables))
        used = frozenset(observation.relations(conn))
        yield scene, Shadow(conn=conn, other=other, used=used), _notes(samples)


def _notes(samples: Samples) -> tuple[str, ...]:
    return tuple(
        f"{one.table} stayed empty, because {one.reason}; locks, rewrites, undo and the final"
        " schema were verified on it, but no trigger ran, no row was filled, and no INSERT was"
        " tried"
        for one in samples.unfilled
    )


def _turn(scene: _Scene) -> int:
    """Where the rollout is."""
    steps = scene.plan.steps
    return next((i for i, s in enumerate(steps) if isinstance(s, AwaitRollout)), len(steps))


def _has_no_way_back(step: Step) -> bool:
    return isinstance(step, RunSql) and isinstance(step.undo, Irreversible)


def _is_untried(scene: _Scene, step: Step) -> bool:
    return isinstance(step, RunSql) and any(sql in scene.untried for sql in step.sql)


def _there_and_back(scene: _Scene, here: Shadow, turn: int) -> Iterator[Finding]:
    """Up to the rollout, and back to the start."""
    steps = [step for step in scene.plan.steps[:turn] if not _is_untried(scene, step)]
    for step in steps:
        yield from replay_step.run(here, step)
        yield from _served(scene, here.conn, step.serves, step.id)
    for step in reversed(steps):
        yield from replay_step.undo(here.conn, step)
    yield from _undone(scene, here.conn)


def _whole_way(scene: _Scene, here: Shadow, turn: int, *, again: bool) -> Iterator[Finding]:
    """From the start, or again from where the undo came to, to the end."""
    for number, step in enumerate(scene.plan.steps):
        if _is_untried(scene, step):
            continue
        yield from replay_step.run(here, step, again=again and number < turn)
        if number >= turn:
            yield from _served(scene, here.conn, step.serves - {Side.OLD}, step.id)
    yield from _end(scene, here.conn)


def _served(
    scene: _Scene, conn: Connection, sides: frozenset[Side], step: str
) -> Iterator[Finding]:
    for side in sorted(sides):
        for write in scene.old_writes if side is Side.OLD else scene.new_writes:
            failure = sample_rows.failure(conn, write)
            if failure is not None:
                yield finding(
                    _WRITE,
                    f"after the step {step}, which says that the {side} version works, its"
                    f" write to {write.table} fails: {failure}",
                    statement=write.sql,
                )


def _undone(scene: _Scene, conn: Connection) -> Iterator[Finding]:
    here = _read(conn, scene.plan)
    for difference in snapshot_file.difference(scene.start, here)[:_SHOWN]:
        yield finding(
            "undo_incomplete", f"undone before the rollout, the start is not back: {difference}"
        )
    stamp = scene.plan.stamp
    if stamp is not None and stamp.from_heads and set(here.heads) != set(stamp.from_heads):
        yield finding("heads_differ", f"undone, {stamp.table} holds {', '.join(here.heads)}")


def _end(scene: _Scene, conn: Connection) -> Iterator[Finding]:
    here = _read(conn, scene.plan)
    for difference in snapshot_file.difference(scene.end, here, column_order=False)[:_SHOWN]:
        yield finding(
            "end_differs",
            f"the plain migration leaves another schema than the plan: {difference}",
        )
    for name in sorted(_own_objects(conn) - scene.own):
        yield finding("leftover", f"at the end of the plan there still is the {name}")
    stamp = scene.plan.stamp
    if stamp is not None and set(here.heads) != set(stamp.to_heads):
        yield finding("heads_differ", f"at the end {stamp.table} holds {', '.join(here.heads)}")
