"""CREATE TABLE: the table is not in use yet, so it runs as written in EXPAND.

Only tables that exist already matter: a REFERENCES takes SHARE ROW EXCLUSIVE on the table it
points at, LIKE takes ACCESS SHARE, INHERITS takes SHARE UPDATE EXCLUSIVE, and PARTITION OF
takes ACCESS EXCLUSIVE on the parent (measured 11-18); all of them for milliseconds. With a
DEFAULT partition, PARTITION OF reads it whole under ACCESS EXCLUSIVE, so that is refused.
"""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from zdm.model import syntax
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step, TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.parse import emit
from zdm.parse.emit import Body, Qualified
from zdm.recipes import run_sql
from zdm.recipes.partition import attached, reached
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import family, lookup

SLUG = "create_table"


class CreateTable(Struct, frozen=True, kw_only=True):
    """Make a table. `there`: it exists and the statement has IF NOT EXISTS."""

    table: Name
    statement: Statement
    locks: tuple[TableLock, ...]
    there: bool = False
    detached_from: Name | None = None  # by the undo
    written: bool = False  # through its parent, by both versions

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"create table {self.table}" + (" (already exists)" * self.there)

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """IF NOT EXISTS accepts any table of that name."""
        del context
        if not self.there:
            return ()
        message = f"{self.table} already exists, and it is not compared with this CREATE TABLE"
        return (Hazard(operation=SLUG, message=message, remedy="remove IF NOT EXISTS"),)

    def choice(self, context: Context) -> Choice:
        """Nothing uses it yet."""
        del context
        if self.there:
            return choice.nothing("the table is there, and the statement says IF NOT EXISTS")
        return choice.single("run it as written", because="nothing uses a new table yet")

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement."""
        if self.there:
            return ()
        owner = Owned(operation=SLUG, origin=context.origin)
        return (
            run_sql.as_authored(
                owner,
                self.statement,
                id=f"{self.table}-create",
                title=self.title,
                locks=self.locks,
                probe=probes.probe(probes.relation(self.table)),
                undo=(
                    *self._detach(),
                    emit.sql("DROP TABLE IF EXISTS {t}", t=Qualified(self.table)),
                ),
                undo_checks=(attached.no_rows(self.table),) if self._has_rows else (),
                reason="A new table is not in use yet.",
            ),
        )

    @property
    def _has_rows(self) -> bool:
        """Whether both versions write rows into it, through the table above."""
        return self.written and self.detached_from is not None

    def _detach(self) -> tuple[str, ...]:
        """A partition cannot be dropped while a foreign key references its parent, and not with
        rows that were written through it; the undo may meet a step that was begun and not
        done."""
        if self.detached_from is None:
            return ()
        if self._has_rows:
            return (attached.detach_empty(self.detached_from, self.table),)
        alter = emit.sql(
            "ALTER TABLE {p} DETACH PARTITION {t}",
            p=Qualified(self.detached_from),
            t=Qualified(self.table),
        )
        body = f"BEGIN IF ({probes.partition(self.table)}) THEN {alter}; END IF; END"
        return (emit.sql("DO {body}", body=Body(body)),)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE TABLE."""
    action = actions[0]
    says = action.said
    if isinstance(says, syntax.CreateTableAs):
        return refuse.refuse(
            action,
            "create_table_as",
            "CREATE TABLE … AS copies rows at one moment, so what the old version writes later"
            " is missing from the copy",
            "create the table with its columns, and fill it once the old version is gone",
        )
    if not isinstance(says, syntax.CreateTable):
        return None
    if says.table.persistence == "temporary":
        return refuse.refuse(
            action,
            "temporary_table",
            f"the temporary table {says.table.name} would be gone before the next step runs",
            "use an ordinary table and drop it in a later release",
        )
    fact = statements.fact(action, ActionKind.CREATE_TABLE)
    return None if fact is None else _recognised(action, says, fact, snapshot)


def _recognised(
    action: Action, says: syntax.CreateTable, fact: Fact, snapshot: Snapshot
) -> Match | Refusal:
    settings = action.statement.settings
    name = lookup.made(says.table, snapshot, settings)
    found = partial(lookup.found, snapshot=snapshot, settings=settings)
    for other in map(
        found, (*says.referenced, *says.parents, *(x.relation for x in says.likes))
    ):
        if other != name and lookup.is_missing(snapshot, other):
            return statements.unknown_table(action, other)
    parents = tuple(t for p in says.parents if (t := snapshot.table(found(p))) is not None)
    there = snapshot.table(name) is not None
    if there and not fact.if_exists:
        problem: tuple[str, str] | None = (
            f"the table {name} already exists, so this statement would fail",
            "remove the statement, or make a new snapshot of the database",
        )
    else:
        problem = _problem(says, parents, snapshot)
    if problem is not None:
        return refuse.refuse(action, "create_table_cannot_be_planned", *problem)
    written = says.is_partition and any(
        not parent.created or reached.is_reached(parent, snapshot) for parent in parents
    )
    referenced = says.is_partition and _referenced(parents, snapshot)
    operation = CreateTable(
        table=name,
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        there=there,
        detached_from=parents[0].name if written or referenced else None,
        written=written,
    )
    return Match(operation=operation, consumed=(0,))


def _referenced(parents: tuple[Table, ...], snapshot: Snapshot) -> bool:
    """Whether a foreign key references the parent, or a table above it."""
    above = [parent.name for parent in parents]
    for name in above:
        table = snapshot.table(name)
        above += family.parents(table) if table is not None else ()
    return any(c.references in above for t in snapshot.tables for c in t.constraints)


def _problem(
    says: syntax.CreateTable,
    parents: tuple[Table, ...],
    snapshot: Snapshot,
) -> tuple[str, str] | None:
    for parent in parents:
        leaves = [t for t in snapshot.tables if t.partition_of == parent.name]
        default = next((t for t in leaves if t.partition_bound == family.DEFAULT), None)
        if says.is_partition and default is not None and not parent.created:
            return (
                f"PARTITION OF {parent.name} reads the whole DEFAULT partition {default.name},"
                " and blocks all reads and writes of both meanwhile",
                "exclude the bounds from the DEFAULT partition by a CHECK in an earlier"
                " release, then create the table by itself, and ATTACH PARTITION",
            )
    return None
