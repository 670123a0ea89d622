"""A plan while both versions write, compared with the plain migration between their writes."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack

from msgspec.structs import replace

from zdm.model.findings import Finding
from zdm.model.plan import Plan, Side
from zdm.model.schema import Name, Table
from zdm.model.sql import literal
from zdm.parse.objects import policies
from zdm.postgres.replay import attempt, constrained_rows, contents, kept_rows, writers
from zdm.postgres.replay import step as replay_step
from zdm.postgres.replay.attempt import Scene
from zdm.postgres.replay.comparison import Compared, Model, ModelFailedError, Outcome
from zdm.postgres.replay.lent_rows import Lender
from zdm.postgres.replay.sample_rows import Samples
from zdm.postgres.replay.step import Shadow, StepFailedError, finding
from zdm.postgres.replay.writers import Log, Sent, Session, Writing
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.recipes.index import replaced

Apply = Callable[[Connection, Plan, Lender], None]
_NONE = "rows that both versions write between the steps were not compared"
_BESIDE = " when both versions write during the plan"


def with_writers(
    scene: Scene, quiet: Model, plain: str, there: Connection, apply: Apply
) -> Outcome:
    """The plan once more beside writes; `quiet` is the model without them, made in `plain`."""
    server = scene.copies.server
    if scene.silence:
        return Outcome(notes=(f"{_NONE}, because {scene.silence}",))
    with ExitStack() as stack:
        end = Session(stack, server, plain)
        writers.admit(there, scene.end, end)
        new = _filled(there, scene, writers.working(there, end, scene, Side.NEW, end))
        new, hidden = _seen(scene, new)
        dsn = stack.enter_context(scene.copies.one())
        scene.copies.begin()
        conn = stack.enter_context(connection.connect(dsn, name="verify", pinned=False))
        _prepared(scene, server, dsn, conn)
        app = Session(stack, server, dsn)
        writers.admit(conn, scene.start, app)
        with contents.numbers_kept(conn):
            old = writers.working(conn, app, scene, Side.OLD, end)
        old, unlike = _alike(scene, old)
        old, untaken = _taken(dsn, scene, old)
        here = Shadow(conn=conn, other=None, used=frozenset())
        writing = Writing(
            plan=scene.plan,
            conn=conn,
            app=app,
            groups={Side.OLD: old, Side.NEW: new},
            gone=kept_rows.deleted(scene.plan),
        )
        try:
            found = list(_run(scene, here, writing))
        except StepFailedError as error:
            found = [error.finding]
        again = _Again(scene=scene, server=server, log=writing.log, apply=apply)
        outcome = _judged(found, writing, quiet, again)
        notes = (*hidden, *unlike, *untaken, *writing.notes, *outcome.notes, *_left(scene))
        return replace(outcome, notes=notes)


def _filled(
    there: Connection, scene: Scene, groups: Sequence[Sequence[Sent]]
) -> tuple[tuple[Sent, ...], ...]:
    """The new version's writes without those that a fill's expression fails for."""
    return tuple(
        tuple(
            one
            for one in group
            if not kept_rows.unfillable(scene.plan, there, one.write.sql, one.path)
        )
        for group in groups
    )


def _seen(
    scene: Scene, groups: Sequence[Sequence[Sent]]
) -> tuple[tuple[tuple[Sent, ...], ...], Sequence[str]]:
    """The new version's writes without those to rows that row security hides from it, or no
    longer does: that begins with the contract, as the plan says."""
    bound = {
        table.name
        for table in scene.end.tables
        if kept_rows.bounded(scene.start, scene.end, table)
    }
    changed = {table.name for table in scene.end.tables if _hides_more(scene, table)}
    freed = {table.name for table in scene.end.tables if _is_freed(scene, table)}

    def stays(one: Sent) -> bool:
        table = one.write.table
        return table not in freed | bound and (table not in changed or bool(one.returned))

    gone = {one.write.table for group in groups for one in group if not stays(one)}
    notes = (
        f"not compared: the new version's writes to {table}, where bounds of partitions refuse"
        " rows until the contract"
        if table in bound
        else f"not compared: the new version's writes to rows of {table} that row security"
        f" hides {'until the contract' if table in freed else 'from the contract on'}"
        for table in sorted(gone)
    )
    return tuple(tuple(filter(stays, group)) for group in groups), tuple(notes)


def _hides_more(scene: Scene, table: Table) -> bool:
    before = scene.start.table(table.name)
    if before is None or not table.row_security:
        return False
    was, now = (before.row_security, before.policies), (table.row_security, table.policies)
    return was != now


def _is_freed(scene: Scene, table: Table) -> bool:
    before = scene.start.table(table.name)
    return before is not None and bool(before.row_security) and not table.row_security


def _alike(
    scene: Scene, groups: Sequence[Sequence[Sent]]
) -> tuple[tuple[tuple[Sent, ...], ...], Sequence[str]]:
    """The old version's writes without those to tables of which it soon sees more rows."""
    shown = {table.name for table in scene.start.tables if _shows_more(scene, table)}
    kept = tuple(tuple(o for o in group if o.write.table not in shown) for group in groups)
    left = (
        f"not compared: the old version's writes to {table}, of which a new policy shows it"
        " more rows than before"
        for table in sorted(shown)
    )
    return kept, tuple(left)


def _shows_more(scene: Scene, table: Table) -> bool:
    after = scene.end.table(table.name)
    if after is None or not table.row_security:
        return False
    known = {p.name for p in table.policies}
    new = (p for p in after.policies if p.name not in known)
    return any(policies.permits(p.definition) for p in new)


def _taken(
    dsn: str, scene: Scene, groups: Sequence[Sequence[Sent]]
) -> tuple[tuple[tuple[Sent, ...], ...], Sequence[str]]:
    """The old version's writes without those whose rows the migration refuses, and a note. The
    author's statements are undone, and what stays of them in a session ends with it."""
    writes = [(one.write.sql, one.path) for group in groups for one in group]
    with (
        connection.connect(dsn, name="verify", pinned=False) as conn,
        contents.numbers_kept(conn),
    ):
        taken = constrained_rows.taken(conn, scene.plan.statements, writes)
    left = len(writes) - sum(sql in taken for sql, _ in writes)
    note = f"not tried, because the migration itself does not take them: {left} writes"
    kept = tuple(tuple(one for one in g if one.write.sql in taken) for g in groups)
    return kept, (f"{note} of the old version",) if left else ()


def _left(scene: Scene) -> Iterator[str]:
    """Writes of the new version that were not done."""
    for table in attempt.tables_at_end(scene):
        columns = attempt.sources(scene, table)
        if columns:
            names = ", ".join(f"{table.name}.{column}" for column in sorted(columns))
            yield (
                f"not compared: the new version's UPDATE of {names}, after which, until the"
                " contract, the plan fills other columns from it again"
            )


def _prepared(scene: Scene, server: Server, dsn: str, conn: Connection) -> None:
    """A copy of the template, as the plan's run finds it."""
    attempt.version_table(conn, scene.plan)
    if scene.lent:
        samples = Samples(snapshot=scene.start)
        with shadow.without_triggers(server, dsn) as quiet:
            for lent in scene.lent:
                samples.put(quiet, scene.start.require_table(lent.table), dict(lent.key))


def _run(scene: Scene, here: Shadow, writing: Writing) -> Iterator[Finding]:
    writing.before()
    for number, step in enumerate(scene.plan.steps):
        writing.ahead(number)
        for _ in replay_step.run(here, step):
            pass  # its claims were judged without writers
        writers.admit(here.conn, scene.start, writing.app)  # views that take a table's name
        yield from writing.after(number)


class _Again:
    """The plain migration between the writes that the plan's run took."""

    def __init__(self, *, scene: Scene, server: Server, log: Log, apply: Apply) -> None:
        self.scene, self.server, self.log, self.apply = scene, server, log, apply
        self.found: list[Finding] = []
        self.notes: dict[str, None] = {}
        self.early: frozenset[int] | None = None  # writes that fail after the migration

    def __call__(self, dsn: str, conn: Connection) -> None:
        self.found.clear()
        _prepared(self.scene, self.server, dsn, conn)
        with ExitStack() as stack:
            app = Session(stack, self.server, dsn)
            writers.admit(conn, self.scene.start, app)
            self._repeat(app, Side.OLD)
            self._apply(dsn, conn)
            writers.admit(conn, self.scene.end, app)
            self._repeat(app, Side.NEW)

    def _apply(self, dsn: str, conn: Connection) -> None:
        lender = Lender(server=self.server, dsn=dsn, start=self.scene.start)
        try:
            self.apply(conn, self.scene.plan, lender)
        except StepFailedError as error:
            raise ModelFailedError(error.finding.message) from error

    def late(self, dsn: str, conn: Connection) -> AbstractSet[Name]:
        """The old version's writes after the migration instead, where it takes them there: of
        a row that a fill and an old version write, either may come first. Says nothing about
        tables for which a write fails all the same."""
        if self.early is None:
            with (
                self.scene.copies.one() as there,
                connection.connect(there, name="verify", pinned=False) as other,
            ):
                failed = self._sent_late(there, other, frozenset())
                self.early = frozenset(failed & {id(one) for one in self.log.sent[Side.OLD]})
        failed = self._sent_late(dsn, conn, self.early)
        sent = (*self.log.sent[Side.OLD], *self.log.sent[Side.NEW])
        return {one.write.table for one in sent if id(one) in failed}

    def _sent_late(
        self, dsn: str, conn: Connection, early: AbstractSet[int]
    ) -> AbstractSet[int]:
        """The writes that fail, or do not, otherwise than in the plan. Only the early ones of
        the old version come before the migration."""
        old, new = self.log.sent[Side.OLD], self.log.sent[Side.NEW]
        before = [one for one in old if id(one) in early]
        after = [*(one for one in old if id(one) not in early), *new]
        _prepared(self.scene, self.server, dsn, conn)
        with ExitStack() as stack:
            app = Session(stack, self.server, dsn)
            writers.admit(conn, self.scene.start, app)
            failed = {id(one) for one in before if _fails_otherwise(app, one)}
            self._apply(dsn, conn)
            writers.admit(conn, self.scene.end, app)
            return failed | {id(one) for one in after if _fails_otherwise(app, one)}

    def _repeat(self, app: Session, side: Side) -> None:
        sent = []
        for one in self.log.sent[side]:
            excuse = (_excused if side is Side.NEW else _repeats)(self.scene, one)
            if excuse:
                self.notes[excuse] = None
            else:
                sent.append(one)
        for found in _repeated(app, sent, side):
            if isinstance(found, str):
                raise ModelFailedError(found)
            self.found.append(found)


def _judged(found: list[Finding], writing: Writing, quiet: Model, again: _Again) -> Outcome:
    scene = again.scene
    with (
        scene.copies.one() as dsn,
        connection.connect(dsn, name="verify", pinned=False) as conn,
    ):
        try:
            again(dsn, conn)
        except ModelFailedError as error:
            return Outcome(
                notes=(
                    "rows written between the steps were not compared, because the migration"
                    f" itself does not take them: {error}",
                )
            )
        return _compared(found, writing, quiet, again, conn)


def _compared(
    found: list[Finding], writing: Writing, quiet: Model, again: _Again, conn: Connection
) -> Outcome:
    scene = again.scene
    found += again.found
    model = Model(
        copies=scene.copies,
        start=quiet.start,
        tables=quiet.tables,
        written=quiet.written,
        drawn=quiet.drawn,
        again=again,
        late=again.late,
        during=_BESIDE,
    )
    if found:
        return Outcome(found=tuple(dict.fromkeys(found)))
    model.read(conn)
    outcome = model.compare(writing.conn)
    compared = Compared(writes=writing.log.count)
    return Outcome(found=outcome.found, compared=compared, notes=(*again.notes, *outcome.notes))


def _excused(scene: Scene, one: Sent) -> str:
    """Why a write may fail in the plan alone: its value goes to the old column too, and a
    constraint of that column, which ends with it, refuses the value; or a row that the plan
    deletes has its key, or a key stays that its author asserts; else nothing."""
    table = one.write.table
    before, after = scene.start.table(table), scene.end.table(table)
    if not one.constraint or before is None or after is None:
        return ""
    unique = {index.name for index in before.indexes if index.unique}
    if one.constraint in unique and any(map(kept_rows.deletes, scene.plan.steps)):
        return f"until the plan deletes rows, {one.constraint} of {table} has their keys"
    if one.constraint in {*unique, *map(replaced.aside, unique)} and _promised(scene, table):
        return (
            f"until the contract {one.constraint} of {table} refuses rows, as its author says"
        )
    if not attempt.converted(scene, table) & {*one.write.columns}:
        return ""
    ends = _constraints(before) - _constraints(after)
    if one.constraint not in ends:
        return ""
    return (
        f"until the contract {one.constraint} of {table} also refuses values of the new"
        " version, although the migration drops it"
    )


def _repeats(scene: Scene, one: Sent) -> str:
    """Why a write of the old version may fail in the plan alone: before the rollout there is a
    new key, and the migration only corrects rows that it refuses and that are there already."""
    table = one.write.table
    before, after = scene.start.table(table), scene.end.table(table)
    if before is None or after is None:
        return ""
    new = {i.name for i in after.indexes if i.unique} - {i.name for i in before.indexes}
    if one.constraint not in new:
        return ""
    return f"{one.constraint} of {table} refuses what the old version repeats, once it is there"


def _promised(scene: Scene, table: Name) -> bool:
    steps = kept_rows.promised(scene.plan)
    return any(
        step.id in steps and table in {lock.table for lock in step.locks}
        for step in scene.plan.steps
    )


def _constraints(table: Table) -> frozenset[str]:
    names = (*(c.name for c in table.constraints), *(i.name for i in table.indexes))
    return frozenset(names)


def _fails_otherwise(app: Session, one: Sent) -> bool:
    return bool(app.send(one.write, one.path).error) is not bool(one.error)


def _repeated(app: Session, sent: Sequence[Sent], side: Side) -> Iterator[Finding | str]:
    """Do the writes again in the model; a text: one that works only in the plan."""
    for one in sent:
        found = app.send(one.write, one.path)
        if found.error and not one.error:
            yield f"{one.write.sql}: {found.error}"
        elif one.error and not found.error:
            where = f"after the step {one.step.id}" if one.step else "before the first step"
            words = (
                f"{where} the {side} version's write to {one.write.table} fails: {one.error}"
            )
            yield finding("write_fails", words, one.step, one.write.sql)
        elif found.returned == one.expected and found.returned != one.returned:
            yield finding(
                "rows_differ",
                f"the {side} version writes to {one.write.table} and reads back"
                f" {_shown(one.returned)} during the plan, but {_shown(found.returned)} on the"
                " plain schema",
                one.step,
                one.write.sql,
            )


def _shown(rows: writers.Returned) -> str:
    return ", ".join(
        "(" + ", ".join("NULL" if v is None else literal(str(v)) for v in row) + ")"
        for row in rows
    )
