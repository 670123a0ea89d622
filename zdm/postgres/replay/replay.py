"""Replay a plan on a shadow server and compare what it claims with what happens.

Database A gets the author's statements as they are, database B the plan's steps: every
statement runs, locks held are within the claimed ones, rewritten files are the claimed
ones, probes say `not done` before and `done` after, the undo before the rollout restores the
start, writes of each version that a step serves succeed, and the schema at the end is that of
A (only the order of columns may differ), with nothing of zdm's own left.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg

from zdm.errors import RefusedError
from zdm.model.findings import Finding, Severity
from zdm.model.plan import AwaitRollout, Plan, RunSql, Side, Step
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Statement
from zdm.parse import transactions
from zdm.postgres.catalog import read, rebuild
from zdm.postgres.replay import absent, observation, sample_rows, served
from zdm.postgres.replay import step as replay_step
from zdm.postgres.replay.sample_rows import Write
from zdm.postgres.replay.step import Shadow, StepFailedError, finding
from zdm.postgres.server import extensions, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.recipes.reading import missing_rights
from zdm.serialize import snapshot_file

_SHOWN = 8
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
    seen: tuple[RunSql, ...] = ()  # steps that run as written, with the claims that hold


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What a replay of the steps starts from and must come to."""

    plan: Plan
    start: Snapshot
    end: Snapshot  # what the plain migration leaves
    own: frozenset[str]  # objects with zdm's prefix that it leaves too
    rows: bool  # whether sample rows are put in, and writes tried
    settle: bool = False
    old_writes: tuple[Write, ...] = ()  # that work on the start's schema
    new_writes: tuple[Write, ...] = ()  # that work on the end's


def replay(
    plan: Plan,
    start: Snapshot,
    server: Server,
    allowed: tuple[str, ...] = (),
    *,
    settle: bool = False,
) -> Verification:
    """Replay a plan that starts from a schema; RefusedError where that schema is not the
    plan's or cannot be made on the server. `allowed` are extensions that zdm may create there
    as a superuser, besides those of its own list. With `settle`, steps that run as written are
    not judged by their claims: the caller takes those that were seen."""
    _refuse_other_start(plan, start)
    texts = (statement.sql for statement in plan.statements)
    more = extensions.before(server, start, texts, allowed)
    key = f"schema {plan.fingerprint}{''.join(f' {one}' for one in more)}"
    if not shadow.has_template(server, key):
        with shadow.database(server) as base:
            rebuild.rebuild(base, start, shadow.administration(server, base), more)
            shadow.save_template(server, base, key)
    with ExitStack() as stack:
        plain = stack.enter_context(shadow.database(server, key, settings=start.settings))
        with connection.connect(plain, name="verify") as conn:
            rebuilt = rebuild.found(conn, start)
        start = rebuilt.snapshot
        absent.refuse_touched(plan, rebuilt.left_out)
        plan = absent.without(plan, more)
        notes = absent.notes(rebuilt.left_out, more)
        try:
            end, own = _apply_plainly(plain, plan)
        except StepFailedError as error:
            tried = _Tried(notes=notes)
            return _verification([_unprivileged(error.finding, plan)], server, tried, plan)
        scene = _Scene(plan=plan, start=start, end=end, own=own, rows=True, settle=settle)
        names = (*_touched(plan), *_renamed(start, end))
        new = _working(server, plain, end, names)
        scene = dataclasses.replace(scene, new_writes=new)
        found, tried = _attempt(scene, server, key)
        if any(one.slug == replay_step.DATA for one in found):
            scene = dataclasses.replace(scene, rows=False)
            notes = (
                *notes,
                "no sample rows met every constraint of the plan, so it was replayed on empty"
                " tables, where triggers do not run",
            )
            found, tried = _attempt(scene, server, key)
    tried = dataclasses.replace(tried, notes=notes)
    return _verification(found, server, tried, plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """What an attempt did."""

    writes: int = 0
    seen: tuple[RunSql, ...] = ()
    notes: tuple[str, ...] = ()


def _verification(
    found: Sequence[Finding], server: Server, tried: _Tried, plan: Plan
) -> Verification:
    notes = (server.notice,) if server.notice else ()
    left_out = [step.id for step in plan.steps if _privileged(step)]
    return Verification(
        findings=tuple(dict.fromkeys(found)),
        server_version=server.server_version,
        steps=len(plan.steps) - len(left_out),
        writes=tried.writes,
        notes=(*notes, *tried.notes, *_unverified(left_out, tried.seen)),
        seen=tried.seen,
    )


def _privileged(step: Step) -> bool:
    return isinstance(step, RunSql) and step.privileged


def _unverified(left_out: Sequence[str], seen: Sequence[RunSql]) -> Iterator[str]:
    if left_out:
        yield f"not run, because they need superuser: {', '.join(left_out)}"
    for step in seen:
        yield from (f"{step.id}: {failure}" for failure in step.breaks)


def _unprivileged(found: Finding, plan: Plan) -> Finding:
    """What fails may need what a statement makes that was not run."""
    if not any(_privileged(step) for step in plan.steps) or not found.source:
        return found
    if found.slug not in ("statement_fails", "step_fails"):
        return found
    return dataclasses.replace(found, remedy=missing_rights.after_privileged(found.source))


def _refuse_other_start(plan: Plan, start: Snapshot) -> None:
    if snapshot_file.fingerprint(start) != plan.fingerprint:
        raise RefusedError(
            f"the plan {plan.name} was made for another schema than the one given, so a replay"
            " would say nothing about it",
            hint="give the schema that the plan starts from, or plan again",
        )


def _apply_plainly(dsn: str, plan: Plan) -> tuple[Snapshot, frozenset[str]]:
    """The schema after the author's statements, each transaction as it was."""
    with connection.connect(dsn, name="verify", pinned=False) as conn:
        _version_table(conn, plan)
        for group in _transactions(plan.statements):
            with ExitStack() as stack:
                if group[0].transaction is not None:
                    stack.enter_context(conn.transaction())
                for statement in group:
                    _apply(conn, statement)
        return _read(conn, plan), _own_objects(conn)


def _own_objects(conn: Connection) -> frozenset[str]:
    return frozenset(name for (name,) in conn.execute(_OWN_OBJECTS))


def _transactions(statements: Sequence[Statement]) -> Iterator[tuple[Statement, ...]]:
    """Statements that ran together; the author's own BEGIN and COMMIT are known by number."""
    group: list[Statement] = []
    for statement in statements:
        if transactions.is_control(statement.sql) or statement.privileged:
            continue
        alone = statement.transaction is None
        if group and (alone or statement.transaction != group[0].transaction):
            yield tuple(group)
            group = []
        group.append(statement)
    if group:
        yield tuple(group)


def _apply(conn: Connection, statement: Statement) -> None:
    local = statement.transaction is not None
    try:
        replay_step.apply_settings(conn, statement.settings, local=local)
        conn.execute(statement.sql.encode())
    except psycopg.Error as error:
        fact = (
            "the statement itself fails on the schema that the plan starts from:"
            f" {replay_step.message(error)}"
        )
        remedy = "correct the migration, then plan again"
        if error.sqlstate == missing_rights.MISSING:
            fact = missing_rights.fact(replay_step.message(error))
            remedy = missing_rights.remedy(statement.source)
        raise StepFailedError(
            Finding(
                slug="statement_fails",
                severity=Severity.ERROR,
                message=f"{statement.source}: {fact}",
                remedy=remedy,
                source=statement.source,
                statement=statement.sql,
            )
        ) from error


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


def _working(
    server: Server, dsn: str, schema: Snapshot, names: Sequence[Name]
) -> tuple[Write, ...]:
    tables = sample_rows.tables(schema, names)
    with shadow.without_triggers(server, dsn) as quiet:
        sample_rows.fill(quiet, schema, tables)
    with connection.connect(dsn, name="verify", pinned=False) as conn:
        return sample_rows.writes(conn, schema, tables)


def _attempt(scene: _Scene, server: Server, key: str) -> tuple[list[Finding], _Tried]:
    """Replay the steps in a database of their own."""
    found: list[Finding] = []
    with (
        shadow.database(server, key, settings=scene.start.settings) as dsn,
        connection.connect(dsn, name="verify", pinned=False) as conn,
        connection.connect(dsn, name="verify", pinned=False) as other,
    ):
        _version_table(conn, scene.plan)
        if scene.rows:
            tables = sample_rows.tables(scene.start, _touched(scene.plan))
            with shadow.without_triggers(server, dsn) as quiet:
                sample_rows.fill(quiet, scene.start, tables)
            writes = sample_rows.writes(conn, scene.start, tables)
            scene = dataclasses.replace(scene, old_writes=writes)
        else:
            scene = dataclasses.replace(scene, new_writes=())
        used = frozenset(observation.relations(conn))
        here = Shadow(conn=conn, other=other, used=used, settle=scene.settle)
        try:
            found.extend(_there_and_back(scene, here))
            found.extend(_end(scene, conn))
        except StepFailedError as error:
            found.append(_unprivileged(error.finding, scene.plan))
    count = len(scene.old_writes) + len(scene.new_writes)
    return found, _Tried(writes=count, seen=tuple(here.seen.values()))


def _there_and_back(scene: _Scene, here: Shadow) -> Iterator[Finding]:
    """As far as `zdm rollback` undoes steps before the rollout, back to the start, and the
    whole way."""
    steps = scene.plan.steps
    writes = {Side.OLD: scene.old_writes, Side.NEW: scene.new_writes}
    watch = served.Writes(here=here, writes=writes)
    stays = scene.plan.first_to_stay
    turns = (i for i, s in enumerate(steps) if isinstance(s, AwaitRollout) or s.id == stays)
    turn = next(turns, len(steps))
    for step in steps[:turn]:
        yield from replay_step.run(here, step)
        yield from watch.after(step)
    for step in reversed(steps[:turn]):
        yield from replay_step.undo(here.conn, step)
    yield from _undone(scene, here.conn)
    for step in steps[:turn]:
        yield from replay_step.run(here, step, again=True)
    for step in steps[turn:]:
        yield from replay_step.run(here, step)
        yield from watch.after(step)
    yield from watch.left()


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
