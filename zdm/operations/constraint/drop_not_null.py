"""DROP NOT NULL: the new version may write NULL from its first instance on.

It is a change of the catalog alone, under a short ACCESS EXCLUSIVE (measured 11-18). Were it in
CONTRACT, every NULL that the new version writes during the rollout would fail; in EXPAND no
write of either version does. The old version may then read a NULL that it does not expect,
which no step can prevent: only a release that reads NULL and does not write it yet.

SET NOT NULL undoes it as long as no row holds NULL. PostgreSQL refuses it for a column of the
primary key, an identity and a replica identity, and where a table above requires it.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, Step
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.constraint import not_null
from zdm.recipes.reading import refuse, statements
from zdm.recipes.sql import probes
from zdm.schema import family

SLUG = "drop_not_null"


class DropNotNull(Struct, frozen=True, kw_only=True):
    """Let a column hold NULL. `there`: it may already."""

    table: Name
    column: str
    there: bool = False
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = " (already done)" if self.there else ""
        return f"let {self.table}.{self.column} be NULL{ending}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        del context
        if self.there:
            return ()
        name = f"{self.table}.{self.column}"
        lines = (
            (
                f"the old version reads each NULL that the new version writes into {name},"
                " and may fail on it",
                "deploy a version that reads NULL first; or let the new version write none"
                " until the old version is gone",
            ),
            (
                f"once a row holds NULL in {name}, a rollback stops there: NOT NULL cannot be"
                " restored",
                f"set {self.column} to a value WHERE {self.column} IS NULL, then run"
                " `zdm rollback` again",
            ),
        )
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def choice(self, context: Context) -> Choice:
        """It hurts no write."""
        del context
        if self.there:
            return choice.nothing("the column may hold NULL already")
        return choice.single(
            "change the catalog alone before the rollout",
            because="the new version may write NULL from its first instance on",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One short step before the rollout."""
        if self.there:
            return ()
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        t, c = Qualified(place.name), Ident(self.column)
        undo, proof = not_null.restore(place, self.column)
        return (
            run_sql.short_transaction(
                place,
                id=place.id(self.column, "drop-not-null"),
                phase=Phase.EXPAND,
                title=self.title,
                sql=(emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL", t=t, c=c),),
                locks=place.lock_below(LockMode.ACCESS_EXCLUSIVE),
                probe=probes.probe(
                    probes.absent(probes.column_not_null(place.name, self.column))
                ),
                undo=undo,
                undo_checks=not_null.restorable(place, self.column),
                undo_proof=proof,
                serves=BOTH,
                reason="Catalog only: no row is read or written. The new version may write"
                " NULL as soon as it is deployed.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER COLUMN … DROP NOT NULL."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.DROP_NOT_NULL)
    if fact is None:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    column = table.column(fact.name) if table is not None else None
    if table is None or column is None:
        return None
    problem = _required(table, column, snapshot)
    if problem is None and column.not_null:
        problem = _differs_below(table, column, snapshot, only=fact.only)
    if problem is not None:
        return refuse.refuse(action, "not_null_stays", *problem)
    operation = DropNotNull(
        table=table.name,
        column=column.name,
        there=not column.not_null,
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))


def _required(table: Table, column: Column, snapshot: Snapshot) -> tuple[str, str] | None:
    """What PostgreSQL refuses, and the remedy."""
    name = f"{table.name}.{column.name}"
    if column.name in family.primary_key(snapshot, table):
        return (
            f"{name} is part of the primary key, which allows no NULL, so this statement would"
            " fail",
            "remove the statement",
        )
    if column.identity:
        return (
            f"{name} is an identity column, which allows no NULL, so this statement would fail",
            "remove the statement",
        )
    identity = [i.name for i in table.indexes if i.replica_identity and column.name in i.keys]
    if identity and column.not_null:
        return (
            f"{name} is part of the replica identity ({identity[0]}), which allows no NULL, so"
            " this statement would fail",
            "give the table another REPLICA IDENTITY in an earlier release, under"
            " `-- zdm: run in expand -- reason`",
        )
    above = _required_above(table, column, snapshot)
    if above is not None:
        return (
            f"{name} is NOT NULL because the column of {above} is, so this statement would"
            " fail",
            f"drop the NOT NULL of {above} instead, which drops it here, too",
        )
    return None


def _required_above(table: Table, column: Column, snapshot: Snapshot) -> Name | None:
    """The table from which the column has its NOT NULL, so that it stays."""
    own = not_null.constraint_of(table, column.name)
    for name in family.parents(table):
        above = snapshot.table(name)
        there = above.column(column.name) if above is not None else None
        if there is None or not there.not_null or not column.not_null:
            continue
        if table.partition_of == name or (own is not None and own.inherited):
            return name
    return None


def _differs_below(
    table: Table, column: Column, snapshot: Snapshot, *, only: bool
) -> tuple[str, str] | None:
    """Tables below which do not have the same NOT NULL before it or after it."""
    below = [snapshot.require_table(name) for name in family.below(snapshot, table.name)]
    own = [(one.name, one.column(column.name)) for one in below]
    differing = [str(name) for name, there in own if there and (only or not there.not_null)]
    if not differing:
        return None
    return (
        f"{table.name}.{column.name} and the same column of {', '.join(differing)}, which"
        f" inherits it, {'would' if only else 'do'} not have the same NOT NULL, so a rollback"
        " would restore another schema",
        "let it run as written, with `-- zdm: run in expand -- reason`",
    )
