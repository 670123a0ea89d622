"""ALTER INDEX … RENAME TO.

Only the catalog changes, under SHARE UPDATE EXCLUSIVE on the index alone, so reads and writes
pass (manual, ALTER INDEX; measured 14, 18). No statement of an application names an index, so
it is renamed in EXPAND. The index of a constraint gives its name to the constraint, which
ON CONFLICT ON CONSTRAINT and error messages have: that is renamed in the contract, as with
RENAME CONSTRAINT.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Phase, Step
from zdm.model.schema import Index, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import RenameObject
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import lookup
from zdm.schema.effects import indexes

SLUG = "rename_index"
_RENAME = "ALTER INDEX {i} RENAME TO {n}"
_BACK = "ALTER INDEX IF EXISTS {i} RENAME TO {n}"


class RenameIndex(Struct, frozen=True, kw_only=True):
    """Rename an index of a table or materialized view; `table` None: it does not exist, which
    IF EXISTS allows. `constraint`: it belongs to one of a table in use."""

    table: Name | None
    old: str
    new: str
    constraint: bool = False

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        where = f" of {self.table}" if self.table else " (does not exist)"
        what = "index and constraint" if self.constraint else "index"
        return f"rename {what} {self.old}{where} to {self.new}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Statements that name the constraint, and code that reads its name in an error."""
        del context
        if not self.constraint:
            return ()
        return (
            Hazard(
                operation=SLUG,
                message=f"the constraint {self.old} is called {self.new} only from the contract"
                " on: until then ON CONFLICT ON CONSTRAINT and SET CONSTRAINTS fail with the"
                " new name, and errors have the old one",
                remedy="let the new version name columns, as in ON CONFLICT (column), and know"
                " both names in errors",
            ),
        )

    def choice(self, context: Context) -> Choice:
        """No statement names an index, but for constraints."""
        del context
        if self.table is None:
            return choice.nothing("there is no such index, and the statement says IF EXISTS")
        return choice.by_version(
            "change the catalog alone",
            late=self.constraint,
            early="no statement of an application names an index",
            after="the old version may name its constraint in ON CONFLICT ON CONSTRAINT",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step; none where there is nothing to rename."""
        if self.table is None:
            return ()
        old, new = Name(self.table.schema, self.old), Name(self.table.schema, self.new)
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.table}-{self.old}-rename",
                phase=Phase.CONTRACT if self.constraint else Phase.EXPAND,
                title=self.title,
                sql=(emit.sql(_RENAME, i=Qualified(old), n=Ident(self.new)),),
                locks=(),
                probe=probes.probe(probes.relation(new)),
                undo=(emit.sql(_BACK, i=Qualified(new), n=Ident(self.old)),),
                serves=NEW_ONLY if self.constraint else BOTH,
                reason="Only the catalog changes; the old version, which knows the old name of"
                " the constraint, is gone."
                if self.constraint
                else "Only the catalog changes, under a lock on the index that blocks neither"
                " reads nor writes; no statement of an application names an index.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER INDEX … RENAME of an index of the Snapshot."""
    action, said = actions[0], actions[0].said
    fact = statements.fact(action, ActionKind.RENAME_INDEX)
    if fact is None or not isinstance(said, RenameObject):
        return None
    table = lookup.table_with_index(said.words, snapshot, action.statement.settings)
    of_view = indexes.of_view(said.words, snapshot, action.statement.settings)
    if table is None and of_view is not None:
        return _of_view(action, of_view[0].name, fact, snapshot)
    if table is None and said.if_exists and not snapshot.opaque:
        missing = RenameIndex(table=None, old=fact.name, new=fact.new_name)
        return Match(operation=missing, consumed=(0,))
    index = None if table is None else next(i for i in table.indexes if i.name == fact.name)
    problem = _problem(table, fact.name, fact.new_name, snapshot)
    if table is None or index is None or problem is not None:
        return refuse.refuse(action, "index_cannot_be_renamed", *(problem or ("", "")))
    operation = RenameIndex(
        table=table.name,
        old=fact.name,
        new=fact.new_name,
        constraint=_is_constraint(index, table),
    )
    return Match(operation=operation, consumed=(0,))


def _of_view(action: Action, view: Name, fact: Fact, snapshot: Snapshot) -> Match | Refusal:
    """Of a materialized view."""
    if lookup.in_use(snapshot, Name(view.schema, fact.new_name)):
        return refuse.refuse(action, "index_cannot_be_renamed", *_taken(fact.new_name))
    operation = RenameIndex(table=view, old=fact.name, new=fact.new_name)
    return Match(operation=operation, consumed=(0,))


def _taken(new: str) -> tuple[str, str]:
    return (
        f"the name {new} is in use already, so this statement would fail",
        "give it a name that is free",
    )


def _is_constraint(index: Index, table: Table) -> bool:
    return index.constraint is not None and not table.created


def _problem(
    table: Table | None, old: str, new: str, snapshot: Snapshot
) -> tuple[str, str] | None:
    if table is None:
        return (
            f"there is no index {old} in the schema, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if lookup.in_use(snapshot, Name(table.name.schema, new)) or table.constraint(new):
        return _taken(new)
    return None
