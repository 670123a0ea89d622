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

from zdm.errors import RefusedError
from zdm.model.findings import Finding, Severity
from zdm.model.plan import Plan, RunSql
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Statement
from zdm.parse import transactions
from zdm.postgres.catalog import rebuild
from zdm.postgres.replay import absent, attempt, sample_rows
from zdm.postgres.replay import step as replay_step
from zdm.postgres.replay.attempt import Attempt, Scene
from zdm.postgres.replay.lent_rows import Lender, StatementFailedError
from zdm.postgres.replay.sample_rows import Samples, Write
from zdm.postgres.replay.step import StepFailedError
from zdm.postgres.server import extensions, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.recipes.reading import missing_rights
from zdm.serialize import snapshot_file

_WRITE = "write_fails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a replay found; `notes` are sentences about what it could not look at."""

    findings: tuple[Finding, ...]
    server_version: int
    steps: int  # that were replayed
    writes: int  # statements of an application that were tried after steps
    notes: tuple[str, ...] = ()
    seen: tuple[RunSql, ...] = ()  # steps that run as written, with the claims that hold


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
        plain = stack.enter_context(shadow.database(server, key, start=start))
        with connection.connect(plain, name="verify") as conn:
            rebuilt = rebuild.found(conn, start)
        start = rebuilt.snapshot
        absent.refuse_touched(plan, rebuilt.left_out)
        plan = absent.without(plan, more)
        notes = absent.notes(rebuilt.left_out, more)
        lender = Lender(server=server, dsn=plain, start=start)
        try:
            end, own = _apply_plainly(plain, plan, lender)
        except StepFailedError as error:
            failed = Attempt(found=(attempt.unprivileged(error.finding, plan),), notes=notes)
            return _verification(failed, server, plan, 0)
        scene = Scene(
            plan=plan,
            start=start,
            end=end,
            own=own,
            first=None,
            lent=tuple(lender.lent),
            untried=frozenset(lender.untried),
            settle=settle,
        )
        settled = _settled(scene, server, key, plain)
    steps = len([s for s in plan.steps if scene.tries(s) and not attempt.privileged(s)])
    noted = dataclasses.replace(settled, notes=(*notes, *lender.notes, *settled.notes))
    return _verification(noted, server, plan, steps)


def _settled(scene: Scene, server: Server, key: str, plain: str) -> Attempt:
    """Once; again with other sample rows if these may be at fault, which may have the keys of
    the author's own rows; and without any if the data still are."""
    tried = Attempt()
    refused = ""
    for first in (sample_rows.LOW, sample_rows.HIGH, None):
        new = () if first is None else _working(scene, server, plain, first)
        scene = dataclasses.replace(scene, first=first, new_writes=new)
        tried = attempt.run(scene, server, key)
        doubted = {replay_step.DATA}
        if first == sample_rows.LOW:
            doubted |= {_WRITE}
        if not any(one.slug in doubted for one in tried.found):
            break
        refused = tried.found[-1].message
    if scene.first is not None:
        return tried
    note = (
        "no sample rows met every constraint of the plan, so it was replayed on empty tables,"
        f" where triggers do not run; with the last ones, {refused}"
    )
    return dataclasses.replace(tried, notes=(note,))


def _verification(tried: Attempt, server: Server, plan: Plan, steps: int) -> Verification:
    notes = (server.notice,) if server.notice else ()
    left_out = [step.id for step in plan.steps if attempt.privileged(step)]
    return Verification(
        findings=tuple(dict.fromkeys(tried.found)),
        server_version=server.server_version,
        steps=steps,
        writes=tried.writes,
        notes=(*notes, *tried.notes, *_unverified(left_out, tried.seen)),
        seen=tried.seen,
    )


def _unverified(left_out: Sequence[str], seen: Sequence[RunSql]) -> Iterator[str]:
    if left_out:
        yield f"not run, because they need superuser: {', '.join(left_out)}"
    for step in seen:
        yield from (f"{step.id}: {failure}" for failure in step.breaks)


def _refuse_other_start(plan: Plan, start: Snapshot) -> None:
    if snapshot_file.fingerprint(start) != plan.fingerprint:
        raise RefusedError(
            f"the plan {plan.name} was made for another schema than the one given, so a replay"
            " would say nothing about it",
            hint="give the schema that the plan starts from, or plan again",
        )


def _apply_plainly(dsn: str, plan: Plan, lender: Lender) -> tuple[Snapshot, frozenset[str]]:
    """The schema after the author's statements, each transaction as it was."""
    with connection.connect(dsn, name="verify", pinned=False) as conn:
        attempt.version_table(conn, plan)
        for group in _transactions(plan.statements):
            try:
                lender.run(conn, group)
            except StatementFailedError as failed:
                raise _fails(failed) from failed
        return attempt.read_schema(conn, plan), attempt.own_objects(conn)


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


def _fails(failed: StatementFailedError) -> StepFailedError:
    said = replay_step.message(failed.error)
    statement = failed.statement
    fact = f"the statement itself fails on the schema that the plan starts from: {said}"
    remedy = "correct the migration, then plan again"
    if failed.error.sqlstate == missing_rights.MISSING:
        fact = missing_rights.fact(said)
        remedy = missing_rights.remedy(statement.source)
    return StepFailedError(
        Finding(
            slug="statement_fails",
            severity=Severity.ERROR,
            message=f"{statement.source}: {fact}",
            remedy=remedy,
            source=statement.source,
            statement=statement.sql,
        )
    )


def _renamed(start: Snapshot, end: Snapshot) -> tuple[Name, ...]:
    """The new names of tables: locks are taken by the former ones."""
    gone = [_columns(t) for t in start.tables if end.table(t.name) is None]
    new = (t for t in end.tables if start.table(t.name) is None)
    return tuple(t.name for t in new if _columns(t) in gone)


def _columns(table: Table) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in table.columns]


def _working(scene: Scene, server: Server, plain: str, first: int) -> tuple[Write, ...]:
    """Writes that work where the plain migration has run, beside sample rows."""
    names = (*attempt.touched(scene.plan), *_renamed(scene.start, scene.end))
    tables = sample_rows.tables(scene.end, names)
    samples = Samples(snapshot=scene.end, first=first)
    with shadow.without_triggers(server, plain) as quiet:
        samples.fill(quiet, tables)
    with connection.connect(plain, name="verify", pinned=False) as conn:
        return samples.writes(conn, tables)
