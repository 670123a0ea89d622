"""Rename a table while both versions read and write it.

RENAME breaks every query of the old version at once. It takes ACCESS EXCLUSIVE on the table
alone, for milliseconds, and so a view with the former name is made in the same transaction: in
two transactions the queries between them fail (manual, ALTER TABLE; CREATE VIEW). Indexes,
foreign keys, sequences, triggers, policies and views follow the table. Text does not, neither
in functions nor in subscriptions, and some queries fail on any view (measured 14, 18).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Check, Irreversible, Phase, RunSql, Step
from zdm.model.schema import Function, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Setting
from zdm.recipes import run_sql, site
from zdm.recipes.object import naming, row_type, stand_in_view
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import generated_names, type_change

SLUG = "rename_table"
MERGE_FAILS = range(15, 17)  # MERGE is from 15 on, and into a view from 17 on
_KEEP = (
    "keep the name; or, if the new version can use the old name until the contract, rename it"
    " with `-- zdm: run in contract -- reason`"
)
_TRIGGERS_TABLE = re.compile(r"\b(?:tg_)?(?:table_name|relname|relid)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable:
    """Rename a table; `missing`: it does not exist, which IF EXISTS allows."""

    table: Name
    new: Name
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
        return f"rename table {self.table} to {self.new.name}{ending}"

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
        failing = ", ".join(_failing(table, context.major))
        yield (
            f"until no old instance is left, {self.table} is a view, and these fail on it:"
            f" {failing}",
            "search the old version for them, and first deploy one without them",
        )
        yield (
            f"an old instance that starts meanwhile finds no primary key, no indexes and no"
            f" defaults of {self.table} in the catalog, and pg_get_serial_sequence gives NULL",
            "if its framework reads keys from the catalog, configure them explicitly first",
        )
        named = naming.functions(context.snapshot, self.table)
        if named:
            yield (
                f"these name {self.table} in their text: {', '.join(named)}; they work until"
                " the view is dropped, which does not happen before they are changed",
                f"let them name {self.new} in this train, below the rename, with"
                " `-- zdm: run in contract -- reason`",
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
            title=f"rename table {self.table} to {self.new.name}, and make a view {self.table}",
            sql=(
                stand_in_view.rename(self.table, self.new),
                *stand_in_view.create(
                    self.table, place.table, self.new, place.snapshot, invoker=invoker
                ),
            ),
            locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
            settings=self.settings,
            preconditions=() if invoker else (_owner_has_all(self.table),),
            probe=probes.probe(stand_in_view.in_place(self.table, self.new)),
            undo=(stand_in_view.undo(self.table, self.new),),
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


def _failing(table: Table, major: int) -> Iterator[str]:
    """What fails on a view and works on a table (measured 14, 18)."""
    yield "COPY, TRUNCATE"
    if table.primary_key is not None:
        yield "SELECT of other columns with GROUP BY the primary key"
    yield "ON CONFLICT ON CONSTRAINT"
    if any(column.generated for column in table.columns):
        yield "UPDATE that sets a generated column to DEFAULT"
    if major in MERGE_FAILS:
        yield "MERGE"
    yield "ctid, xmin and other system columns, also in RETURNING"
    yield "TABLESAMPLE, WHERE CURRENT OF, and new foreign keys to it"


def _no_longer_named(table: Name, new: Name) -> Check:
    return naming.none_left(
        table,
        failure=f"a function still names {table} in its text, and would fail without the view",
        hint=f"let it name {new} instead, also in its comments (CREATE OR REPLACE FUNCTION)",
    )


def _owner_has_all(table: Name) -> Check:
    return Check(
        sql=stand_in_view.owner_has_all(table),
        failure=f"the owner of {table} may not read or write it, and the view would use its"
        " owner's rights",
        hint=f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.sql} to its owner",
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER TABLE … RENAME TO of a table in use."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.RENAME_TABLE)
    if fact is None or fact.table is None:
        return None
    new = Name(fact.table.schema, fact.new_name)
    operation = RenameTable(table=fact.table, new=new, settings=action.statement.settings)
    table = snapshot.table(fact.table)
    if table is None:
        return _without_table(action, operation, snapshot, if_exists=fact.if_exists)
    problems = tuple(_problems(table, new, snapshot))
    if not problems:
        return Match(operation=operation, consumed=(0,))
    reasons = "; ".join(reason for reason, _ in problems)
    return refuse.refuse(
        action,
        "rename_table_blocked",
        f"{table.name} cannot be renamed while the old version runs: {reasons}",
        "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
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


def _problems(table: Table, new: Name, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Why a view cannot stand in, and what to do, in words."""
    if _is_taken(new, snapshot):
        yield f"there is a relation or type {new} already", "choose another name"
    yield from _structure(table, snapshot)
    yield from _security(table, snapshot.major)
    published = _publications(table, snapshot)
    if published:
        yield (
            f"publication {', '.join(published)} would send its rows under the new name, which"
            " subscribers do not have, so they would stop",
            "remove it from the publication first, or rename it on both sides in a maintenance"
            " window",
        )
    for trigger in table.triggers:
        if any(f.name == trigger.function and _reads_name(f) for f in snapshot.functions):
            yield (
                f"trigger {trigger.name} reads the table's name (TG_TABLE_NAME), which changes"
                " for the old version as well",
                "pass the name to it as an argument (TG_ARGV) in an earlier release",
            )
    yield from (
        (
            f"{user} has its row type, which rows of the view do not have",
            "use a type of its own or single columns in an earlier release",
        )
        for user in row_type.users(table.name, snapshot)
    )


def _is_taken(new: Name, snapshot: Snapshot) -> bool:
    """A constraint may have the name; whatever is a relation or a type may not."""
    here = [t for t in snapshot.tables if t.name.schema == new.schema]
    taken = (
        *(t.name for t in here),
        *(Name(new.schema, i.name) for t in here for i in t.indexes),
        *(s.name for s in snapshot.sequences),
        *(v.name for v in snapshot.views),
        *(t.name for t in snapshot.types),
    )
    return new in taken


def _structure(table: Table, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    heirs = any(table.name in t.inherits for t in snapshot.tables)
    if table.kind != "table" or table.partition_of is not None:
        what = "a partition" if table.partition_of else f"a {table.kind}"
        yield f"it is {what}, and what manages it by name needs a table", _KEEP
    for column in table.columns:
        if column.generated and type_change.domain_default(column.type, snapshot):
            yield (
                f"an INSERT into the view would give the generated column {column.name} the"
                " default of its domain, which fails",
                _KEEP,
            )
    if table.inherits or heirs:
        yield "it takes part in inheritance, and ONLY has no effect on a view", _KEEP
    if table.rules:
        yield "it has rules, which would apply to the queries of both names", _KEEP
    if not table.columns:
        yield "it has no column, so a view of it cannot be written to", _KEEP


def _security(table: Table, major: int) -> Iterator[tuple[str, str]]:
    if not table.row_security or stand_in_view.as_invoker(table, major):
        return
    yield (
        "it has row security, and the view would have to use its owner's rights, to which"
        f" policies do not apply ({_why_owner(major)})",
        _KEEP,
    )


def _why_owner(major: int) -> str:
    if major < stand_in_view.INVOKER_MAJOR:
        return f"security_invoker is from PostgreSQL {stand_in_view.INVOKER_MAJOR} on"
    return "with grants on columns, security_invoker refuses roles that may read only some"


def _publications(table: Table, snapshot: Snapshot) -> tuple[str, ...]:
    """Those with the table, with all tables, or without a list, perhaps of a whole schema."""
    return tuple(
        p.name
        for p in snapshot.publications
        if p.name in table.publications or " FOR TABLE " not in p.definition
    )


def _reads_name(function: Function) -> bool:
    return _TRIGGERS_TABLE.search(naming.text(function)) is not None
