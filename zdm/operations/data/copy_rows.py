"""INSERT … SELECT of many rows: they are copied in batches by the key of the table that they
come from.

One INSERT of many rows keeps vacuum from cleaning until it commits, and where the run is killed
all of it is done again. A batch takes the rows of which nothing was copied yet, and its cursor
is written in the same transaction, so nothing is inserted twice. The rows are those that were
committed when the step began: what the applications write later is not copied, as after the
author's own statement.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    Backfill,
    Copy,
    Phase,
    Step,
    TableLock,
)
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import Insert
from zdm.parse.readers import fired
from zdm.recipes import cost
from zdm.recipes.index import walk_key
from zdm.recipes.reading import copies, few, refuse, statements

SLUG = "copy_rows"
_Line = tuple[str, str]  # fact and remedy
_CHECK = "check that the audit rows, notifications and changes are acceptable"


class CopyRows(Struct, frozen=True, kw_only=True):
    """Insert a row for each one of another table, into one that the train makes. `sources`:
    all that it reads of tables in use; `key`: by which a copied row is known; `unique`: no two
    rows can have the same."""

    table: Name
    source: Name
    sources: tuple[Name, ...]
    columns: tuple[str, ...]
    insert: str
    differs: str
    key: tuple[str, ...]
    unique: bool
    leaves_out: bool  # what is there already, as its author says
    locks: tuple[TableLock, ...]
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"copy rows of {self.source} into {self.table} in batches"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What the copy leaves out."""
        source = context.snapshot.require_table(self.source)
        target = context.snapshot.require_table(self.table)
        lines = [
            (
                f"rows that an application writes to {self.source} later get none in"
                f" {self.table}; those that it writes while the step runs may get one",
                "make sure that the new version writes both places, and copy the rest in a"
                " revision that is planned after this train is contracted",
            ),
            *self._left_out(),
        ]
        names = _firing(target)
        if names:
            fact = f"triggers of {self.table} fire for the rows that are copied: {names}"
            lines.append((fact, _CHECK))
        if not walk_key.walk(source):
            fact = f"{self.source} has no key, so its pages are scanned, twice at least"
            lines.append((fact, "give it a primary key"))
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _left_out(self) -> Iterator[_Line]:
        key = ", ".join(self.key)
        if self.unique and not self.leaves_out:
            yield (
                f"a row whose {key} is in {self.table} already, or in another row of the copy,"
                " is left out, where the statement itself would fail",
                f"make sure that the rows have different values of {key}, or that the rows"
                f" which are in {self.table} are right",
            )

    def choice(self, context: Context) -> Choice:
        """Batches with a checkpoint."""
        del context
        return choice.single(
            "copy the rows in batches by the key of their table",
            Trait.BATCHES,
            because="as one statement it keeps vacuum from cleaning until it ends, and begins"
            " again when it is killed",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The batches."""
        source = context.snapshot.require_table(self.source)
        target = context.snapshot.require_table(self.table)
        return (
            Backfill(
                id=f"{self.table}-copy",
                operation=SLUG,
                phase=Phase.BACKFILL,
                title=self.title,
                table=self.source,
                key=walk_key.walk(source),
                assignments=(),
                differs=self.differs,
                sources=self.sources,
                copy=Copy(
                    table=self.table,
                    columns=self.columns,
                    sql=self.insert,
                    unique=self.unique,
                    locks=self.locks,
                ),
                settings=self.settings,
                undo=(),
                serves=BOTH,
                reason="Batches are short transactions, each with its checkpoint, so a run that"
                " is killed resumes and inserts no row twice.",
                origin=context.origin,
                cost=cost.copy_rows(source, target),
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """An INSERT of rows of tables in use that are not known to be few, into a new one."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.INSERT)
    table = None if fact is None or fact.table is None else snapshot.table(fact.table)
    says = action.said
    if table is None or not table.created:
        return None
    if not isinstance(says, Insert) or says.written_out:
        return None
    sources = few.sources(action, snapshot)
    if sources is None or all(t.created for t in sources) or few.inserts(action, snapshot):
        return None
    found = copies.read(action, table, snapshot, walk_key.walk)
    if isinstance(found, tuple):
        return refuse.refuse(action, "copy_cannot_be_batched", *found)
    operation = CopyRows(
        table=table.name,
        source=found.source.name,
        sources=tuple(t.name for t in sources if not t.created and t.name != found.source.name),
        columns=found.columns,
        insert=found.insert,
        differs=found.differs,
        key=found.key,
        unique=found.unique,
        leaves_out=found.leaves_out,
        locks=statements.of_author(snapshot, action),
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))


def _firing(table: Table) -> str:
    """The triggers that an INSERT fires, by name."""
    return ", ".join(
        trigger.name
        for trigger in table.triggers
        if trigger.enabled in ("O", "A") and fired.trigger(trigger.definition).on_insert
    )
