"""Rename a column while both versions write.

RENAME COLUMN breaks the old version at once, and a view with both names rejects statements
that set both. So the new name is a new column, kept in sync by the canonical sync trigger
until the old version is gone (manual, ALTER TABLE; CREATE TRIGGER).

A rename is written in one of two ways. A plain RENAME COLUMN keeps everything that depends on
the column, so it is carried over. ADD, UPDATE new = old, DROP keeps only what the train itself
puts on the new column, so nothing is carried.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.recipes import site
from zdm.recipes.column import carry_dependents, dependents, dual_write, fusion, partitioned
from zdm.recipes.column.carry_dependents import Move
from zdm.recipes.column.fusion import Fused
from zdm.recipes.column.outgrown import NOTHING, Outgrown
from zdm.recipes.object import row_text
from zdm.recipes.reading import filled, refuse
from zdm.recipes.trigger import sync
from zdm.recipes.trigger.sync import Pair
from zdm.schema import generated_names, type_change

SLUG = "rename_column"


class RenameColumn(Struct, frozen=True, kw_only=True):
    """Rename a column; `carry`: with everything that depends on it, as RENAME COLUMN does, but
    for the indexes in `without`, which the train drops afterwards."""

    table: Name
    old: str
    new: Column
    carry: bool
    adds: bool = True
    default: str | None = None
    where: str = ""  # what the author's UPDATE adds, over bare names
    outgrown: Outgrown = NOTHING
    without: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"rename {self.table}.{self.old} to {self.new.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        table = context.snapshot.require_table(self.table)
        vanish = () if self.carry else dependents.vanishing(context.snapshot, table, self.old)
        lines = [
            (
                f"no version may write both {self.old} and {self.new.name} of {self.table} with"
                " different values: the new column wins",
                "let each version use only its own column",
            ),
            (
                f"clients that prepared `SELECT *` or `RETURNING *` on {self.table} fail once,"
                " when the column is added and when the old one is dropped",
                "list columns explicitly, or recycle the connections",
            ),
            *(
                (
                    f"{what} is dropped with {self.old}, and the revisions do not recreate it",
                    f"recreate it on {self.new.name} in a revision of this train",
                )
                for what in vanish
            ),
            *dual_write.two_unique(table, self.old, self.new.name, built=self.carry),
            *dependents.elsewhere(context.left, table, self.old),
            *self.outgrown.hazards(table, self.old, self.new.name),
            *dual_write.explicit_null(
                table.require_column(self.old), self.new, context.snapshot, carried=self.carry
            ),
            *filled.hazards(table, self.new.name),
        ]
        return tuple(
            Hazard(operation=SLUG, message=text, remedy=remedy, origin=context.origin)
            for text, remedy in lines
        )

    def choice(self, context: Context) -> Choice:
        """Both names work while both versions run."""
        del context
        return choice.of(
            choice.way(
                "catalog",
                "RENAME COLUMN, a change of the catalog alone",
                False,
                unless="the old version fails with the new name, and the new one with the old",
                wording=f"no statement: keep the name {self.old}, and let the application map"
                " its own name to it",
            ),
            choice.way(
                "new_column",
                "a new column that a trigger keeps equal, filled in batches"
                + (", with everything that depends on the old one" if self.carry else ""),
                True,
                Trait.BATCHES,
                Trait.TRIGGER,
                Trait.WAITS,
                because="each version has the name that it knows until the old one is gone",
                may=(Trait.SCANS, Trait.BUILDS),
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Add and sync, fill, carry over, and drop the old column after the rollout."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        pair = self._pair(table)
        kept = tuple(index for index in table.indexes if index.name not in self.without)
        carrying = replace(place, table=replace(table, indexes=kept))
        move = Move(site=carrying, old=self.old, new=self.new.name)
        carried = carry_dependents.steps(move) if self.carry else ()
        unique = carry_dependents.unique_steps(move) if self.carry else ()
        names, done = carry_dependents.renames(move) if self.carry else ((), ())
        default = pair.old.default if self.carry else self.default
        fill = dual_write.fill(place, pair, self.where)
        analyze = dual_write.analyze(place, self.new.name, target=pair.new.statistics)
        return (
            sync.install(place, pair, carry_dependents.properties(move) if self.carry else ()),
            *self.outgrown.steps(place, pair.old, self.new.name),
            *carry_dependents.not_new_before_unique((fill, *carried, *analyze, *unique)),
            dual_write.contract(self.outgrown.left(place, self.old), pair, default=default),
            *dual_write.drop_foreign_keys(place, self.old, all_of_them=False),
            dual_write.drop(place, self.old, names, done),
        )

    def _pair(self, table: Table) -> Pair:
        return Pair(
            old=table.require_column(self.old),
            new=self.new,
            forward=ident(self.old),
            backward=ident(self.new.name),
            adds=self.adds,
        )


class NoTable(Struct, frozen=True, kw_only=True):
    """RENAME COLUMN of a table that does not exist, with IF EXISTS."""

    table: Name
    old: str
    new: str

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"rename {self.table}.{self.old} to {self.new} (table does not exist)"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """None."""
        del context
        return ()

    def choice(self, context: Context) -> Choice:
        """Nothing to do."""
        del context
        return choice.nothing("there is no such table, and the statement says IF EXISTS")

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """No step."""
        del context
        return ()


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """RENAME COLUMN, or add, copy and drop."""
    fact = actions[0].fact
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    if fact.kind is ActionKind.RENAME_COLUMN:
        return _plain(actions, fact.table, fact, snapshot)
    found = fusion.find(actions, snapshot)
    if isinstance(found, Refusal):
        return found
    return _fused(actions, found, snapshot) if found is not None and found.identity else None


def _plain(
    actions: Sequence[Action], name: Name, fact: Fact, snapshot: Snapshot
) -> Match | Refusal | None:
    action = actions[0]
    table = snapshot.table(name)
    old = table.column(fact.name) if table is not None else None
    if table is None and fact.if_exists and not snapshot.opaque:
        return _without_table(name, fact, snapshot)
    if table is None or old is None or table.created:
        return None
    refusal = (
        _cannot(action, table, old, snapshot)
        or _refused(
            action, table, fact.name, carry_dependents.obstacles(snapshot, table, fact.name)
        )
        or partitioned.not_renamed(action, "rename_blocked", table, fact.name)
    )
    if refusal is not None:
        return refusal
    new = replace(old, name=fact.new_name, not_null=False, default=None)
    operation = RenameColumn(
        table=name,
        old=fact.name,
        new=new,
        carry=True,
        without=tuple(_dropped(actions[1:], table)),
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))


def _without_table(name: Name, fact: Fact, snapshot: Snapshot) -> Match | None:
    """ALTER TABLE also renames columns of views, which is not planned."""
    if name.name in generated_names.taken(snapshot, name.schema):
        return None
    operation = NoTable(table=name, old=fact.name, new=fact.new_name)
    return Match(operation=operation, consumed=(0,))


def _dropped(later: Sequence[Action], table: Table) -> Iterator[str]:
    """Indexes that only make queries fast, and that the train drops: the new column does not
    need them."""
    gone = {
        action.fact.name.rpartition(".")[2]
        for action in later
        if isinstance(action.fact, Fact)
        if action.fact.kind is ActionKind.DROP_INDEX and not action.statement.vouched
    }
    for index in table.indexes:
        if index.name in gone and not index.unique and index.constraint is None:
            yield index.name


def _fused(actions: Sequence[Action], found: Fused, snapshot: Snapshot) -> Match | Refusal:
    refusal = (
        _refused(actions[0], found.table, found.old.name, fusion.obstacles(snapshot, found))
        or _cannot(actions[0], found.table, found.new, snapshot)
        or partitioned.not_in_sync(actions[0], "rename_blocked", found)
        or fusion.refused(actions[0], found)
    )
    if refusal is not None:
        return replace(refusal, consumed=found.consumed)
    operation = RenameColumn(
        table=found.table.name,
        old=found.old.name,
        new=found.new,
        carry=False,
        adds=found.adds,
        default=found.default,
        where="" if found.adds else found.differs_where,
        outgrown=found.outgrown,
        settings=found.settings,
    )
    directives = (found.reverse,) if found.reverse is not None else ()
    filled = ((found.table.name, found.new.name),) if found.old.not_null else ()
    return Match(
        operation=operation,
        consumed=found.consumed,
        directives=directives,
        kept_filled=filled,
    )


def _cannot(action: Action, table: Table, column: Column, snapshot: Snapshot) -> Refusal | None:
    """The new column would rewrite the table, or its rows cannot be filled."""
    problem = filled.obstacle(table, snapshot) or row_text.obstacle(table, snapshot)
    if type_change.is_constrained(column.type, snapshot):
        problem = (
            f"the new column would be of the domain {column.type}, which has constraints, so"
            " adding it rewrites the table under ACCESS EXCLUSIVE",
            "keep the name; or change the column to the domain's base type in an earlier"
            " release, which rewrites nothing, with its CHECK on the table",
        )
    if problem is None:
        return None
    return refuse.refuse(
        action,
        "rename_blocked",
        f"{table.name}.{column.name} cannot be renamed without downtime: {problem[0]}",
        problem[1],
    )


def _refused(
    action: Action, table: Table, column: str, obstacles: tuple[str, ...]
) -> Refusal | None:
    if not obstacles:
        return None
    return refuse.refuse(
        action,
        "rename_blocked",
        f"{table.name}.{column} cannot be renamed without downtime, because these would stay"
        f" on the old column: {', '.join(obstacles)}",
        "drop them in an earlier release and recreate them on the new column in a later one,"
        " or keep the name",
    )
