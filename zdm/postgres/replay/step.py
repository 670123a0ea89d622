"""One step of a plan on a shadow: what it claims before, while and after it runs.

An error of the data (class 22 or 23) may come from the sample rows rather than from the plan,
so it has a name of its own, and the caller tries again on empty tables.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import timedelta
from typing import assert_never

import psycopg
from msgspec import Struct, field
from msgspec.structs import replace

from zdm.model.findings import Finding, Severity
from zdm.model.plan import AwaitRollout, Backfill, Claim, Irreversible, RunSql, Step
from zdm.model.schema import Name
from zdm.model.sql import ident, literal
from zdm.model.statement import Setting
from zdm.postgres.replay import observation
from zdm.postgres.replay.observation import Held, Relations
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.recipes.reading import missing_rights

DATA = "data_refused"
SEVERAL = "several_rows_match"
_BUG = "a plan that zdm made should not do this: plan again, and report it if it stays"
_OTHER_PHASE = (
    "phases change the order: let it run in the other phase, or move it to a revision that is"
    " planned after this train is contracted"
)
_CARDINALITY = "21000"
_LOCK_TIMEOUT = timedelta(seconds=10)  # at least: only autovacuum has locks of its own here
SHADOW_ONLY = ("role", "session_authorization")  # the shadow's roles own nothing


class StepFailedError(Exception):
    """The replay cannot continue, and why; caught where the replay began."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.message)
        self.finding = found


def finding(slug: str, message: str, step: Step | None = None, statement: str = "") -> Finding:
    """A claim of the plan that does not hold."""
    return Finding(
        slug=slug,
        severity=Severity.ERROR,
        message=message,
        remedy=_BUG,
        source=step.origin[0] if step is not None and step.origin else None,
        statement=statement,
    )


class Shadow(Struct, frozen=True, kw_only=True):
    """A connection to the database, one beside it that observes it, and the relations that were
    there at the start: what the train makes itself no one else uses, so its locks and rewrites
    do no harm. Without `other`, steps run and nothing is observed.

    `seen` are the steps that run as written, with the claims that hold for them here; to
    `settle` means that these count instead of the plan's.
    """

    conn: Connection
    other: Connection | None
    used: frozenset[int]
    settle: bool = False
    seen: dict[str, RunSql] = field(default_factory=dict)


def run(shadow: Shadow, step: Step, *, again: bool = False) -> Iterator[Finding]:
    """Do the step, and give each claim that does not hold.

    Done again after the undo, on empty tables, or where the server analyzes tables by itself, a
    step that has nothing to undo (ANALYZE) may be done already.
    """
    conn = shadow.conn
    match step:
        case RunSql() if step.privileged:
            return
        case RunSql():
            yield from _preconditions(conn, step)
            if step.undo or not (again or _may_be_done(conn, step)):
                yield from _probe(conn, step, "not done")
            if shadow.other is None:
                _execute(conn, None, step)
            else:
                yield from _observed(shadow, shadow.other, step)
            yield from _probe(conn, step, "done")
        case Backfill():
            yield from _preconditions(conn, step)
            yield from _backfill(conn, step)
        case AwaitRollout():
            return
        case _:
            assert_never(step)


def _observed(shadow: Shadow, other: Connection, step: RunSql) -> Iterator[Finding]:
    """Run the step, and give what it does that it does not claim."""
    before = {
        oid: one
        for oid, one in observation.relations(shadow.conn).items()
        if one.counts_for in shadow.used
    }
    held = _execute(shadow.conn, other, step)
    after = observation.relations(shadow.conn)
    claimed = step
    if step.as_written:
        seen = shadow.seen[step.id] = _seen(step, held, before, after)
        tables = {one.name for one in before.values() if one.kind in ("r", "p", "m")}
        claimed = _judged(step, seen, tables, settle=shadow.settle)
    yield from _locks(claimed, held, before)
    yield from _rewrites(claimed, before, after)


def _seen(step: RunSql, held: Held, before: Relations, after: Relations) -> RunSql:
    """The step, with its claims completed and corrected."""
    modes = {lock.table: lock for lock in step.locks}
    for lock in observation.unclaimed(held, step.locks, before):
        there = modes.get(lock.table, lock)
        modes[lock.table] = replace(lock, mode=lock.mode.together_with(there.mode))
    rewritten = observation.rewritten(before, after)
    families = observation.families(before)
    covering = {name for table in rewritten for name in families[table]} & {*step.rewrites}
    own = {table for table in rewritten if not families[table] & covering}
    for index, table in observation.built(before, after):
        known = {index, *families[table]} & {*step.rewrites}
        own |= known or {index}
    return replace(
        step,
        locks=tuple(sorted(modes.values())),
        rewrites=tuple(sorted(covering | own)),
        unknown=tuple(claim for claim in step.unknown if claim is Claim.SCAN),
    )


def _judged(step: RunSql, seen: RunSql, tables: AbstractSet[Name], *, settle: bool) -> RunSql:
    """A claim that the plan does not make cannot be wrong."""
    if settle:
        return seen
    locks = seen.locks if Claim.LOCKS in step.unknown else step.locks
    if Claim.REWRITE in step.unknown:
        return replace(step, locks=locks, rewrites=seen.rewrites)
    builds = {name for name in seen.rewrites if name not in tables}  # without a replay unknown
    return replace(step, locks=locks, rewrites=tuple(sorted({*step.rewrites, *builds})))


def undo(conn: Connection, step: Step) -> Iterator[Finding]:
    """Undo the step, where it can be undone; rows that it keeps are restored before."""
    if isinstance(step, AwaitRollout) or isinstance(step.undo, Irreversible):
        return
    if isinstance(step, RunSql) and step.restore is not None:
        yield from _preconditions(conn, step.restore)
        yield from _backfill(conn, step.restore)
    try:
        if isinstance(step, RunSql) and not step.in_transaction:
            _run_all(conn, step.undo, ())
        else:
            with conn.transaction():
                _run_all(conn, step.undo, step.settings)
        _run_all(conn, step.undo_proof if isinstance(step, RunSql) else (), ())
    except psycopg.Error as error:
        raise StepFailedError(
            finding("undo_fails", f"the undo of {step.id} fails: {message(error)}", step)
        ) from error
    if isinstance(step, RunSql) and step.undo:  # else it goes with the undo of an earlier one
        yield from _probe(conn, step, "not done")


def message(error: psycopg.Error) -> str:
    """The server's message."""
    return error.diag.message_primary or str(error).strip()


def _names(settings: Sequence[Setting]) -> Iterator[str]:
    return (s.name for s in settings if s.name.lower() not in SHADOW_ONLY)


def apply_settings(conn: Connection, settings: Sequence[Setting], *, local: bool) -> None:
    """Put the settings in force, for the transaction or for the session."""
    for setting in settings:
        if setting.name.lower() not in SHADOW_ONLY:
            conn.execute(
                "SELECT pg_catalog.set_config(%s, %s, %s)",
                [setting.name, setting.value, local],
            )


def for_transaction(settings: Sequence[Setting]) -> Sequence[str]:
    """Statements that put the settings in force for the transaction."""
    return [
        f"SELECT pg_catalog.set_config({literal(setting.name)}, {literal(setting.value)}, true)"
        for setting in settings
        if setting.name.lower() not in SHADOW_ONLY
    ]


def _run_all(conn: Connection, statements: Sequence[str], settings: Sequence[Setting]) -> None:
    apply_settings(conn, settings, local=True)
    for sql in statements:
        conn.execute(sql.encode())


def _failed(step: Step, error: psycopg.Error, statement: str = "") -> StepFailedError:
    slug = DATA if (error.sqlstate or "")[:2] in ("22", "23") else "step_fails"
    if isinstance(step, Backfill) and error.sqlstate == _CARDINALITY:
        slug = SEVERAL
    found = finding(slug, f"the step {step.id} fails: {message(error)}", step, statement)
    if error.sqlstate == missing_rights.MISSING and step.origin:
        place = step.origin[0]
        words = f"{place}: {missing_rights.fact(message(error))}"
        found = replace(found, message=words, remedy=missing_rights.remedy(place))
    elif isinstance(step, RunSql) and step.as_written:
        found = replace(found, remedy=_OTHER_PHASE)
    return StepFailedError(found)


def _preconditions(conn: Connection, step: RunSql | Backfill) -> Iterator[Finding]:
    for check in step.preconditions:
        with conn.transaction():
            if check.rows:  # it has the author's text
                apply_settings(conn, step.settings, local=True)
            row = _one(conn, step, check.sql)
        if row is not True:
            found = finding(
                "precondition_fails",
                f"a precondition of {step.id} does not hold: {check.failure}",
                step,
                check.sql,
            )
            asks_schema = check.hint and not check.rows  # which is the author's
            yield replace(found, remedy=check.hint) if asks_schema else found


def _probe(conn: Connection, step: RunSql, wanted: str) -> Iterator[Finding]:
    """A step whose work the catalog cannot show has no probe."""
    if not step.probe:
        return
    answer = _one(conn, step, step.probe)
    if answer not in (wanted, RunSql.RECORDED):
        yield finding(
            "probe_wrong",
            f"the probe of {step.id} says `{answer}` where it is {wanted}",
            step,
            step.probe,
        )


def _may_be_done(conn: Connection, step: RunSql) -> bool:
    if observation.may_be_analyzed(conn, step.probe):
        return True
    tables = {lock.table for lock in step.locks}
    return not any(
        _one(conn, step, f"SELECT EXISTS (SELECT FROM {table.sql})")  # noqa: S608  quoted
        for table in tables
    )


def _one(conn: Connection, step: Step, sql: str) -> object:
    try:
        row = conn.execute(sql.encode()).fetchone()
    except psycopg.Error as error:
        raise _failed(step, error, sql) from error
    return row[0] if row else None


def _execute(conn: Connection, other: Connection | None, step: RunSql) -> Held:
    """Run the step's statements; the locks that were seen, where there is another connection to
    look."""
    statement = ""
    try:
        if not step.in_transaction:
            (statement,) = step.sql
            with _in_session(conn, step):
                return _alone(conn, other, statement)
        with conn.transaction():
            _set_timeouts(conn, step, local=True)
            apply_settings(conn, step.settings, local=True)
            for statement in step.sql:
                conn.execute(statement.encode())
            return (
                frozenset() if other is None else observation.held(conn, conn.info.backend_pid)
            )
    except psycopg.Error as error:
        raise _failed(step, error, statement) from error


def _alone(conn: Connection, other: Connection | None, statement: str) -> Held:
    """Run a statement that no transaction block may hold."""
    if other is not None:
        return observation.outside_transaction(conn, other, statement)
    conn.execute(statement.encode())
    return frozenset()


@contextmanager
def _in_session(conn: Connection, step: RunSql) -> Iterator[None]:
    """With the step's timeouts and settings."""
    _set_timeouts(conn, step, local=False)
    apply_settings(conn, step.settings, local=False)
    try:
        yield
    finally:
        for name in ("lock_timeout", "statement_timeout", *_names(step.settings)):
            conn.execute(f"RESET {connection.setting_name(name)}".encode())


def _set_timeouts(conn: Connection, step: RunSql, *, local: bool) -> None:
    lock = max(step.lock_timeout, _LOCK_TIMEOUT) if step.lock_timeout else step.lock_timeout
    conn.execute(
        "SELECT pg_catalog.set_config('lock_timeout', %(lock)s, %(local)s),"
        " pg_catalog.set_config('statement_timeout', %(statement)s, %(local)s)",
        {
            "lock": connection.setting(lock),
            "statement": connection.setting(step.statement_timeout),
            "local": local,
        },
    )


def _locks(step: RunSql, held: Held, before: Relations) -> Iterator[Finding]:
    for lock in observation.unclaimed(held, step.locks, before):
        yield finding(
            "lock_not_claimed",
            f"the step {step.id} locks {lock.table} in {lock.mode}, which is not in the plan",
            step,
        )


def _rewrites(step: RunSql, before: Relations, after: Relations) -> Iterator[Finding]:
    """A partitioned table is claimed for its partitions, which alone have files; an index that
    is built again, by its own name or by its table's."""
    seen = observation.rewritten(before, after)
    families = observation.families(before)
    claimed = set(step.rewrites)
    for table in sorted(seen):
        if not families[table] & claimed:
            yield finding(
                "rewrite_not_claimed",
                f"the step {step.id} rewrites {table}, which the plan does not say",
                step,
            )
    done = {name for one in seen for name in families[one]}
    for index, table in sorted(observation.built(before, after)):
        known = {index, *families[table]}
        done |= known
        if not known & claimed:
            yield finding(
                "build_not_claimed",
                f"the step {step.id} builds the index {index} of {table} again, which the plan"
                " does not say",
                step,
            )
    for table in sorted(claimed - done):
        yield _not_rewritten(step, table)


def _not_rewritten(step: RunSql, table: Name) -> Finding:
    return finding(
        "rewrite_claimed",
        f"the plan says that the step {step.id} rewrites {table}, but it does not",
        step,
    )


def written(step: Backfill) -> str:
    """All that its batches do, in one statement."""
    if step.copy is not None:
        rows = f"SELECT * FROM {step.table.sql} WHERE {step.differs}"  # noqa: S608  quoted
        return step.copy.of(rows)
    if step.deletes:
        return f"DELETE FROM {step.table.sql} WHERE {step.differs}"  # noqa: S608  quoted
    sets = ", ".join(f"{ident(a.column)} = {a.expression}" for a in step.assignments)
    return f"UPDATE {step.table.sql} SET {sets} WHERE {step.differs}"  # noqa: S608  quoted


def _backfill(conn: Connection, step: Backfill) -> Iterator[Finding]:
    """All rows in one statement; the batches' own way is the executor's."""
    update = written(step)
    count = f"SELECT count(*) FROM {step.table.sql} WHERE {step.differs}"  # noqa: S608  quoted
    try:
        with conn.transaction():
            apply_settings(conn, step.settings, local=True)
            conn.execute(update.encode())
            row = conn.execute(count.encode()).fetchone()
    except psycopg.Error as error:
        raise _failed(step, error, update) from error
    if row and row[0]:
        yield finding(
            "backfill_unfinished",
            f"{row[0]} rows still differ after the backfill {step.id} wrote every row",
            step,
            update,
        )
