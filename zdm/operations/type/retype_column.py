"""ALTER COLUMN … TYPE that rewrites, to a type that both versions read and write alike.

As written it rewrites the table and its indexes under ACCESS EXCLUSIVE (manual, ALTER TABLE,
Notes; measured 14-18). Where the old version writes and reads the new type as it did the old
one (`recipes.type.shared_types`), the name can stay: a column of the new type follows by a
trigger, is filled and gets the same indexes and constraints, and the two exchange their names
in one transaction, as an integer that is widened. Until the contract both hold the same value.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import ChangeType
from zdm.parse import expressions
from zdm.recipes.reading import refuse, statements
from zdm.recipes.type import shared_types
from zdm.recipes.type.shared_types import Kind
from zdm.recipes.widening import connected, group, hazards, obstacles, steps, train, ways
from zdm.recipes.widening.connected import Change
from zdm.schema import lookup, type_names

SLUG = "retype_column"


class RetypeColumn(Struct, frozen=True, kw_only=True):
    """Give columns that are connected by their tables and foreign keys new types."""

    columns: tuple[Change, ...]
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        listed = ", ".join(f"{table}.{name} to {new}" for table, name, new in self.columns)
        return f"change the type, with the name kept, of {listed}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        whole = group.of(SLUG, context, self.columns, self.settings)
        return tuple(
            Hazard(operation=SLUG, message=text, remedy=remedy, origin=context.origin)
            for text, remedy in dict.fromkeys(hazards.found(whole))
        )

    def choice(self, context: Context) -> Choice:
        """A column beside it takes its name."""
        return ways.switch_of_names(self.columns, context.snapshot)

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Beside, filled, built, switched, and ended after the rollout."""
        return steps.of(group.of(SLUG, context, self.columns, self.settings))


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER COLUMN … TYPE to a type that both versions can share, with those that are connected
    to it."""
    first = _changes(actions[0], snapshot)
    if first is None:
        return None
    wanted, consumed = connected.together(actions, snapshot, first, _changes)
    operation = RetypeColumn(
        columns=tuple((table, column, new) for (table, column), new in wanted.items()),
        settings=actions[0].statement.settings,
    )
    context = Context(snapshot=snapshot, origin=(actions[0].source,))
    whole = group.of(SLUG, context, operation.columns, operation.settings)
    problems = (*obstacles.found(whole), *train.obstacles(actions, wanted, snapshot))
    if not problems:
        return Match(operation=operation, consumed=tuple(consumed))
    (table, column), new = next(iter(wanted.items()))
    refusal = refuse.refuse(
        actions[0],
        "type_cannot_keep_name",
        f"changing {table}.{column} to {new} rewrites the table while reads and writes wait,"
        " and a column of the new type cannot take its place beside them:"
        f" {'; '.join(fact for fact, _ in problems)}",
        "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
    )
    return Refusal(finding=refusal.finding, consumed=tuple(consumed))


def _changes(action: Action, snapshot: Snapshot) -> Change | None:
    """The table, the column and its new type, where the versions can share them."""
    fact, said = statements.fact(action, ActionKind.CHANGE_TYPE), action.said
    table = lookup.table_of(snapshot, action)
    if fact is None or table is None or not isinstance(said, ChangeType) or table.created:
        return None
    column = table.column(said.column)
    if column is None or column.collation or said.collation or action.statement.vouched:
        return None
    new = type_names.canonical(said.type, snapshot, action.statement.settings)
    kind = shared_types.shared(column.type, new)
    if kind is None or kind is Kind.WIDER or not _keeps(said, (column.type, new), snapshot):
        return None
    if kind is Kind.SHORTER and not shared_types.is_short(table, column.name, new):
        return None
    return table.name, column.name, new


def _keeps(said: ChangeType, types: tuple[str, str], snapshot: Snapshot) -> bool:
    """Whether it has no USING but the column itself, perhaps cast to one of the two types."""
    if said.using is None:
        return True
    if expressions.column(expressions.without_cast(said.using)) != said.column:
        return False
    known = {*types, *(type_names.split(one)[0] for one in types)}
    return all(
        type_names.canonical(cast.type, snapshot) in known
        for cast in expressions.casts(said.using)
    )
