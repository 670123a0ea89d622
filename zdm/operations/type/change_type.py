"""Change a column's type.

A change that PostgreSQL makes in the catalog alone is one short step. Any other rewrites the
table under ACCESS EXCLUSIVE (manual, ALTER TABLE, Notes), so the type changes by way of a new
column: ADD new, UPDATE new = f(old), DROP old, kept in sync by the sync trigger. The reverse g
is known for casts that lose nothing, else the author gives it by `-- zdm: reverse old = g`.
Under the same name, old and new version would read one column with two types: refused, but
for those that both can share (`retype_column`, `widen_integer`).
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model import syntax
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.expression import Call
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Column, Name, Snapshot, Table, Volatility
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.parse import expressions
from zdm.recipes import site
from zdm.recipes.column import dependents, dual_write, fusion, new_column, partitioned
from zdm.recipes.column.fusion import Fused
from zdm.recipes.column.outgrown import NOTHING, Outgrown
from zdm.recipes.object import row_text
from zdm.recipes.reading import filled, refuse, session_dependent
from zdm.recipes.trigger import sync
from zdm.recipes.trigger.sync import Pair
from zdm.recipes.type import inverses, metadata_only, shared_types
from zdm.recipes.type.catalog_type import CatalogType
from zdm.schema import type_change, type_names, volatility
from zdm.schema.type_change import Cost

SLUG = "change_type"
_NEW_COLUMN = (
    "add a column of the new type, fill it with one UPDATE, drop the old one: zdm keeps the"
    " two in sync; a second such release restores the name"
)
_AS_IT_IS = "keep the type"


class ChangeType(Struct, frozen=True, kw_only=True):
    """A new column of another type takes the old one's place; `forward` is over the old
    column, `backward` over the new one, both by bare names."""

    table: Name
    old: str
    new: Column
    forward: str
    backward: str
    given: bool  # the author gave `backward`
    adds: bool = True
    default: str | None = None
    where: str = ""
    outgrown: Outgrown = NOTHING
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"change type of {self.table}.{self.old} to {self.new.type} in {self.new.name}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        table = context.snapshot.require_table(self.table)
        old = table.require_column(self.old)
        total = (
            f"`{self.forward}` must accept every value that the old version can write to"
            f" {self.old}: an error in it fails the old version's write",
            "try it on the data, and handle the rest with CASE",
        )
        held = (
            f"until the contract, a value of {self.new.name} that {old.type} cannot hold"
            + (
                " is rejected, because the old column is NOT NULL"
                if old.not_null and not self.outgrown.null
                else f" is NULL in {self.old} for the old version"
            ),
            "let the new version write such values only after the contract",
        )
        takes_labels = self._takes_labels(context.snapshot, old)
        lines = [
            *((total,) if self.given or takes_labels else ()),
            *(() if takes_labels and not self.given else (held,)),
            (
                f"no version may write both {self.old} and {self.new.name} of {self.table} with"
                " different values: the new column wins",
                "let each version use only its own column",
            ),
            *(
                (
                    f"{what} is dropped with {self.old}, and the revisions do not recreate it",
                    f"recreate it on {self.new.name} in a revision of this train",
                )
                for what in dependents.vanishing(context.snapshot, table, self.old)
            ),
            *dual_write.two_unique(table, self.old, self.new.name, built=False),
            *dependents.elsewhere(context.left, table, self.old),
            *self.outgrown.hazards(table, self.old, self.new.name),
            *dual_write.explicit_null(old, self.new, context.snapshot),
            *filled.hazards(table, self.new.name),
        ]
        return tuple(
            Hazard(operation=SLUG, message=text, remedy=remedy, origin=context.origin)
            for text, remedy in lines
        )

    def _takes_labels(self, snapshot: Snapshot, old: Column) -> bool:
        """Whether a text must be a label."""
        to, was = (inverses.labels(kind, snapshot) for kind in (self.new.type, old.type))
        return bool(to) and not was

    def choice(self, context: Context) -> Choice:
        """By way of the new column, since both names are used."""
        old = context.snapshot.require_table(self.table).require_column(self.old)
        free = type_change.cost(old.type, self.new.type, context.snapshot) is Cost.FREE
        return choice.of(
            choice.way(
                "catalog",
                "ALTER COLUMN … TYPE, a change of the catalog alone",
                False,
                unless="the train fills another column instead"
                if free
                else "PostgreSQL would rewrite every row while reads and writes wait",
                wording=f"ALTER COLUMN {ident(self.old)} TYPE {self.new.type}, which keeps the"
                " name and reads no row"
                if free
                else "",
            ),
            choice.way(
                "new_column",
                "the new column, kept in sync by a trigger and filled in batches",
                True,
                Trait.BATCHES,
                Trait.TRIGGER,
                Trait.WAITS,
                because="each version has its own column until the old version is gone",
                may=(Trait.SCANS, Trait.BUILDS),
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Add and sync, fill, and drop the old column after the rollout."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        pair = Pair(
            old=table.require_column(self.old),
            new=self.new,
            forward=self.forward,
            backward=self.backward,
            adds=self.adds,
        )
        return (
            sync.install(place, pair),
            *self.outgrown.steps(place, pair.old, self.new.name),
            dual_write.fill(place, pair, self.where),
            *dual_write.analyze(place, self.new.name),
            dual_write.contract(
                self.outgrown.left(place, self.old), pair, default=self.default
            ),
            *dual_write.drop_foreign_keys(place, self.old, all_of_them=False),
            dual_write.drop(place, self.old),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER COLUMN TYPE, or add, convert and drop."""
    fact = actions[0].fact
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    if fact.kind is ActionKind.CHANGE_TYPE:
        return _plain(actions[0], fact, snapshot)
    found = fusion.find(actions, snapshot)
    if found is None or isinstance(found, Refusal):
        return found
    return None if found.identity else _fused(actions, found, snapshot)


def _plain(action: Action, fact: Fact, snapshot: Snapshot) -> Match | Refusal | None:
    table = snapshot.table(fact.table) if fact.table is not None else None
    column = table.column(fact.name) if table is not None else None
    if table is None or column is None or table.created:
        return None
    says = action.said
    if not isinstance(says, syntax.ChangeType):
        return None
    new = type_names.canonical(says.type, snapshot, action.statement.settings)
    reason = (
        _expression(says)
        or _not_free(table, column, new, snapshot)
        or _collated(table, column, says)
        or _hanging(snapshot, table, column)
    )
    if reason is None:
        undefaulted = metadata_only.undefaulted(table.name, column, new, snapshot)
        if undefaulted is not None:
            return refuse.refuse(action, "type_change_blocked", *undefaulted)
        operation = CatalogType(
            slug=SLUG,
            table=table.name,
            column=column.name,
            type=new,
            collation=says.collation,
            settings=action.statement.settings,
        )
        return Match(operation=operation, consumed=(0,))
    problem = f"changing {table.name}.{column.name} from {column.type} to {new} {reason}"
    if reason == _collated(table, column, says) and column.collation:
        return refuse.refuse(
            action,
            "type_change_rewrites",
            problem,
            f"write COLLATE {column.collation} behind the type, which keeps the indexes",
        )
    noticed = shared_types.apart(column.type, new)
    if noticed is not None:
        problem += f", and under one name the old version would notice it: {noticed}"
    shorter = "" if column.collation else shared_types.shortened(column.name, column.type, new)
    beside = f"{shorter}{_NEW_COLUMN}" if partitioned.is_alone(table, snapshot) else _AS_IT_IS
    return refuse.refuse(
        action,
        "type_change_rewrites",
        problem,
        f"{beside}; or, where both versions read both types and the table is small, put"
        " `-- zdm: run in expand -- reason` above it",
    )


def _expression(says: syntax.ChangeType) -> str | None:
    using = says.using
    if using is not None and expressions.column(expressions.without_cast(using)) is None:
        return "by an expression rewrites the table while reads and writes wait"
    return None


def _not_free(table: Table, column: Column, new: str, snapshot: Snapshot) -> str | None:
    cost = type_change.cost(column.type, new, snapshot)
    if cost is Cost.FREE:
        return None
    if cost is Cost.INDEXES:
        return (
            "changes under the old version how values are compared and sorted, and builds the"
            " indexes on it again while reads and writes wait"
        )
    size = f" ({table.rows:,} rows)" if table.rows else ""
    return f"rewrites the table{size} while reads and writes wait"


def _collated(table: Table, column: Column, says: syntax.ChangeType) -> str | None:
    """Without COLLATE a column gets its type's own collation."""
    if type_change.keeps_collation(says.collation, column.collation):
        return None
    indexes = [index.name for index in table.indexes if column.name in index.columns]
    if not indexes:
        return None
    said = "with another collation" if says.collation else f"without COLLATE {column.collation}"
    return f"{said} rebuilds {', '.join(indexes)} while reads and writes wait"


def _hanging(snapshot: Snapshot, table: Table, column: Column) -> str | None:
    if table.kind != "table":
        return "locks every partition while reads and writes wait"
    rechecked = metadata_only.rechecked(table, column.name)
    if rechecked:
        return f"checks or rebuilds {', '.join(rechecked)} while reads and writes wait"
    blocked = dependents.blocking(snapshot, table, column.name)
    return f"is an error because of {', '.join(blocked)}" if blocked else None


def _fused(actions: Sequence[Action], found: Fused, snapshot: Snapshot) -> Match | Refusal:
    problem = _problem(found, snapshot)
    if problem is not None:
        refusal = refuse.refuse(
            actions[found.consumed[1 if found.adds else 0]],
            "type_change_blocked",
            f"{found.table.name}.{found.old.name} cannot be kept in sync with"
            f" {found.new.name}: {problem[0]}",
            problem[1],
        )
        return replace(refusal, consumed=found.consumed)
    refused = partitioned.not_in_sync(
        actions[found.consumed[0]], "type_change_blocked", found
    ) or fusion.refused(actions[0], found)
    if refused is not None:
        return refused
    backward = _backward(found, snapshot)
    filled = found.old.not_null and found.reverse is None  # a cast of a value is a value
    return Match(
        operation=ChangeType(
            table=found.table.name,
            old=found.old.name,
            new=found.new,
            forward=found.forward,
            backward=backward or "NULL",
            given=found.reverse is not None,
            adds=found.adds,
            default=found.default,
            where="" if found.adds else found.differs_where,
            outgrown=found.outgrown,
            settings=found.settings,
        ),
        consumed=found.consumed,
        directives=(found.reverse,) if found.reverse is not None else (),
        kept_filled=((found.table.name, found.new.name),) if filled else (),
    )


def _problem(found: Fused, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why the two columns cannot be kept in sync, and what to do."""
    obstacles = fusion.obstacles(snapshot, found)
    if obstacles:
        return (
            f"these would stay on the old column: {', '.join(obstacles)}",
            "drop them in an earlier release, or keep the column",
        )
    if found.adds and type_change.is_constrained(found.new.type, snapshot):
        return new_column.constrained(f"{found.table.name}.{found.new.name}", found.new.type)
    broken = filled.obstacle(found.table, snapshot) or row_text.obstacle(found.table, snapshot)
    if broken is not None:
        return broken
    if _needs_zone(found):
        return (
            "the cast depends on TimeZone, and the application's sessions may have another one",
            f"write it as `{found.old.name} AT TIME ZONE 'UTC'`, or SET TimeZone before it",
        )
    volatile = volatility.of(expressions.read(found.forward), snapshot) is Volatility.VOLATILE
    if volatile or session_dependent.changing(found.forward, snapshot):
        return (
            f"`{found.forward}` gives a different value each time",
            "use an expression of the old column alone",
        )
    if _backward(found, snapshot) is None:
        return (
            f"no reverse conversion from {found.new.type} to {found.old.type} is known for"
            f" `{found.forward}`",
            f"put `-- zdm: reverse {found.old.name} = <expression of {found.new.name}>` above"
            " the UPDATE",
        )
    said = (found.forward, _backward(found, snapshot) or "NULL")
    return session_dependent.obstacle(said, found.table, snapshot)


def _needs_zone(found: Fused) -> bool:
    """A bare cast between a type with and one without time zone, under an unknown TimeZone."""
    zoned = [kind == "timestamp with time zone" for kind in (found.old.type, found.new.type)]
    known = any(s.name.lower() == "timezone" for s in found.settings)
    called = isinstance(expressions.form(found.fill), Call)
    return zoned[0] != zoned[1] and not called and not known


def _backward(found: Fused, snapshot: Snapshot) -> str | None:
    if found.reverse is None:
        return inverses.known(found.old, found.new, found.fill, snapshot)
    given = expressions.read(found.reverse.expression)
    known = set(expressions.columns(given)) <= {found.new.name}
    return expressions.bare(given) if known else None
