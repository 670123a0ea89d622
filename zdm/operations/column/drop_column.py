"""Drop a column after the old version is gone.

The old version still writes it, the new one does not: before the rollout the column is made
tolerant (NOT NULL and CHECKs are dropped), so that the new version's rows are accepted. What
else would refuse them is an obstacle: a unique index is the old version's, too. The drop is a
catalog change, but what depends on the column blocks it, and indexes, constraints and owned
sequences are dropped with it silently (manual, ALTER TABLE, DROP COLUMN). Never CASCADE.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import Step
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.recipes import site
from zdm.recipes.column import dependents, dual_write, partitioned, refusing, tolerate
from zdm.recipes.column.refusing import Omitted
from zdm.recipes.reading import refuse

SLUG = "drop_column"
_UNSET = "The new version no longer sets the column, so its INSERTs would fail."


class DropColumn(Struct, frozen=True, kw_only=True):
    """Drop a column; `missing`: it does not exist, which IF EXISTS allows."""

    table: Name
    column: str
    missing: bool = False
    leaving: frozenset[str] = frozenset()  # columns of the table that this train drops

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = " (does not exist)" if self.missing else ""
        return f"drop {self.table}.{self.column}{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        table = context.snapshot.require_table(self.table)
        if self.missing:
            return ()
        lines = [
            self._left_out(context.snapshot),
            (
                f"a version that runs `SELECT *` or a positional INSERT on {self.table} breaks"
                " when the column is dropped",
                "list columns explicitly in the new version",
            ),
            *(
                (
                    f"until {self.column} is dropped, the foreign key {key.name} refuses or"
                    f" cascades a DELETE in {key.references} for the rows that the old version"
                    " left",
                    f"let the new version remove rows of {key.references} only after the drop",
                )
                for key in table.constraints
                if key.kind == "foreign key" and self.column in key.columns
                if key.references is not None and context.left.table(key.references)
            ),
            *(
                (
                    f"{what} is dropped with {self.column}",
                    "recreate it elsewhere if it is needed",
                )
                for what in dependents.vanishing(
                    context.snapshot, table, self.column, own=False
                )
            ),
            *dependents.elsewhere(context.left, table, self.column),
        ]
        return tuple(
            Hazard(operation=SLUG, message=text, remedy=remedy, origin=context.origin)
            for text, remedy in lines
        )

    def _left_out(self, snapshot: Snapshot) -> tuple[str, str]:
        """What the old version meets in rows of the new one."""
        column = snapshot.require_table(self.table).require_column(self.column)
        null = refusing.omitted(column, snapshot) is Omitted.NULL
        lost = "; NOT NULL cannot be restored while such rows exist" if _fails(column) else ""
        return (
            f"the old version reads rows in which the new one left {self.column}"
            f" {'NULL' if null else 'at its default'}",
            f"let the old version accept them, or deploy a version that does first{lost}",
        )

    def choice(self, context: Context) -> Choice:
        """It waits for the old version."""
        del context
        if self.missing:
            return choice.nothing("there is no such column, and the statement says IF EXISTS")
        return choice.single(
            "let the new version leave it out, and drop it when the old version is gone",
            Trait.WAITS,
            because="the old version reads and writes the column until it is gone",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Make it tolerant; after the rollout drop its foreign keys, then the column."""
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context)
        column = table.column(self.column)
        if self.missing or column is None:
            return ()
        value = refusing.omitted(column, context.snapshot)
        leaving = self.leaving | {self.column}
        tolerant = [
            *([tolerate.null(place, column, _UNSET)] if _fails(column) else []),
            *(
                tolerate.without_check(
                    place,
                    check,
                    f"The new version no longer sets {self.column}, so the constraint could"
                    f" refuse its rows; it would be dropped with {self.column}.",
                )
                for check in refusing.checks(table, self.column, value, leaving)
            ),
        ]
        return (
            *tolerate.in_turn(tolerant),
            *dual_write.drop_foreign_keys(place, self.column),
            dual_write.drop(place, self.column),
        )


def _fails(column: Column) -> bool:
    """An INSERT without the column fails, or one that makes a generated column NULL."""
    given = column.default is not None or column.identity
    return column.not_null and (bool(column.generated) or not given)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER TABLE … DROP COLUMN."""
    action = actions[0]
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.DROP_COLUMN:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None or table.created:
        return None
    column = table.column(fact.name)
    if column is None:
        if not fact.if_exists:
            return None
        operation = DropColumn(table=table.name, column=fact.name, missing=True)
        return Match(operation=operation, consumed=(0,))
    leaving = frozenset(_dropped(actions, table))
    operation = DropColumn(table=table.name, column=fact.name, leaving=leaving)
    return (
        _refused(action, table, column, snapshot)
        or _refuses_rows(action, table, column, snapshot, leaving)
        or Match(operation=operation, consumed=(0,))
    )


def _dropped(actions: Sequence[Action], table: Table) -> Iterator[str]:
    """The columns of the table that the train drops."""
    for action in actions:
        fact = action.fact
        if not isinstance(fact, Fact) or fact.kind is not ActionKind.DROP_COLUMN:
            continue
        if fact.table == table.name:
            yield fact.name


def _refused(
    action: Action, table: Table, column: Column, snapshot: Snapshot
) -> Refusal | None:
    if isinstance(action.fact, Fact) and action.fact.cascade:
        return refuse.refuse(
            action,
            "drop_cascade",
            f"DROP COLUMN {column.name} CASCADE also drops everything that depends on it,"
            " listed or not",
            "drop each dependent object by name, and remove CASCADE",
        )
    blocked = [
        *dependents.blocking(snapshot, table, column.name),
        *dependents.in_triggers(snapshot, table, column.name),
    ]
    if table.primary_key is not None and column.name in table.primary_key.columns:
        blocked.append(f"primary key {table.primary_key.name}")
    if not blocked:
        return partitioned.not_dropped(action, "drop_blocked", table, column.name)
    return refuse.refuse(
        action,
        "drop_blocked",
        f"{table.name}.{column.name} cannot be dropped, because these depend on it:"
        f" {', '.join(blocked)}",
        "change or drop them in an earlier release",
    )


def _refuses_rows(
    action: Action,
    table: Table,
    column: Column,
    snapshot: Snapshot,
    leaving: frozenset[str],
) -> Refusal | None:
    """What refuses rows of the new version until the drop, and is not only for the column."""
    name = f"{table.name}.{column.name}"
    value = refusing.omitted(column, snapshot)
    if value is Omitted.NULL and refusing.null_refused(column, snapshot):
        return refuse.refuse(
            action,
            "column_still_refuses",
            f"{name} cannot be dropped in one release: the new version leaves it NULL until it"
            f" is gone, and its domain {column.type} may refuse that",
            f"change the column to the base type of {column.type} in an earlier release, which"
            " rewrites nothing",
        )
    found = [
        *refusing.words(table, refusing.unique(table, column.name, value, leaving)),
        *(
            f"foreign key {key.name} over several columns"
            for key in refusing.foreign_keys(table, column.name, leaving)
        ),
    ]
    if not found:
        return None
    return refuse.refuse(
        action,
        "column_still_refuses",
        f"{name} cannot be dropped in one release: until it is gone, {', '.join(found)} can"
        " refuse rows of the new version, which does not write it",
        f"drop {'them' if len(found) > 1 else 'it'} in an earlier release that changes nothing"
        " else, with `-- zdm: run in contract -- reason`",
    )
