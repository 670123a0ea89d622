"""One world: the plain migration as the model, then the plan, executed under writers."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from tests import case as cases
from tests import scratch
from tests.adversary import habits, writers
from tests.adversary.habits import Habits
from tests.adversary.world import APP, FILE, GROUP, OWNER, World
from tests.adversary.writers import Application, Said, Write
from zdm.backfill.pacing import Pacing
from zdm.errors import PastReturnError, ZdmError
from zdm.execute import rollback
from zdm.execute import world as execution
from zdm.execute.clock import SystemClock
from zdm.execute.events import Event, StepDone, StepStarted
from zdm.execute.stop import StopFlag
from zdm.model.plan import Phase, Plan, Side
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.model.sql import ident
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.catalog import read as catalog
from zdm.postgres.replay import replay
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.schema import enums
from zdm.workflows import plan_revisions

ITSELF = "the plain migration fails, too"
_ONCE = frozenset({"backfill", "copy_rows", "delete_rows", "insert_rows", "update_rows"})
_STAYS = frozenset({*_ONCE, "set_not_null", "as_written"})  # rows that no rollback brings back
# of what an old version's row gets from an UPDATE, the plain migration has another moment
_OTHER_ROWS = frozenset({"backfill", "delete_rows", "set_not_null", "update_rows"})
# what a rollback says that leaves something to the operator, and it as a reason
_LEFT = {
    "cannot be undone": "rollback refused: a step stays",
    "all that zdm can undo was undone": "rolled back but for what ran as written",
}
_ALONE = ("VACUUM", "REINDEX")
_MOMENT = "at one moment"  # a copy of few rows into a new table, as its hazard says
_FIRES = "fire for every row that is filled"  # a trigger's work, which nothing takes back
# what zdm never raises knowingly
INTERNAL = (psycopg.Error, LookupError, TypeError, ValueError, AttributeError, AssertionError,
            RecursionError)  # fmt: skip
_WRITABLE = """
SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = %s::regclass AND a.attnum > 0
AND NOT a.attisdropped AND a.attidentity <> 'a' AND a.attgenerated = ''
ORDER BY a.attnum LIMIT 1
"""
_ROWS = """
SELECT c.oid::regclass::text, c.relname FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r') AND n.nspname !~ '^(pg_|information_schema|zdm$)' ORDER BY 1
"""


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of a world; `faults` are (kind, what)."""

    outcome: str  # unusable, refused, executed, stopped, rolled back
    reasons: tuple[str, ...] = ()
    faults: list[tuple[str, str]] = field(default_factory=list)
    writes: int = 0
    operations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The servers of a worker."""

    server: Server
    shadow: Server | None  # None: no replay

    def prepare(self) -> None:
        """Roles, once for each server."""
        for server in {self.server.dsn: self.server}.values():
            with connection.connect(server.dsn, name="tests") as conn:
                for role in (OWNER, APP):
                    conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
                conn.execute(f"CREATE ROLE {GROUP}".encode())
                conn.execute(f"GRANT pg_monitor, {GROUP} TO {OWNER}".encode())

    def url(self, name: str, role: str = "") -> str:
        """A database's URL, as a role or as the superuser."""
        parts = urlsplit(self.server.dsn)
        place = parts.netloc.rsplit("@", 1)[1]
        netloc = f"{role}:x@{place}" if role else parts.netloc
        return parts._replace(netloc=netloc, path=f"/{name}").geturl()

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """A new database, dropped after the block."""
        name = f"w_{uuid4().hex[:12]}"
        with connection.connect(self.server.dsn, name="tests", tuned=False) as conn:
            conn.execute(scratch.create(self.server.major, name, template))
            conn.execute(f"GRANT CREATE ON DATABASE {name} TO {OWNER}".encode())
            try:
                yield name
            finally:
                scratch.drop(conn, name)


@dataclass(slots=True, kw_only=True)
class Model:
    """What the plain migration does."""

    start: Snapshot
    habits: Habits
    end: Snapshot | None = None  # None: it fails
    error: str = ""
    before: dict[str, list[str]] = field(default_factory=dict)  # with what the old one wrote
    rows: dict[str, list[str]] = field(default_factory=dict)
    numbered: frozenset[str] = frozenset()  # new columns, whose numbers follow no order
    said: dict[Write, Said] = field(default_factory=dict)
    rounds: dict[Side, tuple[tuple[Write, ...], ...]] = field(default_factory=dict)


def train(world: World) -> Train:
    """Its migration."""
    data = world.migration.encode()
    return Train(
        statements=split.statements(data, FILE), files=(split.source_file(data, FILE),)
    )


def run(ground: Ground, world: World) -> Result:
    """Everything; an exception that is not zdm's own is a fault."""
    try:
        return _tried(ground, world)
    except INTERNAL as error:
        said = f"{type(error).__name__}: {error}"
        return Result(outcome="broken", faults=[("report it", said)])


def _tried(ground: Ground, world: World) -> Result:
    with ground.database() as base:
        try:
            with psycopg.connect(ground.url(base), autocommit=True) as conn:
                conn.execute(world.before.encode())
        except psycopg.Error as error:
            return Result(outcome="unusable", reasons=(f"before: {error}",))
        with connection.connect(ground.url(base, OWNER), name="tests") as conn:
            start = catalog.read(conn)
        found = planned(world, start)
        if isinstance(found, Result):
            return found
        plan, kept = found
        with ground.database(base) as name:
            model = modelled(ground, world, name, start, (plan, kept))
        return _judged(ground, world, base, (plan, model))


def planned(world: World, start: Snapshot) -> tuple[Plan, Habits] | Result:
    """The plan, and what the application must do for it; or why there is none."""
    whole = train(world)
    try:
        found = classify.classify(whole, start)
        plan = schedule.plan(found, name="m", train=whole, snapshot=start)
        plan_revisions.check_invariants(plan)
    except TrainRefusedError as error:
        reasons = tuple(sorted({f.slug for f in error.findings}))
        return Result(outcome="refused", reasons=reasons)
    except ZdmError as error:
        return _erroneous("refused", error)
    return plan, habits.of(found.placed)


def modelled(
    ground: Ground, world: World, name: str, start: Snapshot, made: tuple[Plan, Habits]
) -> Model:
    """Old version's writes, the plain migration, the new version's writes."""
    plan, kept = made
    model = Model(start=start, habits=kept)
    _model_writes(ground, world, name, model, Side.OLD)
    model.before = rows(ground.url(name))
    try:
        with psycopg.connect(ground.url(name, OWNER)) as plainly:
            for statement in train(world).statements:
                _plainly(plainly, statement.sql)
    except psycopg.Error as error:
        model.error = str(error).strip()
        return model
    with connection.connect(ground.url(name, OWNER), name="tests") as conn:
        model.end = catalog.read(conn)
    model.numbered = frozenset(_numbered(start, model.end))
    _model_writes(ground, world, name, model, Side.NEW)
    fire(ground.url(name), plan)
    model.rows = rows(ground.url(name), model.numbered)
    return model


def _numbered(start: Snapshot, end: Snapshot) -> Iterator[str]:
    """Identities that tables get: PostgreSQL numbers rows as they lie, zdm by their key."""
    for table in end.tables:
        before = start.table(table.name)
        for column in table.columns if before is not None else ():
            if column.identity and before is not None and before.column(column.name) is None:
                yield column.name


def _plainly(conn: "psycopg.Connection[tuple[object, ...]]", sql: str) -> None:
    """In one transaction with the others, but for what refuses to run in one."""
    if sql.startswith(_ALONE):
        conn.commit()
        conn.autocommit = True
    conn.execute(sql.encode())
    if sql.startswith(_ALONE):
        conn.autocommit = False


def _model_writes(ground: Ground, world: World, name: str, model: Model, side: Side) -> None:
    snapshot = model.start if side is Side.OLD else model.end
    if not world.writers or snapshot is None or (side is Side.NEW and world.back):
        return
    rounds = writers.writes(snapshot, side, world.seed, model.habits)
    with Application(ground.url(name, APP), world.settings) as application:
        for write in (w for one in rounds for w in one):
            application.begin(write)
            application.wait()
    model.said.update(application.said)
    model.rounds[side] = tuple(
        tuple(w for w in one if not application.said[w].error) for one in rounds
    )


def rows(url: str, numbered: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Every table's rows, sorted; of `numbered` columns only whether they have a number."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET extra_float_digits = 3; SET TimeZone = 'UTC'")
        found = {}
        for table, _ in conn.execute(_ROWS).fetchall():
            columns = [
                c
                for (c,) in conn.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
                    " AND attnum > 0 AND NOT attisdropped ORDER BY attname",
                    [table],
                ).fetchall()
            ]
            shown = ", ".join(_shown(c, numbered) for c in columns) or "1"
            query = f"SELECT ROW({shown})::text FROM ONLY {table} ORDER BY 1"
            found[table] = [row for (row,) in conn.execute(query.encode()).fetchall()]
        return found


def _shown(column: str, numbered: frozenset[str]) -> str:
    name = ident(column)
    return f"({name} IS NULL)::text" if column in numbered else f"{name}::text"


def fire(url: str, plan: Plan) -> None:
    """Write each row of the tables whose triggers fire where the plan fills them: the plain
    migration may rewrite such a table without any trigger."""
    with psycopg.connect(url, autocommit=True) as conn:
        for table, _ in conn.execute(_ROWS).fetchall():
            if _fires(table, plan):
                found = conn.execute(_WRITABLE, [table]).fetchone() or ("id",)
                name = ident(str(found[0]))
                conn.execute(f"UPDATE {table} SET {name} = {name}".encode())


def _fires(table: str, plan: Plan) -> bool:
    return any(f" {_bare(table)} {_FIRES}" in hazard.message for hazard in plan.hazards)


def _judged(ground: Ground, world: World, base: str, made: tuple[Plan, Model]) -> Result:
    plan, model = made
    result = Result(outcome="executed", operations=tuple(o.slug for o in plan.operations))
    if ground.shadow is not None and model.end is not None:
        refused = _replayed(ground.shadow, plan, model, result)
        if refused:
            return refused
    with ground.database(base) as name:
        _executed((ground, name), world, plan, model, result)
    return result


def _erroneous(outcome: str, error: ZdmError) -> Result:
    faults = []
    if type(error) is ZdmError or "report it" in f"{error.message} {error.hint}":
        faults = [("report it", f"{error.message} / {error.hint}")]
    return Result(outcome=outcome, reasons=(type(error).__name__,), faults=faults)


def _replayed(shadow: Server, plan: Plan, model: Model, result: Result) -> Result | None:
    try:
        seen = replay.replay(plan, model.start, shadow, settle=True)
    except ZdmError as error:
        return replace(
            _erroneous("refused", error),
            reasons=(f"verify: {error.message.split(',')[0][:60]}",),
        )
    for one in seen.findings:
        kind = "wrong claim" if "claim" in one.slug else "report it"
        result.faults.append((kind, f"replay {one.slug}: {one.message}"))
    return None


class _Between:
    """Has the versions write after the steps that serve them, and while the next one runs."""

    def __init__(
        self, plan: Plan, application: Application, model: Model, world: World
    ) -> None:
        self.plan, self.application, self.world = plan, application, world
        self.left = {side: list(rounds) for side, rounds in model.rounds.items()}
        self.steps = {step.id: step for step in plan.steps}
        ids = [step.id for step in plan.steps]
        rollout = ids.index("rollout") if "rollout" in ids else len(ids)
        self.early = frozenset(ids[: max(rollout - 1, 0)])
        self.serves = frozenset({Side.OLD})

    def react(self, event: Event) -> None:
        """After a step: write; before a step that does not serve them: wait."""
        if isinstance(event, StepStarted):
            step = self.steps[event.id]
            if not self.serves <= step.serves or step.phase.position >= Phase.ROLLOUT.position:
                self.application.wait()
        elif isinstance(event, StepDone):
            step = self.steps[event.id]
            serves = set(step.serves)
            if step.phase.position >= Phase.ROLLOUT.position:
                serves.discard(Side.OLD)
            if event.id in self.early:  # nobody runs the new version yet
                serves.discard(Side.NEW)
            self.serves = frozenset(serves)
            for side in sorted(serves):
                self.write(side)

    def write(self, side: Side) -> None:
        """A round, if any is left."""
        if self.left.get(side):
            for write in self.left[side].pop(0):
                self.application.begin(write)

    def rest(self, side: Side) -> None:
        """All that is left."""
        while self.left.get(side):
            self.write(side)
        self.application.wait()


@dataclass(slots=True, kw_only=True)
class _Run:
    """A plan on a database of its own."""

    ground: Ground
    name: str
    plan: Plan
    model: Model
    result: Result
    between: _Between

    @property
    def url(self) -> str:
        """As who executes."""
        return self.ground.url(self.name, OWNER)

    def fault(self, kind: str, what: str) -> None:
        """Keep it."""
        self.result.faults.append((kind, what))

    def go(self, *, back: bool) -> bool:
        """To the end, or to where it is rolled back; False if it stopped before."""
        until = RunState.BACKFILLED if back else RunState.CONTRACTED
        watching = cases.Watching(self.between.react)
        try:
            cases.run(self.url, self.plan, watching=watching, until=until)
        except PastReturnError as error:
            self.result.outcome = "stopped"
            if self.model.end is None:  # as its author's own transaction
                self.result.reasons = (ITSELF,)
            else:
                self.fault("not rolled back", error.message)
            return False
        except ZdmError as error:
            self._stopped(error)
        finally:
            self.between.application.wait()
        if back or self.result.outcome == "stopped":
            self.back()
            return False
        return True

    def _stopped(self, error: ZdmError) -> None:
        """By name; what PostgreSQL refuses must be refused to the plain migration, too."""
        self.result.outcome = "stopped"
        self.result.faults += _erroneous("stopped", error).faults
        if self.model.end is None:
            self.result.reasons = (ITSELF,)
            return
        self.result.reasons = (f"{type(error).__name__}: {error.message[:90]}",)
        if "PostgreSQL refused" in error.message and "policy" not in (error.hint or ""):
            self.fault("report it", error.message)

    def back(self) -> None:
        """Roll back: the start is there again."""
        try:
            _reverted(self.url, self.plan)
        except ZdmError as error:
            for part, reason in _LEFT.items():
                if part in error.message:
                    self.result.reasons += (reason,)
                    return
            if "no run is unfinished" not in error.message:
                self.fault("not rolled back", error.message)
                return
        if self.result.outcome == "executed":
            self.result.outcome = "rolled back"
        self.between.rest(Side.OLD)
        self._is_the_start()

    def _is_the_start(self) -> None:
        with connection.connect(self.url, name="tests") as conn:
            here = enums.without(catalog.read(conn), self.plan.labels)
            for line in cases.differences(self.model.start, here):
                self.fault("not rolled back", line)
        new_wrote = any(write.side is Side.NEW for write in self.between.application.said)
        if not new_wrote and not _STAYS & {*self.result.operations}:
            found = rows(self.ground.url(self.name))
            for table in [t for t in found if _fires(t, self.plan)]:
                del found[table], self.model.before[table]
            _compare(self.model.before, found, self.result, "not rolled back")

    def is_the_end(self) -> None:
        """What the plain migration leaves is here."""
        if self.model.end is None:
            self.fault("wrong schema", f"the plain migration fails: {self.model.error}")
            return
        with connection.connect(self.url, name="tests") as conn:
            for line in cases.differences(self.model.end, catalog.read(conn)):
                self.fault("wrong schema", line)
        if not self.between.left.get(Side.OLD):
            fire(self.ground.url(self.name), self.plan)
            found = rows(self.ground.url(self.name), self.model.numbered)
            _compare(self.model.rows, found, self.result, "wrong rows")


def _is_once(plan: Plan) -> bool:
    """Whether a step takes the rows of one moment only."""
    slugs = {operation.slug for operation in plan.operations}
    return bool(_ONCE & slugs) or any(_MOMENT in h.message for h in plan.hazards)


def _executed(
    stage: tuple[Ground, str], world: World, plan: Plan, model: Model, result: Result
) -> None:
    ground, name = stage
    with Application(ground.url(name, APP), world.settings) as application:
        between = _Between(plan, application, model, world)
        run = _Run(
            ground=ground, name=name, plan=plan, model=model, result=result, between=between
        )
        between.write(Side.OLD)
        # the model has them before the migration, and so has what fills rows only once, or
        # fails because of them
        if _is_once(plan) or model.end is None:
            between.rest(Side.OLD)
        ended = run.go(back=world.back)
        if ended:
            between.rest(Side.NEW)
        _answers(model, application, result)
        if ended:
            run.is_the_end()


def _bare(table: str) -> str:
    """As hazards write it."""
    return table.replace('""', "\0").replace('"', "").replace("\0", '"')


def _reverted(url: str, plan: Plan) -> None:
    stop, clock = StopFlag(), SystemClock()
    database = PostgresDatabase(url, clock, stop, Pacing.FULL)
    world = execution.World(
        database=database, platform=None, observer=cases.Watching(), clock=clock, stop=stop
    )
    try:
        rollback.revert(plan, world, cases.options())
    finally:
        database.close()


def _answers(model: Model, application: Application, result: Result) -> None:
    """Each write is answered as the plain schema of its version answers it."""
    result.writes = len(application.said)
    for write, said in application.said.items():
        plain = model.said[write]
        if said.error:
            result.faults.append(("failed write", f"{write.side}: {write.sql}: {said.error}"))
        elif (
            said.rows != plain.rows
            and not model.numbered
            and not _OTHER_ROWS & {*result.operations}
        ):
            result.faults.append(
                ("wrong read", f"{write.side}: {write.sql}: {said.rows}, plainly {plain.rows}")
            )


def _compare(
    wanted: dict[str, list[str]], found: dict[str, list[str]], result: Result, kind: str
) -> None:
    for table in sorted({*wanted, *found}):
        one, other = wanted.get(table, []), found.get(table, [])
        if one != other:
            missing = [r for r in one if r not in other][:2]
            more = [r for r in other if r not in one][:2]
            result.faults.append(
                (
                    kind,
                    f"{table}: {len(one)} and {len(other)} rows; plainly {missing};"
                    f" here {more}",
                )
            )
