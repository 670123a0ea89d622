"""ALTER TYPE … ADD VALUE: a label that the old version does not know.

It locks no table (measured 12-18) and hurts no version that does not meet the label, so it runs
in EXPAND, in a transaction of its own: only after its commit may other steps use the label. The
plan says IF NOT EXISTS, so that it runs again after a rollback, which leaves the label.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Snapshot, Type
from zdm.model.sql import literal
from zdm.model.statement import Action, ActionKind, Source
from zdm.model.syntax import ChangeEnum
from zdm.recipes.reading import refuse, statements
from zdm.recipes.type import enum_labels
from zdm.recipes.type.enum_labels import Label
from zdm.schema import enums

SLUG = "add_enum_value"
_USES = (ActionKind.UPDATE, ActionKind.INSERT, ActionKind.SET_DEFAULT)


class AddEnumValue(Struct, frozen=True, kw_only=True):
    """Add a label. `there`: the type has it already, which IF NOT EXISTS allows. `used`: places
    in the train whose statements may give it to rows before the rollout."""

    enum: Type
    label: Label
    there: bool = False
    used: tuple[Source, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = " (already exists)" if self.there else ""
        return f"add {literal(self.label.name).strip()} to {self.enum.name}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        if self.there:
            return ()
        names = (self.label.name,)
        lines = [*enum_labels.hazards(self.enum.name, names, context.snapshot)]
        lines += [
            (
                f"{place} may give rows {literal(self.label.name).strip()} before the rollout,"
                " while only the old version runs",
                "move it to a revision that is planned after this train is contracted",
            )
            for place in self.used
        ]
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def choice(self, context: Context) -> Choice:
        """It locks no table."""
        del context
        if self.there:
            return choice.nothing("the type has the label, and it says IF NOT EXISTS")
        return choice.single(
            "ADD VALUE before the rollout, in a transaction of its own",
            because="it locks no table, and hurts no version that does not meet the label",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step before the rollout."""
        if self.there:
            return ()
        return (enum_labels.add(SLUG, self.enum, self.label, context),)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER TYPE … ADD VALUE, in all its forms."""
    action = actions[0]
    said = action.said
    if not isinstance(said, ChangeEnum) or said.former:
        return None
    problem = enum_labels.problem(said, action, snapshot)
    if problem is not None:
        return refuse.refuse(action, "label_cannot_be_added", *problem)
    enum = enums.found(said.words, snapshot, action.statement.settings)
    if enum is None:
        return None
    operation = AddEnumValue(
        enum=enum,
        label=Label(name=said.label, neighbour=said.neighbour, after=said.after),
        there=said.label in enum.labels,
        used=tuple(_using(actions[1:], said.label, snapshot)),
    )
    return Match(operation=operation, consumed=(0,))


def _using(actions: Sequence[Action], label: str, snapshot: Snapshot) -> Iterator[Source]:
    """Statements that write a constant of this text into a table in use."""
    for action in actions:
        fact = statements.fact(action, *_USES)
        table = snapshot.table(fact.table) if fact is not None and fact.table else None
        if table is None or table.created:
            continue
        if literal(label).strip() in action.statement.sql:
            yield action.source
