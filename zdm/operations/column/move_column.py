"""Move columns to a table that the train makes, with one row for each row that has a value.

Written as INSERT … SELECT and DROP COLUMN, and planned as such, the copy is one of a moment:
what the old version writes afterwards is lost. So until the contract triggers keep both places
the same; the copy itself locks the rows that it reads, else a write between the two leaves a
former value behind (measured 15).
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Setting
from zdm.parse.readers import fired
from zdm.recipes import site
from zdm.recipes.column import dependents
from zdm.recipes.moving import group, obstacles, steps
from zdm.recipes.moving.move import Move, Pairs
from zdm.recipes.reading import refuse

SLUG = "move_column"
_Line = tuple[str, str]  # fact and remedy


class MoveColumn(Struct, frozen=True, kw_only=True):
    """`key` and `columns`: of the new table, each with that of the old one; `given`: the
    columns of which a row that moves has one; `deletes`: a row that has none any more is
    deleted."""

    table: Name
    target: Name
    key: Pairs
    columns: Pairs
    given: tuple[str, ...]
    deletes: bool
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        listed = ", ".join(old for _, old in self.columns)
        return f"move {listed} of {self.table} to {self.target}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        return tuple(
            Hazard(operation=SLUG, message=text, remedy=remedy, origin=context.origin)
            for text, remedy in self._lines(context)
        )

    def _lines(self, context: Context) -> Iterator[_Line]:
        old, new = self.table, self.target
        table = context.snapshot.require_table(old)
        listed = ", ".join(column for _, column in self.columns)
        yield (
            f"until the contract the old version locks a row of {old} and then one of {new},"
            " and a new version that writes the row there first locks them the other way"
            " round, so the two can deadlock (40P01)",
            f"let the new version lock the row of {old} first, with SELECT … FOR NO KEY UPDATE;"
            " or let both versions repeat a transaction that fails so",
        )
        yield (
            f"until the contract TRUNCATE of {old} or {new} passes the triggers, and an UPDATE"
            f" of the key of {old} needs a foreign key with ON UPDATE CASCADE",
            "use DELETE, and leave keys as they are",
        )
        yield (
            f"no version may write {listed} of {old} and of {new} with different values: the"
            " later one wins",
            "let each version use only its own columns",
        )
        yield (
            f"until the contract the old version finds NULL in {listed} of {old} where the new"
            f" one has inserted no row in {new} yet, or has deleted it",
            "let the old version accept NULL, and insert both rows in one transaction",
        )
        fires = [t.name for t in table.triggers if fired.trigger(t.definition).on_update]
        if fires:
            yield (
                f"triggers of {old} fire for what the new version writes to {new}, with the"
                f" rights of the owner of {new}: {', '.join(fires)}",
                "check that the audit rows, notifications and changed timestamps are"
                " acceptable",
            )
        for _, column in self.columns:
            for what in dependents.vanishing(context.snapshot, table, column):
                yield f"{what} is dropped with {column}", f"recreate it on {new} if needed"
            yield from dependents.elsewhere(context.left, table, column)

    def choice(self, context: Context) -> Choice:
        """It waits for the old version."""
        del context
        return choice.single(
            "keep both places the same by triggers, copy in batches, and drop the old one when"
            " the old version is gone",
            Trait.BATCHES,
            Trait.TRIGGER,
            Trait.WAITS,
            because="each version reads and writes its own place until the old version is gone",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Triggers, copy, and the end after the rollout."""
        snapshot = context.snapshot
        table = snapshot.require_table(self.table)
        return steps.of(
            Move(
                site=site.at(SLUG, table, context, settings=self.settings),
                target=snapshot.require_table(self.target),
                key=self.key,
                columns=self.columns,
                given=self.given,
                deletes=self.deletes,
                settings=self.settings,
            )
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """INSERT into a new table of columns that the train drops."""
    found = group.read(actions, snapshot)
    if found is None:
        return None
    problems = tuple(obstacles.found(found, actions, snapshot))
    if problems:
        listed = ", ".join(old for _, old in found.columns)
        refusal = refuse.refuse(
            actions[0],
            "column_cannot_be_moved",
            f"{listed} of {found.source.name} cannot be kept the same in {found.target.name}"
            f" while both versions write: {'; '.join(fact for fact, _ in problems)}",
            "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
        )
        return replace(refusal, consumed=found.consumed)
    operation = MoveColumn(
        table=found.source.name,
        target=found.target.name,
        key=found.key,
        columns=found.columns,
        given=found.given,
        deletes=bool(found.said.given),
        settings=found.settings,
    )
    return Match(operation=operation, consumed=found.consumed)
