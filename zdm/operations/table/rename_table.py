"""Rename a table while both versions read and write it.

RENAME breaks every query of the old version at once. It takes ACCESS EXCLUSIVE on the table
alone, for milliseconds, and so a view with the former name is made in the same transaction: in
two transactions the queries between them fail (manual, ALTER TABLE; CREATE VIEW). Indexes,
foreign keys, sequences, triggers, policies and views follow the table. Text does not, neither
in functions nor in subscriptions, and some queries fail on any view (measured 14, 18).

Columns that the train renames as well change in that transaction, and the view gives them
their former names. So no row is written, and there is one column, not two to keep in sync.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Check, Irreversible, Phase, RunSql, Step
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.recipes import run_sql, site
from zdm.recipes.column import dependents
from zdm.recipes.object import in_place, naming, stand_in_view
from zdm.recipes.object.stand_in_view import Renamed
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import generated_names, routines

SLUG = "rename_table"


class RenameTable(Struct, frozen=True, kw_only=True):
    """Rename a table, and `columns` of it in this order; `missing`: it does not exist, which
    IF EXISTS allows."""

    table: Name
    new: Name
    columns: tuple[tuple[str, str], ...] = ()
    settings: tuple[Setting, ...] = ()
    missing: bool = False

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        ending = " (does not exist)" if self.missing else ""
        return f"rename table {self.table} to {self.new.name}{self._with_columns()}{ending}"

    def _with_columns(self) -> str:
        """Its columns, in words."""
        renames = [f"{old} to {new}" for old, new in self.columns]
        return f", and its columns {', '.join(renames)}" if renames else ""

    @property
    def renamed(self) -> Renamed:
        """All names, before and after."""
        return Renamed(self.table, self.new, self.columns)

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What a view cannot do, and what names the table in text."""
        table = context.snapshot.table(self.table)
        if self.missing or table is None:
            return ()
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in self._risks(table, context)
        )

    def _risks(self, table: Table, context: Context) -> Iterator[tuple[str, str]]:
        failing = ", ".join(in_place.failing(table, context.major))
        yield (
            f"until no old instance is left, {self.table} is a view, and these fail on it:"
            f" {failing}",
            "search the old version for them, and first deploy one without them",
        )
        yield (
            f"an old instance that starts meanwhile finds no primary key, no indexes and no"
            f" defaults of {self.table} in the catalog",
            "if its framework reads keys from the catalog, configure them explicitly first",
        )
        named = naming.functions(context.left, self.table)
        if named:
            yield (
                f"these name {self.table} in their text: {', '.join(named)}; they work until"
                " the view is dropped, which does not happen before they are changed",
                f"let them name {self.new}{' and its new columns' if self.columns else ''} in"
                " this train, below the rename, with `-- zdm: run in contract -- reason`",
            )

    def choice(self, context: Context) -> Choice:
        """A view has the former name meanwhile."""
        del context
        if self.missing:
            return choice.nothing("there is no such table, and the statement says IF EXISTS")
        return choice.of(
            choice.way(
                "catalog",
                "RENAME TO, a change of the catalog alone",
                False,
                unless="every query of the old version would fail at once",
                wording=f"no statement: keep the name {self.table.name}, and let the"
                " application map its own name to it",
            ),
            choice.way(
                "view",
                "RENAME TO, and a view of the former name until the old version is gone",
                True,
                Trait.WAITS,
                because="the view passes reads and writes of the old version on; no row is"
                " read or written",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Rename and stand in, in one transaction; after the rollout drop the view."""
        if self.missing:
            return ()
        table = context.snapshot.require_table(self.table)
        place = site.at(SLUG, table, context, settings=self.settings)
        return (self._rename(place), self._drop(place))

    def _rename(self, place: Site) -> RunSql:
        invoker = stand_in_view.as_invoker(place.table, place.major)
        return run_sql.short_transaction(
            place,
            id=place.id("rename"),
            phase=Phase.EXPAND,
            title=f"{self.title}, and make a view {self.table}",
            sql=(
                *stand_in_view.rename(self.renamed),
                *stand_in_view.create(
                    self.renamed, place.table, place.snapshot, invoker=invoker
                ),
            ),
            locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
            settings=self.settings,
            preconditions=() if invoker else (in_place.owner_has_all(self.table),),
            probe=probes.probe(stand_in_view.in_place(self.table, self.new)),
            undo=(stand_in_view.undo(self.renamed),),
            serves=BOTH,
            reason="One transaction, because between two of them queries of one name fail; the"
            " view has the table's owner and grants, and passes reads and writes on.",
        )

    def _drop(self, place: Site) -> RunSql:
        named = naming.functions(place.snapshot, self.table)
        return run_sql.short_transaction(
            place,
            id=place.id("drop-view"),
            phase=Phase.DROP,
            title=f"drop the view {self.table}",
            sql=(stand_in_view.drop(self.table),),
            locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
            settings=self.settings,
            preconditions=(_no_longer_named(self.table, self.new),) if named else (),
            probe=probes.probe(
                probes.both(
                    probes.absent(probes.relation(self.table)), probes.relation(self.new)
                )
            ),
            undo=Irreversible(
                reason="a rollback starts the old version first, and it needs the former name"
            ),
            serves=NEW_ONLY,
            reason="No running version uses the former name; the lock is on the view alone.",
        )


def _no_longer_named(table: Name, new: Name) -> Check:
    return naming.none_left(
        table,
        failure=f"a function still names {table} in its text, and would fail without the view",
        hint=f"let it name {new} instead, also in its comments (CREATE OR REPLACE FUNCTION)",
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER TABLE … RENAME TO of a table in use, with RENAME COLUMN before or behind it."""
    at = _place(actions)
    fact = statements.fact(actions[at], ActionKind.RENAME_TABLE)
    if fact is None or fact.table is None:
        return None
    action, table = actions[at], snapshot.table(fact.table)
    new = Name(fact.table.schema, fact.new_name)
    columns = tuple(_columns(actions, at, fact.table, new)) if table is not None else ()
    operation = RenameTable(
        table=fact.table,
        new=new,
        columns=tuple((f.name, f.new_name) for _, f in columns),
        settings=action.statement.settings,
    )
    if table is None:
        return _without_table(action, operation, snapshot, if_exists=fact.if_exists)
    consumed = tuple(sorted((at, *(n for n, _ in columns))))
    problems = (
        *_taken(new, snapshot),
        *in_place.problems(table, snapshot),
        *_of_columns(table, operation, snapshot),
    )
    if not problems:
        return Match(operation=operation, consumed=consumed)
    reasons = "; ".join(reason for reason, _ in problems)
    refusal = refuse.refuse(
        action,
        "rename_table_blocked",
        f"{table.name} cannot be renamed while the old version runs: {reasons}",
        "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
    )
    return replace(refusal, consumed=consumed)


def _taken(new: Name, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    if in_place.is_taken(new, snapshot):
        yield f"there is a relation or type {new} already", "choose another name"


def _place(actions: Sequence[Action]) -> int:
    """Where the table is renamed, if the first renames a column of it; else the first."""
    first = statements.fact(actions[0], ActionKind.RENAME_COLUMN)
    for n, action in enumerate(actions) if first is not None else ():
        if statements.fact(action, ActionKind.RENAME_COLUMN) is None:
            fact = statements.fact(action, ActionKind.RENAME_TABLE)
            alike = first is not None and fact is not None and fact.table == first.table
            return n if alike else 0
    return 0


def _columns(
    actions: Sequence[Action], at: int, table: Name, new: Name
) -> Iterator[tuple[int, Fact]]:
    """Where columns are renamed: before it by the table's former name, then by its new one."""
    for n, action in enumerate(actions):
        fact = statements.fact(action, ActionKind.RENAME_COLUMN)
        alike = action.statement.settings == actions[at].statement.settings
        if fact is not None and alike and fact.table == (table if n < at else new):
            yield n, fact


def _of_columns(
    table: Table, operation: RenameTable, snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    """What takes a column by its name from the table itself, and so not from the view."""
    names = {column.name for column in table.columns}
    former = [old for old, _ in operation.columns if old in names]
    found = {what for name in former for what in dependents.in_triggers(snapshot, table, name)}
    own = {trigger.function for trigger in table.triggers} if former else set()
    reached = routines.reached(snapshot, sorted(own))
    found |= {
        f"trigger function {f.name} (it takes rows apart by names that it makes)"
        for f in reached
        if routines.is_dynamic(f, rows=True)
    }
    if found:
        yield (
            f"its columns are renamed for both versions at once ({', '.join(former)}), and"
            f" these may name them: {', '.join(sorted(found))}",
            "rename the columns in a train of their own",
        )


def _without_table(
    action: Action, operation: RenameTable, snapshot: Snapshot, *, if_exists: bool
) -> Match | Refusal | None:
    """ALTER TABLE also renames views and sequences, which nothing is planned for."""
    name = operation.table
    if name.name in generated_names.taken(snapshot, name.schema):
        return None
    if not if_exists:
        return statements.unknown_table(action, name)
    return Match(operation=replace(operation, missing=True), consumed=(0,))
