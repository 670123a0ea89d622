"""ADD UNIQUE while the table is in use, and without failing a version.

ADD UNIQUE builds its index under ACCESS EXCLUSIVE. Here the index is built CONCURRENTLY and
then becomes the constraint's, which takes milliseconds (manual, ALTER TABLE; measured 11-18).

Nothing stops the old version from writing duplicates, so both are CONTRACT, once that version
is gone. Where it is about columns that this train adds, which the old version leaves NULL, or
another unique index refuses the same rows already, it is there before the rollout.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Index, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import AddConstraint
from zdm.recipes import site
from zdm.recipes.column import refusing, unwritten
from zdm.recipes.constraint import duplicates, unique_key
from zdm.recipes.constraint.unique_key import Key
from zdm.recipes.reading import refuse, statements

SLUG = "add_unique"


class AddUnique(Struct, frozen=True, kw_only=True):
    """Add a UNIQUE constraint."""

    table: Name
    key: Key
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        columns = ", ".join(self.key.columns)
        return f"add unique constraint {self.key.name} ({columns}) to {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Duplicates, and what needs the constraint before it is there."""
        del context
        if self.key.index is not None:
            return ()
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self.key.late:
            yield unique_key.duplicates_stop(self.table)
            yield (
                f"until the contract {self.key.name} does not exist: ON CONFLICT on its columns"
                " fails, and duplicates are accepted",
                "let the new version do without it; or, if the old version writes no"
                " duplicates, say CREATE UNIQUE INDEX, which is built before the rollout, and"
                " add the constraint USING INDEX",
            )
        if self.key.says.deferrable:
            yield unique_key.at_once(self.key)

    def choice(self, context: Context) -> Choice:
        """By an index that is there, or one that is built."""
        del context
        return unique_key.choice_of(self.key)

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The index, then the constraint."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        nulls = self.key.says.nulls_not_distinct
        none = duplicates.none(table, self.key.columns, self.key.name, nulls=nulls)
        return unique_key.steps(place, self.key, (none,))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ADD UNIQUE on a table of the Snapshot."""
    action = actions[0]
    fact, said = statements.fact(action, ActionKind.ADD_CONSTRAINT), action.said
    if fact is None or not isinstance(said, AddConstraint):
        return None
    says = said.constraint
    if says.kind != "unique" or says.period:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    index = unique_key.index_of(says, table)
    name = unique_key.name_of(says, table, snapshot, index)
    problem = unique_key.problem(says, table, snapshot, name=name)
    if problem is not None:
        return refuse.refuse(action, "unique_cannot_be_added", *problem)
    columns = unique_key.columns_of(says, index)
    key = Key(
        name=name,
        columns=columns,
        says=says,
        index=index,
        late=not _cannot_break(columns, table, snapshot, nulls=says.nulls_not_distinct),
    )
    operation = AddUnique(table=table.name, key=key, settings=action.statement.settings)
    return Match(operation=operation, consumed=(0,))


def _cannot_break(
    columns: tuple[str, ...], table: Table, snapshot: Snapshot, *, nulls: bool
) -> bool:
    """Whether the old version can write no duplicates."""
    definition = "NULLS NOT DISTINCT" if nulls else ""
    like = Index(name="", definition=definition, keys=columns, columns=columns, unique=True)
    if refusing.implied(like, table, frozenset()):
        return True
    if not unwritten.all_of(columns, table):
        return False
    empty = unwritten.left_null(columns, table, snapshot) if not nulls else frozenset()
    return bool(empty or unwritten.left_different(columns, table, snapshot))
