"""SET NOT NULL without a scan under ACCESS EXCLUSIVE, and without failing the old version.

SET NOT NULL scans the table under its lock unless a validated CHECK proves it (manual, ALTER
TABLE; 12 and later). Where the train also fills the NULLs (`UPDATE … SET c = x WHERE c IS
NULL`), the two are one change: a trigger gives x to every row that is written with NULL, the
backfill gives it to the others, and the proof follows before the rollout.

A column that a rename of the same train keeps in sync with one that is NOT NULL holds no NULL
either, so it is proved before the rollout, too. Otherwise nothing stops the old version from
writing NULL: the constraint is added in CONTRACT, once the old version is gone.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.expression import Expression
from zdm.model.findings import Hazard
from zdm.model.impact import NO
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    Assignment,
    Backfill,
    Check,
    Irreversible,
    Phase,
    RunSql,
    Step,
)
from zdm.model.schema import Column, Name, Snapshot, Table, Volatility
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Setting
from zdm.parse import emit, expressions
from zdm.parse.emit import Expression as Text
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import cost, run_sql, site
from zdm.recipes.constraint import not_null
from zdm.recipes.index import walk_key
from zdm.recipes.reading import filled, refuse, session_dependent, statements, updates
from zdm.recipes.site import Site
from zdm.recipes.sql import null_test, probes
from zdm.recipes.trigger import fill_nulls, sync, zdm_trigger
from zdm.recipes.trigger.fill_nulls import Fill
from zdm.schema import default_volatility, not_null_proof

SLUG = "set_not_null"


class SetNotNull(Struct, frozen=True, kw_only=True):
    """Make a column NOT NULL. `fill`: the value for NULLs, over the row's columns by bare
    names. `proved`: a validated CHECK proves it already. `filled`: an earlier operation of the
    train leaves no NULL in the column. `there`: it is NOT NULL already."""

    table: Name
    column: str
    fill: str | None = None
    proved: bool = False
    filled: bool = False
    there: bool = False
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if self.there:
            return f"make {self.table}.{self.column} NOT NULL (already done)"
        filling = " after filling its NULLs" if self.fill else ""
        return f"make {self.table}.{self.column} NOT NULL{filling}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        name = f"{self.table}.{self.column}"
        if self.there or self.proved or self.filled:
            return ()
        lines: tuple[filled.Line, ...] = ()
        if self.fill is not None:
            message = f"a NULL that either version writes into {name} becomes {self.fill}"
            remedy = "make sure that both versions treat that value as they treat NULL"
            table = context.snapshot.require_table(self.table)
            lines = filled.hazards(table, self.column)
            lines += filled.written_meanwhile(table, self.column)
            if self._may_be_null(table):
                lines = (not_null.stops(name, self.fill), *lines)
        else:
            message, remedy = self._left(name, context.snapshot.require_table(self.table))
        return tuple(
            Hazard(operation=SLUG, message=m, remedy=r) for m, r in ((message, remedy), *lines)
        )

    def _left(self, name: str, table: Table) -> tuple[str, str]:
        updated = table.require_column(self.column).updated
        if not updated:
            return (
                f"rows with NULL in {name} stop the contract: nothing in the train fills them",
                f"fill them before SET NOT NULL in the same train: {self._fill_hint}",
            )
        later = ", or the old version writes with it," if updated == "once" else ""
        return (
            f"rows that the train's UPDATE leaves with NULL in {name}{later} stop the contract",
            "give every row a value; where the run stops, fill the rows, and run the command"
            " again",
        )

    def choice(self, context: Context) -> Choice:
        """By what shows that no row is NULL."""
        if self.there:
            return choice.nothing("the column is NOT NULL already")
        table = context.snapshot.require_table(self.table)
        proof = not_null.by_proof(context.major)
        filled = () if self.fill is None else (Trait.BATCHES, Trait.TRIGGER)
        perhaps = self.fill is None or self._may_be_null(table)
        first = "" if self.fill is None else "a trigger and batches fill NULLs; "
        return choice.of(
            choice.way(
                "declared",
                "SET NOT NULL, a change of the catalog alone",
                self.proved,
                because="a validated CHECK proves it, so no row is read",
                unless="no validated CHECK says that no row is NULL, so every row would be read"
                " while reads and writes wait",
            ),
            choice.way(
                "proved_early",
                f"{first}{proof} before the rollout",
                self.filled or not perhaps,
                Trait.SCANS,
                *filled,
                because="the train leaves no NULL in the column, and lets none be written",
                unless="the value may be NULL itself"
                if self.fill
                else "no UPDATE of the train fills its NULLs",
                wording="a value that is never NULL, for example with coalesce()"
                if self.fill
                else f"an UPDATE before it that sets {self.column} WHERE {self.column} IS NULL",
                may=(Trait.WAITS,) if filled else (),
            ),
            choice.way(
                "proved_late",
                f"{first}{proof} when the old version is gone",
                perhaps and not self.filled,
                Trait.SCANS,
                Trait.WAITS,
                *filled,
                because="rows may be left with NULL, and the old version may write some",
                unless="no NULL is left",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Fill and prove before the rollout; or check and prove after it."""
        if self.there:
            return ()
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        match self.choice(context).taken.name:
            case "declared":
                return (self._declare(place),)
            case "proved_early":
                proof = not_null.prove(place, self.column)
            case _:
                proof = not_null.tighten(place, self.column, hint=self._fill_hint)
        if self.fill is None:
            return proof
        filling = Fill(column=self.column, expression=self.fill)
        return (
            self._install(place, filling),
            self._backfill(place, filling),
            *proof,
            self._remove(place, filling),
        )

    def _may_be_null(self, table: Table) -> bool:
        return self.fill is not None and not not_null.always_given(self.fill, table)

    @property
    def _fill_hint(self) -> str:
        return f"set {self.column} to a value WHERE {self.column} IS NULL"

    def _declare(self, place: Site) -> RunSql:
        t, c = Qualified(place.name), Ident(self.column)
        return run_sql.short_transaction(
            place,
            id=place.id(self.column, "set-not-null"),
            phase=Phase.EXPAND,
            title=f"make {place.name}.{self.column} NOT NULL",
            sql=(emit.sql("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL", t=t, c=c),),
            locks=place.lock_below(LockMode.ACCESS_EXCLUSIVE),
            probe=probes.probe(probes.column_not_null(place.name, self.column)),
            undo=(emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL", t=t, c=c),),
            serves=BOTH,
            reason="A validated CHECK proves it already, so nothing is scanned and no version"
            " can write NULL.",
        )

    def _install(self, place: Site, filling: Fill) -> RunSql:
        trigger = fill_nulls.trigger_of(place, filling)
        return run_sql.short_transaction(
            place,
            id=place.id(self.column, "fill-new-rows"),
            phase=Phase.EXPAND,
            title=f"fill {place.name}.{self.column} by a trigger when NULL is written",
            sql=fill_nulls.install_sql(place, filling),
            locks=place.lock(LockMode.SHARE_ROW_EXCLUSIVE),
            settings=self.settings,
            probe=probes.probe(zdm_trigger.installed(trigger)),
            undo=zdm_trigger.drop_sql(trigger),
            serves=BOTH,
            reason="The old version may still write NULL, which the constraint would reject.",
            preconditions=tuple(self._parents(place.table, filling.expression)),
        )

    def _parents(self, table: Table, value: str) -> Iterator[Check]:
        """A constant that nothing has yet must be a key of the parent, for the trigger writes
        it for the old version."""
        if expressions.columns(expressions.read(value)):
            return
        for key in table.constraints:
            if key.kind != "foreign key" or key.columns != (self.column,):
                continue
            if key.references is None or len(key.referenced_columns) != 1:
                continue
            yield Check(
                sql=emit.sql(
                    "SELECT EXISTS (SELECT 1 FROM {t} WHERE {c} = {v})",
                    t=Qualified(key.references),
                    c=Ident(key.referenced_columns[0]),
                    v=Text(f"({value})"),
                ),
                failure=f"{key.references} has no row {value}, to which {self.table}."
                f"{self.column} would refer, so each NULL of the old version would be refused",
                hint="insert that row first",
            )

    def _backfill(self, place: Site, filling: Fill) -> Backfill:
        column = place.table.require_column(self.column)
        share = column.null_fraction if column.null_fraction is not None else 1.0
        differs = null_test.is_null(ident(self.column), column, place.snapshot)
        if not differs.endswith("IS NULL"):  # of a row of NULLs it is true for good
            wanted = f"CAST({filling.expression} AS {column.type})"
            other = sync.is_distinct(ident(self.column), wanted, column, place.snapshot)
            differs = f"{ident(self.column)} IS NULL AND {other}"
        return Backfill(
            id=place.id(self.column, "fill"),
            operation=SLUG,
            phase=Phase.BACKFILL,
            title=f"fill the NULLs of {place.name}.{self.column}",
            table=place.name,
            key=walk_key.walk(place.table),
            assignments=(Assignment(column=self.column, expression=filling.expression),),
            differs=differs,
            settings=self.settings,
            preconditions=(
                fill_nulls.enabled_check(
                    place, filling.column, fill_nulls.trigger_of(place, filling)
                ),
            ),
            undo=Irreversible(reason="which rows held NULL is not recorded", rows=True),
            serves=BOTH,
            reason="Only rows with NULL are written, in batches.",
            origin=place.origin,
            cost=cost.rewrite_rows(place.table, share=share),
        )

    def _remove(self, place: Site, filling: Fill) -> RunSql:
        trigger = fill_nulls.trigger_of(place, filling)
        return run_sql.short_transaction(
            place,
            id=place.id(self.column, "stop-filling"),
            phase=Phase.CONTRACT,
            title=f"stop filling {place.name}.{self.column}",
            sql=zdm_trigger.drop_sql(trigger),
            locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
            settings=self.settings,
            probe=probes.probe(zdm_trigger.removed(trigger)),
            undo=fill_nulls.install_sql(place, filling),
            serves=NEW_ONLY,
            reason="The new version never writes NULL; from here on a NULL is rejected.",
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """SET NOT NULL; or the UPDATE of the NULLs with the SET NOT NULL that follows it."""
    action = actions[0]
    if updates.read(action) is not None:
        return _fused(actions, snapshot)
    fact = statements.fact(action, ActionKind.SET_NOT_NULL)
    if fact is None:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    column = table.column(fact.name)
    if column is None:
        return statements.unknown_column(action, table.name, fact.name)
    operation = SetNotNull(
        table=table.name,
        column=column.name,
        there=_there(table, column),
        filled=column.kept_filled,
        proved=not_null_proof.missing(table, column.name) is NO,
        settings=action.statement.settings,
    )
    return Match(operation=operation, consumed=(0,))


def _there(table: Table, column: Column) -> bool:
    """It is NOT NULL already, by a constraint that is validated."""
    return column.not_null and not_null_proof.unvalidated(table, column.name) is None


def _fused(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    update = updates.read(actions[0])
    table = snapshot.table(update.table) if update is not None else None
    if update is None or table is None or not update.simple or len(update.assignments) != 1:
        return None
    column, value = update.assignments[0]
    known = table.column(column)
    fills = update.where is not None and expressions.null_test(update.where) == (column, False)
    if known is None or not fills or column in expressions.columns(value):
        return None
    said = (expressions.bare(value),)
    if (
        filled.obstacle(table, snapshot) is not None
        or session_dependent.obstacle(said, table, snapshot) is not None
    ):
        return None  # the UPDATE is refused by itself
    position = _declared(actions, table, column)
    if position is None:
        return None
    repeated = _repeated(table, column, value, snapshot)
    if repeated is not None:
        refusal = refuse.refuse(actions[0], "fill_repeats", *repeated)
        return replace(refusal, consumed=(0, position))
    operation = SetNotNull(
        table=table.name,
        column=column,
        fill=expressions.bare(value),
        there=_there(table, known),
        settings=actions[0].statement.settings,
    )
    return Match(operation=operation, consumed=(0, position))


def _repeated(
    table: Table, column: str, value: Expression, snapshot: Snapshot
) -> filled.Line | None:
    """The same value in several rows of something unique."""
    unique = [i.name for i in table.indexes if i.unique and column in i.keys]
    same = default_volatility.volatility(value, snapshot) is Volatility.IMMUTABLE
    if not unique or not same or expressions.columns(value):
        return None
    return (
        f"{table.name}.{column} is unique ({', '.join(unique)}), and"
        f" `{expressions.bare(value)}` is the same for every row: the second row with NULL,"
        " filled or written by the old version, would be a duplicate",
        "fill it with a value that differs in each row, for example one made from the key",
    )


def _declared(actions: Sequence[Action], table: Table, column: str) -> int | None:
    """The position of SET NOT NULL, if no statement in between is about the column."""
    for position, action in enumerate(actions[1:], 1):
        fact = statements.fact(action, ActionKind.SET_NOT_NULL)
        if fact is not None and (fact.table, fact.name) == (table.name, column):
            return position
        if statements.about(action, table.name, column):
            return None
    return None
