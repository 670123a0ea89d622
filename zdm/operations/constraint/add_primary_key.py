"""ADD PRIMARY KEY while the table is in use, and without failing a version.

ADD PRIMARY KEY builds its index under ACCESS EXCLUSIVE, and reads the table under it for NULLs
unless a validated CHECK or NOT NULL proves that there are none. Here NOT NULL is proved first,
the index is built CONCURRENTLY, and then becomes the key's, which takes milliseconds (manual,
ALTER TABLE; measured 12-18).

Nothing stops the old version from writing duplicates or NULL, so all of it is CONTRACT, once
that version is gone. Where a unique index on columns that are NOT NULL refuses the same rows
already, or the columns are new and get a value of their own in each row, it is there before
the rollout.
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
from zdm.schema import family

SLUG = "add_primary_key"


class AddPrimaryKey(Struct, frozen=True, kw_only=True):
    """Add a primary key; `nullable` are its columns that are not NOT NULL yet."""

    table: Name
    key: Key
    nullable: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return (
            f"add primary key {self.key.name} ({', '.join(self.key.columns)}) to {self.table}"
        )

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Rows that cannot have the key, and what needs it before it is there."""
        del context
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self.nullable:
            yield (
                f"rows of {self.table} with NULL in {', '.join(self.nullable)} stop the"
                " contract, which names them",
                "fill them with an UPDATE in the same train, and what the old version writes"
                " afterwards once it is gone",
            )
        if self.key.late and self.key.index is None:
            yield (
                f"duplicates in {self.table} stop the contract, which names them; until then"
                f" {self.key.name} does not exist, and ON CONFLICT on its columns fails",
                "remove them before, and let the new version do without the key until the"
                " contract",
            )

    def choice(self, context: Context) -> Choice:
        """By an index that is there, or one that is built."""
        del context
        return unique_key.choice_of(self.key, proves=bool(self.nullable))

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """NOT NULL, the index, then the key."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        none = duplicates.none(table, self.key.columns, self.key.name, nulls=False)
        proofs = [s for c in self.nullable for s in unique_key.filled(place, c)]
        return (*proofs, *unique_key.steps(place, self.key, (none,)))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ADD PRIMARY KEY on a table of the Snapshot."""
    action = actions[0]
    fact, said = statements.fact(action, ActionKind.ADD_CONSTRAINT), action.said
    if fact is None or not isinstance(said, AddConstraint):
        return None
    says = said.constraint
    if says.kind != "primary key" or says.period:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    index = unique_key.index_of(says, table)
    name = unique_key.name_of(says, table, snapshot, index)
    problem = _problem(table, snapshot) or unique_key.problem(says, table, snapshot, name=name)
    if problem is not None:
        return refuse.refuse(action, "primary_key_cannot_be_added", *problem)
    columns = unique_key.columns_of(says, index)
    nullable = tuple(c for c in columns if not _filled(table, c))
    safe = not nullable and _cannot_break(columns, table, snapshot)
    key = Key(name=name, columns=columns, says=says, index=index, late=not safe)
    operation = AddPrimaryKey(
        table=table.name, key=key, nullable=nullable, settings=action.statement.settings
    )
    return Match(operation=operation, consumed=(0,))


def _problem(table: Table, snapshot: Snapshot) -> tuple[str, str] | None:
    if not family.primary_key(snapshot, table):
        return None
    return (
        f"{table.name} has a primary key already, so this statement would fail",
        "make it UNIQUE, or drop the other one in an earlier release",
    )


def _filled(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.not_null


def _cannot_break(columns: tuple[str, ...], table: Table, snapshot: Snapshot) -> bool:
    """Whether the old version can write no duplicates."""
    like = Index(name="", definition="", keys=columns, columns=columns, unique=True)
    if refusing.implied(like, table, frozenset()):
        return True
    return unwritten.all_of(columns, table) and bool(
        unwritten.left_different(columns, table, snapshot)
    )
