"""Replay the steps of a plan in databases of their own, beside sample rows.

Up to the rollout, or the first step that stays, and back to the start; then the whole way. What
a rollback does not bring back is not done twice: then the whole way begins in another database.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.fields.hidden import Hiding
from zdm.model.findings import Finding
from zdm.model.plan import AwaitRollout, Backfill, Irreversible, Phase, Plan, RunSql, Side, Step
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.parse import expressions
from zdm.postgres.catalog import read
from zdm.postgres.replay import kept_rows, observation, sample_rows, served
from zdm.postgres.replay import step as replay_step
from zdm.postgres.replay.comparison import NOTHING, Compared, Model, Outcome
from zdm.postgres.replay.lent_rows import Lent
from zdm.postgres.replay.sample_rows import Samples, Write
from zdm.postgres.replay.step import Shadow, StepFailedError, finding
from zdm.postgres.server import shadow
from zdm.postgres.server.copies import Copies
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.recipes.reading import missing_rights
from zdm.recipes.type import shared_types
from zdm.recipes.type.shared_types import Kind
from zdm.schema import enums, family
from zdm.serialize import snapshot_file

_SHOWN = 8
_VALUES = {
    Kind.SCALE: "pg_catalog.trim_scale(CAST({} AS numeric))",
    Kind.JSON: "CAST({} AS jsonb)",
}
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


class Scene(Hiding, frozen=True, kw_only=True):
    """What a replay of the steps starts from and must come to."""

    hidden: ClassVar[tuple[str, ...]] = ("copies",)

    plan: Plan
    start: Snapshot
    end: Snapshot  # what the plain migration leaves
    own: frozenset[str]  # objects with zdm's prefix that it leaves too
    first: int | None  # the number of the sample rows; None: without rows, and without writes
    copies: Copies  # of the template with the start's schema, and rows
    lent: tuple[Lent, ...]  # rows that the author's statements refer to
    untried: frozenset[str]  # statements that cannot be run without production's rows
    untaken: frozenset[str] = frozenset()  # the old version's writes that the migration refuses
    shared: bool = True  # whether writes may give a row the value of another one
    settle: bool = False
    old_writes: tuple[Write, ...] = ()  # that work on the start's schema
    new_writes: tuple[Write, ...] = ()  # that work on the end's

    def tries(self, step: Step) -> bool:
        """Whether the step can be run here."""
        return not isinstance(step, RunSql) or not any(sql in self.untried for sql in step.sql)

    @property
    def silence(self) -> str:
        """Why no version writes between the steps; nothing where both do."""
        steps = [step for step in self.plan.steps if isinstance(step, RunSql)]
        if self.untried or any(step.privileged for step in steps):
            return "not every statement runs here"
        if any(step.as_written for step in steps):
            return "a statement runs as written"
        return "" if self.first is not None else "there are no rows"

    def sharing_rows(self, table: Name) -> frozenset[Name]:
        """The table, and those whose partition or parent it is."""
        return frozenset(n for s in (self.start, self.end) for n in family.around(s, table))


class Attempt(Struct, frozen=True, kw_only=True):
    """What the replay with one set of sample rows found; `seen` are the steps that run as
    written, with the claims that held."""

    found: tuple[Finding, ...] = ()
    writes: int = 0
    compared: Compared = NOTHING
    seen: tuple[RunSql, ...] = ()
    notes: tuple[str, ...] = ()


class _Stage(Struct, frozen=True, kw_only=True):
    """A database at the plan's start, with rows, and what to say about them."""

    scene: Scene
    here: Shadow
    watch: served.Writes
    notes: tuple[str, ...]


def run(scene: Scene, server: Server, model: Model) -> Attempt:
    """Replay the steps with the scene's sample rows."""
    turn = _turn(scene)
    apart = any(_stays(step) for step in scene.plan.steps[:turn])
    found: list[Finding] = []
    writes = not scene.silence
    with _opened(scene, server, ahead=apart or writes) as stage:
        try:
            found.extend(_there_and_back(stage, turn))
            if not apart:
                found.extend(_whole_way(stage, turn, again=True))
                return _attempt(stage, found, model)
        except StepFailedError as error:
            return _attempt(stage, [*found, unprivileged(error.finding, scene.plan)], None)
    failing = stage.watch.failing
    with _opened(scene, server, ahead=writes) as stage:
        stage.watch.failing.update(failing)
        try:
            found.extend(_whole_way(stage, turn, again=False))
        except StepFailedError as error:
            return _attempt(stage, [*found, unprivileged(error.finding, scene.plan)], None)
        return _attempt(stage, found, model)


def _attempt(stage: _Stage, found: list[Finding], model: Model | None) -> Attempt:
    """With the rows compared, where the plan came to its end."""
    outcome = Outcome()
    if model is not None and not found:
        outcome = model.compare(stage.here.conn)
    return Attempt(
        found=(*found, *outcome.found),
        writes=len(stage.scene.old_writes) + len(stage.scene.new_writes),
        compared=outcome.compared,
        seen=tuple(stage.here.seen.values()),
        notes=(*stage.notes, *outcome.notes),
    )


@contextmanager
def _opened(scene: Scene, server: Server, *, ahead: bool) -> Iterator[_Stage]:
    """`ahead`: another copy will be asked for."""
    with (
        scene.copies.one() as dsn,
        connection.connect(dsn, name="verify", pinned=False) as conn,
        connection.connect(dsn, name="verify", pinned=False) as other,
    ):
        if ahead:
            scene.copies.begin()
        version_table(conn, scene.plan)
        tables = sample_rows.tables(scene.start, touched(scene.plan))
        samples = Samples(snapshot=scene.start, first=scene.first or sample_rows.LOW)
        with shadow.without_triggers(server, dsn) as quiet:
            for lent in scene.lent:
                samples.put(quiet, scene.start.require_table(lent.table), dict(lent.key))
            if scene.first is not None:
                samples.examine(quiet, tables)
        if scene.first is not None:
            old = (w for w in samples.writes(conn, tables) if w.sql not in scene.untaken)
            scene = replace(scene, old_writes=tuple(old))
        used = frozenset(observation.relations(conn))
        here = Shadow(conn=conn, other=other, used=used, settle=scene.settle)
        writes = {Side.OLD: scene.old_writes, Side.NEW: scene.new_writes}
        watch = served.Writes(here=here, writes=writes, promised=kept_rows.promised(scene.plan))
        yield _Stage(scene=scene, here=here, watch=watch, notes=_notes(samples))


def _notes(samples: Samples) -> tuple[str, ...]:
    return tuple(
        f"{one.table} stayed empty, because {one.reason}; locks, rewrites, undo and the final"
        " schema were verified on it, but no trigger ran, no row was filled, and no INSERT was"
        " tried"
        for one in samples.unfilled
    )


def _turn(scene: Scene) -> int:
    """How far `zdm rollback` undoes steps: up to the rollout, or to a step that stays."""
    steps, stays = scene.plan.steps, scene.plan.first_to_stay
    turns = (i for i, s in enumerate(steps) if isinstance(s, AwaitRollout) or s.id == stays)
    return next(turns, len(steps))


def _stays(step: Step) -> bool:
    return not isinstance(step, AwaitRollout) and isinstance(step.undo, Irreversible)


def _there_and_back(stage: _Stage, turn: int) -> Iterator[Finding]:
    plan, conn = stage.scene.plan, stage.here.conn
    steps = [step for step in plan.steps[:turn] if stage.scene.tries(step)]
    rows = kept_rows.kept(plan, conn)
    for step in steps:
        yield from replay_step.run(stage.here, step)
        yield from stage.watch.after(step)
    for step in reversed(steps):
        yield from replay_step.undo(conn, step)
    yield from _undone(stage.scene, conn)
    yield from kept_rows.restored(plan, conn, rows)


def _whole_way(stage: _Stage, turn: int, *, again: bool) -> Iterator[Finding]:
    """From the start, or again from where the undo came to, to the end."""
    for number, step in enumerate(stage.scene.plan.steps):
        if not stage.scene.tries(step):
            continue
        yield from replay_step.run(stage.here, step, again=again and number < turn)
        if number >= turn:
            yield from stage.watch.after(step)
    yield from stage.watch.left()
    yield from _end(stage.scene, stage.here.conn)


def _undone(scene: Scene, conn: Connection) -> Iterator[Finding]:
    here = read_schema(conn, scene.plan)
    undone = enums.without(here, scene.plan.labels)
    for difference in snapshot_file.difference(scene.start, undone)[:_SHOWN]:
        yield finding(
            "undo_incomplete", f"undone before the rollout, the start is not back: {difference}"
        )
    stamp = scene.plan.stamp
    if stamp is not None and stamp.from_heads and set(here.heads) != set(stamp.from_heads):
        yield finding("heads_differ", f"undone, {stamp.table} holds {', '.join(here.heads)}")


def _end(scene: Scene, conn: Connection) -> Iterator[Finding]:
    here = read_schema(conn, scene.plan)
    for difference in snapshot_file.difference(scene.end, here, column_order=False)[:_SHOWN]:
        yield finding(
            "end_differs",
            f"the plain migration leaves another schema than the plan: {difference}",
        )
    for name in sorted(own_objects(conn) - scene.own):
        yield finding("leftover", f"at the end of the plan there still is the {name}")
    stamp = scene.plan.stamp
    if stamp is not None and set(here.heads) != set(stamp.to_heads):
        yield finding("heads_differ", f"at the end {stamp.table} holds {', '.join(here.heads)}")


def unprivileged(found: Finding, plan: Plan) -> Finding:
    """What fails may need what a statement makes that was not run."""
    if not any(privileged(step) for step in plan.steps) or not found.source:
        return found
    if found.slug not in ("statement_fails", "step_fails"):
        return found
    return replace(found, remedy=missing_rights.after_privileged(found.source))


def privileged(step: Step) -> bool:
    return isinstance(step, RunSql) and step.privileged


def own_objects(conn: Connection) -> frozenset[str]:
    return frozenset(name for (name,) in conn.execute(_OWN_OBJECTS))


def read_schema(conn: Connection, plan: Plan) -> Snapshot:
    return read.read(conn, version_table=plan.stamp.table if plan.stamp else None)


def version_table(conn: Connection, plan: Plan) -> None:
    """Alembic's version table as the plan expects it: with its heads, empty, or not at all; it
    is no part of a Snapshot's tables."""
    if plan.stamp is None or plan.makes_version_table:
        return
    table = plan.stamp.table
    conn.execute(
        f"CREATE TABLE IF NOT EXISTS {table.sql} (version_num varchar(255) NOT NULL,"
        f" CONSTRAINT {ident(f'{table.name}_pkc')} PRIMARY KEY (version_num))".encode()
    )
    conn.execute(f"DELETE FROM {table.sql}".encode())  # noqa: S608  quoted
    for head in plan.stamp.from_heads:
        conn.execute(f"INSERT INTO {table.sql} VALUES ({literal(head)})".encode())  # noqa: S608


def _renamed(start: Snapshot, end: Snapshot) -> tuple[Name, ...]:
    """The new names of tables: locks are taken by the former ones."""
    gone = [_columns(t) for t in start.tables if end.table(t.name) is None]
    new = (t for t in end.tables if start.table(t.name) is None)
    return tuple(t.name for t in new if _columns(t) in gone)


def _columns(table: Table) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in table.columns]


def tables_at_end(scene: Scene) -> tuple[Table, ...]:
    """The tables that the plan touches, by the names that they have at its end."""
    names = (*touched(scene.plan), *_renamed(scene.start, scene.end))
    return sample_rows.tables(scene.end, names)


def touched(plan: Plan) -> tuple[Name, ...]:
    found: list[Name] = []
    for step in plan.steps:
        found += [lock.table for lock in step.locks]
    return tuple(dict.fromkeys(found))


def converted(scene: Scene, table: Name) -> frozenset[str]:
    """Columns that the plan's triggers fill, whatever was written."""
    return frozenset(a.column for fill in _fills(scene, table) for a in fill.assignments)


def values(scene: Scene, table: Table) -> Mapping[str, str]:
    """How a version reads a column whose types before and after print one value in two forms:
    an expression that is the same for both."""
    start, end = scene.start.table(table.name), scene.end.table(table.name)
    found: dict[str, str] = {}
    for column in table.columns:
        was, now = (t.column(column.name) if t is not None else None for t in (start, end))
        if was is not None and now is not None:
            kind = shared_types.shared(was.type, now.type)
            found |= {column.name: _VALUES[kind]} if kind in _VALUES else {}
    return found


def sources(scene: Scene, table: Table) -> frozenset[str]:
    """Columns that stay, and from which a trigger fills others until the contract, whichever
    version writes them; of a generated column those that it is computed from."""
    near = scene.sharing_rows(table.name)
    stays = any(
        near & {lock.table for lock in step.locks} and "DROP TRIGGER" in "".join(step.sql)
        for step in scene.plan.steps
        if isinstance(step, RunSql) and step.phase is Phase.CONTRACT
    )
    read = {
        column
        for fill in (_fills(scene, table.name) if stays else ())
        for one in fill.assignments
        for column in expressions.columns(expressions.read(one.expression))
        if column != one.column
    }
    computed = {
        column
        for generated in table.columns
        if generated.generated and generated.name in read and generated.default
        for column in expressions.columns(expressions.read(generated.default))
    }
    return frozenset((read | computed) & {column.name for column in table.columns})


def new_ones(scene: Scene, table: Name) -> frozenset[str]:
    """Columns that are kept in sync with one that goes, though they were there before: the old
    version does not know them."""
    start, end = scene.start.table(table), scene.end.table(table)
    if (
        start is None
        or end is None
        or {c.name for c in start.columns} <= {c.name for c in end.columns}
    ):
        return frozenset()
    there = {column.name for column in start.columns}
    synced = (fill for fill in _fills(scene, table) if fill.synced)
    return frozenset(a.column for fill in synced for a in fill.assignments) & there


def _fills(scene: Scene, table: Name) -> list[Backfill]:
    near = scene.sharing_rows(table)
    return [s for s in scene.plan.steps if isinstance(s, Backfill) and s.table in near]
