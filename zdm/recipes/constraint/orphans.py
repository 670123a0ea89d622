"""Rows that refer to no row, and what the author says is to become of them.

`-- zdm: orphans delete -- reason` above ADD FOREIGN KEY deletes them, `orphans null` empties
their columns, and `orphans park` moves them to a side table, from which a rollback brings them
back. All of it is in CONTRACT: the old version, which may write such rows, is gone. The foreign
key is there first, NOT VALID, so that nothing writes more of them while batches correct those
that are there; VALIDATE then finds none.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import (
    NEW_ONLY,
    Assignment,
    Backfill,
    Irreversible,
    Phase,
    RunSql,
    Step,
)
from zdm.model.schema import Index, Snapshot, Table, Volatility
from zdm.model.statement import Action, Directive, DirectiveKind
from zdm.parse.readers import fired
from zdm.recipes import cost, run_sql
from zdm.recipes.constraint import added_later, compared, emptied, orphan_rows, referred
from zdm.recipes.constraint.orphan_rows import Orphans
from zdm.recipes.constraint.references import Reference
from zdm.recipes.index import walk_key
from zdm.recipes.reading import deletes, filled
from zdm.recipes.sql import probes
from zdm.recipes.trigger import zdm_trigger
from zdm.schema import family

Line = tuple[str, str]  # fact and remedy
_ITSELF = (
    "put `-- zdm: orphans null -- reason` above it instead; or delete them in an earlier"
    " release"
)
_BY_ROWS = (
    "put `-- zdm: orphans delete -- reason` or `-- zdm: orphans park -- reason` above"
    " it instead"
)
_BEFORE = "remove the directive, and delete or correct them in an earlier release"


def said(action: Action) -> Directive | None:
    """What the author says is to become of them."""
    found = (d for d in action.statement.directives if d.kind is DirectiveKind.ORPHANS)
    return next(found, None)


def able_to_be_null(table: Table, reference: Reference) -> tuple[str, ...]:
    """The columns of the reference that can be set to NULL: with MATCH FULL each, else those
    that can be."""
    found = [table.require_column(name) for name in reference.columns]
    able = tuple(c.name for c in found if not c.not_null and not c.generated)
    return able if not reference.match_full or len(able) == len(found) else ()


def obstacle(
    how: str, reference: Reference, table: Table, later: Sequence[Action], snapshot: Snapshot
) -> Line | None:
    """Why that cannot be done to the rows of the table, and the remedy."""
    heirs = family.children(snapshot, table.name)
    if table.kind == "partitioned table" or heirs:
        what = "is partitioned" if not heirs or table.partition_key else "has children"
        return (
            f"{table.name} {what}, and zdm corrects orphans of ordinary tables only",
            "remove the directive, and in the same train write a DELETE or an UPDATE of them"
            " for each table that holds rows",
        )
    uncertain = _uncertain(reference, table, snapshot)
    if uncertain is not None:
        return uncertain
    if how == "null":
        return _not_emptied(reference, table, later, snapshot)
    return _not_deleted(reference, table, snapshot) or (
        _not_parked(table) if how == "park" else None
    )


def _uncertain(reference: Reference, table: Table, snapshot: Snapshot) -> Line | None:
    parent = snapshot.require_table(reference.parent)
    pair = compared.otherwise(table, parent, reference, snapshot)
    if pair is None:
        return None
    own, other = f"{table.name}.{pair[0]}", f"{parent.name}.{pair[1]}"
    return (
        f"by their types, collations or index, it is not certain that a query compares {own}"
        f" and {other} as the foreign key does, so rows that the key accepts could be deleted"
        " or changed",
        "remove the directive, and before the statement, in the same train, write a DELETE or"
        " an UPDATE of the orphans that compares as the foreign key does",
    )


def _not_emptied(
    reference: Reference, table: Table, later: Sequence[Action], snapshot: Snapshot
) -> Line | None:
    columns = able_to_be_null(table, reference)
    refused = added_later.of_row(columns, later, table, snapshot)
    deletable = _not_deleted(reference, table, snapshot) is None
    if not columns or any(one.by == "NOT NULL" for one in refused):
        return _or_rows(
            f"{', '.join(reference.columns)} of {table.name} cannot be NULL, so its orphans"
            " cannot be set to NULL",
            deletable,
        )
    refusing = emptied.refusing(table, frozenset(columns), snapshot)
    if refusing:
        return _or_rows(
            f"{refusing} of {table.name} may refuse rows with NULL in {', '.join(columns)}, so"
            " its orphans may not be set to NULL",
            deletable,
        )
    return filled.obstacle(table, snapshot)


def _not_deleted(reference: Reference, table: Table, snapshot: Snapshot) -> Line | None:
    able = bool(able_to_be_null(table, reference))
    acting = deletes.acting(table, snapshot)
    if acting:
        name, does = acting[0].table.name, deletes.does(acting[0])
        return _or_null(
            f"rows of {name} that refer to orphans of {table.name} {does}, however many they"
            " are, so the batches have no bound",
            able,
        )
    refusing = any(one.table == table for one in deletes.refusing(table, snapshot))
    if refusing or reference.parent == table.name:
        return _or_null(
            f"rows of {table.name} refer to each other, so to delete one may make others"
            " orphans, or fail",
            able,
        )
    kept = deletes.keeping(table, snapshot)
    return _or_null(kept, able) if kept else deletes.obstacle(table, snapshot)


def _or_rows(fact: str, able: bool) -> Line:
    """With what is left where the columns are not emptied."""
    if able:
        return f"{fact}", _BY_ROWS
    return f"{fact}", _BEFORE


def _or_null(fact: str, able: bool) -> Line:
    """With what is left where the rows are not deleted."""
    if able:
        return f"{fact}", _ITSELF
    return f"{fact}", _BEFORE


def _not_parked(table: Table) -> Line | None:
    key = walk_key.walk(table)
    if not key or any(table.require_column(name).generated for name in key):
        return (
            f"{table.name} has no key of values of its own, so its rows cannot be parked and"
            " brought back one by one",
            "give it a primary key in an earlier release, or put"
            " `-- zdm: orphans delete -- reason` above it instead",
        )
    for rule in map(fired.rule, table.rules):
        if rule.on_insert and rule.replaces:
            return (
                f"the rule {rule.name} of {table.name} is done instead of every INSERT, so"
                " parked rows could not be brought back",
                "put `-- zdm: orphans delete -- reason` above it instead",
            )
    return None


def hazards(orphans: Orphans, reason: str, snapshot: Snapshot) -> Iterator[Line]:
    """What becomes of them, what others do then, and how to count them."""
    table, parent = orphans.site.name, orphans.parent.name
    count = f"SELECT count(*) FROM ONLY {table.sql} WHERE {orphans.differs}"  # noqa: S608
    rows = f"rows of {table} that refer to no row of {parent}"
    by = f"by its author: {reason}"
    if orphans.nulls:
        columns = ", ".join(orphans.nulls)
        yield (
            f"{rows} get NULL in {columns} in the contract, and no rollback brings the values"
            f" back ({by})",
            f"count them first: {count}",
        )
        yield from filled.hazards(orphans.site.table, *orphans.nulls)
        return
    if orphans.parks:
        yield (
            f"{rows} are moved to {orphans.side} in the contract; a rollback brings them back,"
            f" and the last step drops them with that table ({by})",
            f"count them first: {count}; copy what you need of {orphans.side} before the drop"
            " phase",
        )
        yield from _of_parked(orphans, snapshot)
    else:
        yield (
            f"{rows} are deleted in the contract, and no rollback brings them back ({by})",
            f"count them first: {count}; put `-- zdm: orphans park -- reason` there instead if"
            " you may need them",
        )
    yield from deletes.hazards(orphans.site.table, snapshot)


def _of_parked(orphans: Orphans, snapshot: Snapshot) -> Iterator[Line]:
    table = orphans.site.table
    texts = [(t.name, fired.trigger(t.definition)) for t in table.triggers if t.enabled != "D"]
    inserted = [name for name, text in texts if text.on_insert]
    inserted += [rule.name for rule in map(fired.rule, table.rules) if rule.on_insert]
    if inserted:
        yield (
            f"triggers and rules of {table.name} apply again when a rollback brings parked rows"
            f" back: {', '.join(inserted)}",
            "check that what they change, and write to other tables, is acceptable",
        )
    unique = [index for index in table.indexes if index.unique and not _counts(index, table)]
    if unique:
        yield (
            f"a row that gets what a parked one of {table.name} holds in"
            f" {', '.join(index.name for index in unique)} stops the rollback, which cannot"
            " bring that one back (23505)",
            "let no version give such a value again before the drop phase",
        )
    published = [one.name for one in snapshot.publications if one.all_tables]
    if published:
        yield (
            f"the table that keeps the parked rows of {table.name} is published by"
            f" {', '.join(published)}, and a subscriber without it stops",
            "put `-- zdm: orphans delete -- reason` there instead, or make that table on the"
            " subscribers first, as the plan does",
        )


def _counts(index: Index, table: Table) -> bool:
    """Whether a default or an identity gives each row another value in it."""
    found = [table.column(name) for name in index.columns]
    return any(
        c is not None and (c.identity or c.default_volatility is Volatility.VOLATILE)
        for c in found
    )


def steps(
    orphans: Orphans, add: RunSql, validate: RunSql, snapshot: Snapshot
) -> tuple[Step, ...]:
    """The foreign key for new rows, the batches between, and VALIDATE."""
    guarded = _guarded(orphans, add)
    middle = (guarded, _batches(orphans, snapshot), _stop(orphans), validate)
    return (_side(orphans), *middle, _drop_side(orphans)) if orphans.parks else middle


def _guarded(orphans: Orphans, add: RunSql) -> RunSql:
    site, trigger = orphans.site, orphans.trigger
    return replace(
        add,
        sql=(*add.sql, *orphan_rows.install_sql(orphans)),
        probe=probes.probe(
            probes.both(
                probes.constraint(site.name, orphans.name), zdm_trigger.installed(trigger)
            )
        ),
        undo=(*_undo(add), *zdm_trigger.drop_sql(trigger)),
        reason=f"{add.reason} From now on no row becomes an orphan. The trigger looks once more"
        " at each row that the batches are about to change.",
    )


def _undo(step: RunSql) -> tuple[str, ...]:
    return () if isinstance(step.undo, Irreversible) else step.undo


def _batches(orphans: Orphans, snapshot: Snapshot) -> Backfill:
    site = orphans.site
    going = () if orphans.nulls else referred.checks(site.table, orphans.differs, snapshot)
    return Backfill(
        id=site.id(orphans.name, "orphans"),
        operation=site.operation,
        phase=Phase.CONTRACT,
        title=f"{_does(orphans)} in batches",
        table=site.name,
        key=walk_key.walk(site.table),
        assignments=tuple(Assignment(column=c, expression="NULL") for c in orphans.nulls),
        differs=orphans.differs,
        sources=tuple(n for n in (orphans.parent.name,) if n != site.name),
        settings=(*site.settings, *orphans.settings),
        preconditions=(orphan_rows.enabled_check(orphans), *going),
        undo=_lost(orphans),
        serves=NEW_ONLY,
        reason="Batches lock only the rows that they change, and only while they run; the"
        f" directive of {site.origin[0]} asks for it.",
        origin=site.origin,
        cost=cost.scan(site.table),
    )


def _does(orphans: Orphans) -> str:
    name = orphans.site.name
    if orphans.nulls:
        return f"set {', '.join(orphans.nulls)} of orphans of {name} to NULL"
    if orphans.parks:
        return f"move orphans of {name} to {orphans.side}"
    return f"delete orphans of {name}"


def _lost(orphans: Orphans) -> tuple[str, ...] | Irreversible:
    if orphans.parks:
        return ()
    if orphans.nulls:
        return Irreversible(reason="the previous values are not recorded", rows=True)
    return Irreversible(reason="the deleted rows are not recorded")


def _stop(orphans: Orphans) -> RunSql:
    site, trigger = orphans.site, orphans.trigger
    return run_sql.short_transaction(
        site,
        id=site.id(orphans.name, "orphans-done"),
        phase=Phase.CONTRACT,
        title=f"drop the trigger for orphans of {site.name}",
        sql=zdm_trigger.drop_sql(trigger),
        locks=site.lock(LockMode.ACCESS_EXCLUSIVE),
        settings=site.settings,
        probe=probes.probe(zdm_trigger.removed(trigger)),
        undo=orphan_rows.install_sql(orphans),
        serves=NEW_ONLY,
        reason="No orphan is left, and the foreign key lets no new one in.",
    )


def _side(orphans: Orphans) -> RunSql:
    site = orphans.site
    return run_sql.short_transaction(
        site,
        id=site.id(orphans.name, "park"),
        phase=Phase.CONTRACT,
        title=f"make {orphans.side}, which keeps the orphans of {site.name}",
        sql=orphan_rows.side_sql(orphans),
        locks=(),
        settings=site.settings,
        probe=probes.probe(orphan_rows.side_installed(orphans)),
        undo=orphan_rows.drop_side_sql(orphans),
        restore=orphan_rows.restore(orphans),
        serves=NEW_ONLY,
        reason="A rollback brings each row back from it. Only its owner can read it.",
    )


def _drop_side(orphans: Orphans) -> RunSql:
    site = orphans.site
    return run_sql.short_transaction(
        site,
        id=site.id(orphans.name, "drop-parked"),
        phase=Phase.DROP,
        title=f"drop {orphans.side} with the parked rows of {site.name}",
        sql=orphan_rows.drop_side_sql(orphans),
        locks=(),
        settings=site.settings,
        probe=probes.probe(orphan_rows.side_removed(orphans)),
        undo=Irreversible(reason=f"the parked rows of {site.name} are dropped"),
        serves=NEW_ONLY,
        reason="The foreign key is validated, so nothing but a rollback needs them.",
    )
