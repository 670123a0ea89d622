"""Replay a plan on a shadow server and compare what it claims with what happens.

Database A gets the author's statements as they are, database B the plan's steps: every
statement runs, locks held are within the claimed ones, rewritten files are the claimed
ones, probes say `not done` before and `done` after, the undo before the rollout restores the
start, writes of each version that a step serves succeed, and the schema at the end is that of
A (only the order of columns may differ), with nothing of zdm's own left, and so are the rows.
Then once more, while both versions write. Rows on which the migration itself fails give way to
plainer ones.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.findings import Finding, Severity
from zdm.model.plan import Backfill, Plan, RunSql
from zdm.model.schema import Snapshot, Table
from zdm.model.statement import Statement
from zdm.parse import transactions
from zdm.parse.readers.extensions import NewExtension
from zdm.postgres.catalog import rebuild
from zdm.postgres.replay import (
    absent,
    attempt,
    constrained_rows,
    contents,
    data_proof,
    kept_rows,
    sample_rows,
    seeds,
)
from zdm.postgres.replay import step as replay_step
from zdm.postgres.replay.attempt import Attempt, Scene
from zdm.postgres.replay.comparison import NOTHING, Compared, Model, ModelFailedError
from zdm.postgres.replay.lent_rows import Lender, StatementFailedError
from zdm.postgres.replay.sample_rows import Samples, Write
from zdm.postgres.replay.seeds import Seeding
from zdm.postgres.replay.step import StepFailedError
from zdm.postgres.server import copies, extensions, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.recipes.reading import missing_rights

_SHOWN = 100  # characters of a statement
_WRITE, _PRECONDITION = "write_fails", "precondition_fails"


class Verification(Struct, frozen=True, kw_only=True):
    """What a replay found; `notes` are sentences about what it could not look at."""

    findings: tuple[Finding, ...]
    server_version: int
    steps: int  # that were replayed
    writes: int  # statements of an application that were tried after steps
    compared: Compared = NOTHING
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
    absent.refuse_other_start(plan, start)
    texts = (statement.sql for statement in plan.statements)
    more = extensions.before(server, start, texts, allowed)
    key = f"schema {plan.fingerprint}{''.join(f' {one}' for one in more)}"
    if not shadow.has_template(server, key):
        with shadow.database(server) as base:
            rebuild.rebuild(base, start, shadow.administration(server, base), more)
            shadow.save_template(server, base, key)
    request = _Request(plan=plan, start=start, server=server, key=key, more=more, settle=settle)
    refused, seeding = "", seeds.LADDER[0]
    tried, doubt = _tried(request, seeding)
    while doubt is not None:
        refused = refused or doubt.message
        seeding = doubt.instead or seeds.plainer(seeding, doubt.sqlstate)
        tried, doubt = _tried(request, seeding)
    if not seeding.is_whole:
        words = (
            f"the rows compared have only {seeding.words}; with others, {refused}"
            if seeding.first is not None
            else "no sample rows met every constraint of the plan, so it was replayed on empty"
            f" tables, where triggers do not run; with sample rows, {refused}"
        )
        tried = replace(tried, notes=(words, *tried.notes))
    return tried


class _Request(Struct, frozen=True, kw_only=True):
    """What is replayed, and the template with its schema."""

    plan: Plan
    start: Snapshot
    server: Server
    key: str
    more: tuple[NewExtension, ...]
    settle: bool


class _Doubt(Struct, frozen=True, kw_only=True):
    """Why the rows may be at fault."""

    message: str
    sqlstate: str | None = None
    instead: Seeding | None = None  # what to try, where the error does not say it


def _seeded(request: _Request, seeding: Seeding) -> str:
    """The key of a template with the schema and rows, made where there is none."""
    plan, server = request.plan, request.server
    key = seeds.key(request.key, seeding, plan.statements, attempt.touched(plan))
    if seeding.first is None or shadow.has_template(server, key):
        return key
    with shadow.database(server, request.key, start=request.start) as dsn:
        with connection.connect(dsn, name="verify") as conn:
            rebuilt = rebuild.found(conn, request.start)
        absent.refuse_touched(plan, rebuilt.left_out)
        wanted = sample_rows.tables(rebuilt.snapshot, attempt.touched(plan))
        with shadow.without_triggers(server, dsn) as quiet:
            seeds.fill(quiet, rebuilt.snapshot, wanted, seeding, plan.statements)
            if seeding.updated:
                with connection.connect(dsn, name="verify") as conn:
                    gone = constrained_rows.fire_triggers(conn, wanted)
                sample_rows.tried_together(quiet, gone)
                seeds.without_orphans(quiet, rebuilt.snapshot, wanted)
        shadow.save_template(server, dsn, key)
    return key


def _tried(request: _Request, seeding: Seeding) -> tuple[Verification, _Doubt | None]:
    """The replay with these rows, and why they may be at fault."""
    server = request.server
    key = _seeded(request, seeding)
    with (
        copies.of(server, key, request.start) as made,
        made.one() as plain,
        connection.connect(plain, name="verify", pinned=False) as conn,
    ):
        rebuilt = rebuild.found(conn, request.start)
        start = rebuilt.snapshot
        absent.refuse_touched(request.plan, rebuilt.left_out)
        plan = absent.without(request.plan, request.more)
        notes = absent.notes(rebuilt.left_out, request.more)
        lender = Lender(server=server, dsn=plain, start=start)
        try:
            apply_plainly(conn, plan, lender)
            made.begin()
            end, own = attempt.read_schema(conn, plan), attempt.own_objects(conn)
        except StepFailedError as error:
            failed = Attempt(found=(attempt.unprivileged(error.finding, plan),), notes=notes)
            doubt = None if seeding.first is None else _of_data(error)
            return _verification(failed, server, plan, 0), doubt
        scene = Scene(
            plan=plan,
            start=start,
            end=end,
            own=own,
            first=seeding.first,
            copies=made,
            lent=tuple(lender.lent),
            untried=frozenset(lender.untried),
            settle=request.settle,
            shared=_shared(request, seeding),
        )
        notes = (*notes, *_unread(scene))
        model = _model(scene, server)
        model.read(conn)
        if seeding.first is not None:
            writes = _working(scene, server, plain, conn)
            scene = replace(scene, new_writes=writes)
        tried = _attempted(scene, server, model)
        doubt = _of_rows(tried, seeding)
        if doubt is not None:
            return _verification(tried, server, plan, 0), doubt
        if not tried.found and seeding.first is not None:
            tried = _with_writers(scene, model, plain, conn, tried)
    steps = len([s for s in plan.steps if scene.tries(s) and not attempt.privileged(s)])
    noted = replace(tried, notes=(*notes, *lender.notes, *tried.notes))
    return _verification(noted, server, plan, steps), None


def _shared(request: _Request, seeding: Seeding) -> bool:
    """Whether versions may write values that other rows have: a new key may refuse them."""
    keyed = constrained_rows.adds_key(request.start, request.plan.statements)
    return seeding.twice and not keyed


def _model(scene: Scene, server: Server) -> Model:
    """What the plain migration leaves, without writers. A row that was made up for a foreign
    key is not the same one in two runs."""

    def again(dsn: str, conn: Connection) -> None:
        lender = Lender(server=server, dsn=dsn, start=scene.start)
        try:
            apply_plainly(conn, scene.plan, lender)
        except StepFailedError as error:
            raise ModelFailedError(error.finding.message) from error

    made_up = {lent.table for lent in scene.lent}
    return Model(
        copies=scene.copies,
        start=sample_rows.tables(scene.start, attempt.touched(scene.plan)),
        tables=[t for t in contents.tables(scene.end) if t.name not in made_up],
        written=_written(scene),
        drawn=contents.drawn(scene.plan, scene.start),
        again=again,
    )


def _unread(scene: Scene) -> Iterator[str]:
    """Tables of the train whose rows are compared nowhere."""
    for table in attempt.tables_at_end(scene):
        if table.row_security == contents.FORCED:
            yield f"the rows of {table.name} were not compared: its row security is forced"


def _written(scene: Scene) -> list[Table]:
    names = {s.table for s in scene.plan.steps if isinstance(s, Backfill)}
    return [table for table in attempt.tables_at_end(scene) if table.name in names]


def _attempted(scene: Scene, server: Server, model: Model) -> Attempt:
    """The steps, without writes of the old version that the migration itself does not take."""
    tried = attempt.run(scene, server, model)
    failing = {one.statement for one in tried.found if one.slug == _WRITE}
    untaken = {sql: why for sql in sorted(failing) if (why := _refused(scene, server, sql))}
    if not untaken:
        return tried
    again = attempt.run(replace(scene, untaken=frozenset(untaken)), server, model)
    notes = (
        f"not tried, because the migration itself does not take it: {_short(sql)}: {why}"
        for sql, why in untaken.items()
    )
    return replace(again, notes=(*again.notes, *notes))


def _refused(scene: Scene, server: Server, sql: str) -> str:
    """What the migration says of the row that a write of the old version leaves, or its new
    unique key of the write; nothing if both take it, or the start's schema does not."""
    for late in (False, True):
        with (
            scene.copies.one() as dsn,
            connection.connect(dsn, name="verify", pinned=False) as conn,
        ):
            if not late and sample_rows.tried(conn, sql, keep=True) is not None:
                return ""
            try:
                apply_plainly(
                    conn, scene.plan, Lender(server=server, dsn=dsn, start=scene.start)
                )
            except StepFailedError as error:
                return error.finding.message if _of_data(error) is not None else ""
            error_then = sample_rows.tried(conn, sql, keep=False) if late else None
            if error_then is not None and error_then.sqlstate == seeds.TAKEN:
                return replay_step.message(error_then)
    return ""


def _short(sql: str) -> str:
    return sql if len(sql) <= _SHOWN else f"{sql[:_SHOWN]}…"


def _with_writers(
    scene: Scene, model: Model, plain: str, conn: Connection, tried: Attempt
) -> Attempt:
    """Once more, while both versions write."""
    found = data_proof.with_writers(scene, model, plain, conn, apply_plainly)
    return replace(
        tried,
        found=(*tried.found, *found.found),
        compared=replace(tried.compared, writes=found.compared.writes),
        notes=(*tried.notes, *found.notes),
    )


def _of_rows(tried: Attempt, seeding: Seeding) -> _Doubt | None:
    """A precondition may refuse values that the plan says it cannot take, a write may have the
    key of a row of the author's, a trigger of the table may make rows break a constraint that
    a fill writes, and batches stop at a row that several others match. Any other failure of the
    plan, on rows that the plain migration takes, is one."""
    for one in tried.found:
        if one.slug == _PRECONDITION and (seeding.edges or seeding.nulls):
            return _Doubt(message=one.message)
        if one.slug == _WRITE and seeding.first == sample_rows.LOW:
            return _Doubt(message=one.message, sqlstate=seeds.TAKEN)
        if one.slug == replay_step.DATA and seeding.many and not seeding.updated:
            without = replace(seeding, updated=True)
            return _Doubt(message=one.message, instead=without)
        if one.slug == replay_step.SEVERAL and seeding.twice:
            return _Doubt(message=one.message, sqlstate=seeds.SEVERAL)
    return None


def _of_data(error: StepFailedError) -> _Doubt | None:
    """An error of classes 21, 22 and 23, or that a function raises, may come from the rows."""
    cause = error.__cause__
    if not isinstance(cause, StatementFailedError):
        return None
    state = cause.error.sqlstate or ""
    if state[:2] not in ("21", "22", "23", "P0"):
        return None
    return _Doubt(message=error.finding.message, sqlstate=state)


def _verification(tried: Attempt, server: Server, plan: Plan, steps: int) -> Verification:
    notes = (server.notice,) if server.notice else ()
    left_out = [step.id for step in plan.steps if attempt.privileged(step)]
    return Verification(
        findings=tuple(dict.fromkeys(tried.found)),
        server_version=server.server_version,
        steps=steps,
        writes=tried.writes,
        compared=tried.compared,
        notes=tuple(dict.fromkeys((*notes, *tried.notes, *_unverified(left_out, tried.seen)))),
        seen=tried.seen,
    )


def _unverified(left_out: Sequence[str], seen: Sequence[RunSql]) -> Iterator[str]:
    if left_out:
        yield f"not run, because they need superuser: {', '.join(left_out)}"
    for step in seen:
        yield from (f"{step.id}: {failure}" for failure in step.breaks)


def apply_plainly(conn: Connection, plan: Plan, lender: Lender) -> None:
    """The author's statements, each transaction as it was; raises StepFailedError."""
    attempt.version_table(conn, plan)
    for group in _transactions(plan.statements):
        try:
            lender.run(conn, group)
        except StatementFailedError as failed:
            raise _fails(failed) from failed
    conn.execute("DISCARD ALL")  # what it set for its session


def _transactions(statements: Sequence[Statement]) -> Iterator[tuple[Statement, ...]]:
    """Statements that ran together; the author's own BEGIN and COMMIT are known by number. A
    label of an enum is committed, since the plan commits it, too."""
    group: list[Statement] = []
    for statement in statements:
        if transactions.is_control(statement.sql) or statement.privileged:
            continue
        alone = statement.transaction is None
        if group and (alone or statement.transaction != group[0].transaction):
            yield tuple(group)
            group = []
        group.append(statement)
        if transactions.adds_label(statement.sql):
            yield tuple(group)
            group = []
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


def _working(scene: Scene, server: Server, plain: str, conn: Connection) -> tuple[Write, ...]:
    """Writes that work where the plain migration has run, beside sample rows."""
    tables = attempt.tables_at_end(scene)
    samples = Samples(snapshot=scene.end, first=scene.first or sample_rows.LOW)
    with shadow.without_triggers(server, plain) as quiet:
        samples.fill(quiet, tables)
    plan, gone = scene.plan, kept_rows.deleted(scene.plan)
    writes = (
        w for w in samples.writes(conn, tables) if not kept_rows.selected(conn, w.sql, gone)
    )
    return tuple(one for one in writes if not kept_rows.unfillable(plan, conn, one.sql))
