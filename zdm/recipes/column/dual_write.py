"""The steps that a rename and a type change share: two columns kept in sync by the canonical
sync trigger, a backfill, and after the rollout the end of the old column.

The point of no return is the drop of the trigger, not the drop of the column: from there on
the old column no longer knows what the new version writes.
"""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    Assignment,
    Backfill,
    Irreversible,
    Phase,
    RunSql,
    TableLock,
)
from zdm.model.schema import Column, Constraint, Index, Snapshot, Table
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Ident, Idents, Qualified
from zdm.recipes import cost, run_sql
from zdm.recipes.column import refusing
from zdm.recipes.column.refusing import Omitted
from zdm.recipes.index import walk_key
from zdm.recipes.reading.filled import Line
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.recipes.trigger import sync, zdm_trigger
from zdm.recipes.trigger.sync import Pair
from zdm.schema import type_change

PAST_RETURN = "after the point of no return: the old version can no longer run"
_ANALYZED = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_stats AS s WHERE s.schemaname = {schema}"
    " AND s.tablename = {table} AND s.attname = {column})"
    " OR NOT EXISTS (SELECT FROM {relation})"
    " OR pg_catalog.row_security_active({text})"  # pg_stats shows nothing then
)


def two_unique(table: Table, old: str, new: str, *, built: bool) -> Iterator[tuple[str, str]]:
    """Fact and remedy: a row that two sessions insert at once meets two unique indexes, and
    ON CONFLICT waits at one of them (measured 14 and 18). `built`: zdm builds the second."""
    names = ", ".join(i.name for i in table.indexes if i.unique and old in i.columns)
    if not names:
        return
    twice = (
        f"from the last step before the rollout to the contract {names} is there twice, on"
        f" {old} and on {new}"
        if built
        else f"if this train also builds a unique index on {new}, there are two until the"
        f" contract, with {names}"
    )
    yield (
        f"{twice}: an INSERT … ON CONFLICT that names a column or a constraint can fail with a"
        " duplicate key (23505) when two sessions insert the same new key at once",
        "repeat such a statement, or write ON CONFLICT DO NOTHING without a column: that never"
        " fails so",
    )


def fill(site: Site, pair: Pair, where: str = "") -> Backfill:
    """Every row that differs gets its value; run again it changes nothing."""
    differs, mismatch = sync.differs(site, pair), sync.mismatch(site, pair)
    if where and mismatch and not pair.adds:  # what the author leaves out may differ for good
        mismatch = f"({mismatch}) AND {where}"
    return Backfill(
        id=site.id(pair.new.name, "fill"),
        operation=site.operation,
        phase=Phase.BACKFILL,
        title=f"fill {site.name}.{pair.new.name} from {pair.old.name}",
        table=site.name,
        key=walk_key.walk(site.table),
        assignments=(Assignment(column=pair.new.name, expression=pair.forward),),
        differs=f"({differs}) AND {where}" if where else differs,
        synced=True,
        mismatch=mismatch,
        settings=site.settings,
        preconditions=(sync.enabled_check(site, pair),),
        undo=(),  # the step that added the column drops it
        serves=BOTH,
        reason="The trigger keeps newly written rows in sync; batches write the others, each"
        " only if it still differs.",
        origin=site.origin,
        cost=cost.rewrite_rows(site.table),
    )


def analyze(site: Site, column: str, *, target: int | None = None) -> tuple[RunSql, ...]:
    """Statistics for the new column before reads move to it; none where its target is 0."""
    return () if target == 0 else (analyze_all(site, (column,)),)


def analyze_all(site: Site, columns: tuple[str, ...]) -> RunSql:
    """Statistics for new columns, from one sample of the table's rows."""
    several = len(columns) > 1
    return run_sql.full_scan(
        site,
        id=site.id(columns[0], "analyze"),
        phase=Phase.VALIDATE,
        title=f"gather statistics of {site.name}.{', '.join(columns)}",
        sql=(emit.sql("ANALYZE {t} ({c})", t=Qualified(site.name), c=Idents(columns)),),
        locks=site.lock(LockMode.SHARE_UPDATE_EXCLUSIVE),
        probe=_gathered(site, columns),
        undo=(),
        serves=BOTH,
        reason="New columns have no statistics, so queries on them would get poor plans."
        if several
        else "A new column has no statistics, so queries on it would get poor plans.",
    )


def _gathered(site: Site, columns: tuple[str, ...]) -> str:
    done = [_analyzed(site, column) for column in columns]
    return probes.probe(done[0] if len(done) == 1 else probes.both(*done))


def _analyzed(site: Site, column: str) -> str:
    return emit.sql(
        _ANALYZED,
        schema=Constant(site.name.schema),
        table=Constant(site.name.name),
        column=Constant(column),
        relation=Qualified(site.name),
        text=Constant(site.name.sql),
    )


def contract(site: Site, pair: Pair, *, default: str | None) -> RunSql:
    """Stop keeping the columns in sync, and let the old one be NULL from now on."""
    trigger, function = sync.remove_sql(site, pair)
    fragile, indexes = _fragile(site, pair.old.name)
    edits = (
        *(_drop_constraint(site, constraint.name) for constraint in fragile),
        *(_drop_index(site, index.name) for index in indexes),
        *_allow_null(site, pair.old),
        *_set_default(site, pair, default),
    )
    gone = zdm_trigger.removed(sync.trigger_of(site, pair))
    return run_sql.short_transaction(
        site,
        id=site.id(pair.new.name, "end-dual-write"),
        phase=Phase.CONTRACT,
        title=f"stop keeping {site.name}.{pair.old.name} in sync with {pair.new.name}",
        sql=(trigger, *(edit.sql for edit in edits), function),
        locks=_locks(site, fragile),
        settings=site.settings,
        probe=probes.probe(probes.both(gone, *(edit.done for edit in edits))),
        undo=Irreversible(
            reason=f"{pair.old.name} no longer gets what the new version writes to"
            f" {pair.new.name}"
        ),
        serves=NEW_ONLY,
        reason="One transaction, because a trigger that names a dropped column makes every"
        " write fail.",
    )


class _Edit(Struct, frozen=True):
    """A statement, and a SELECT that says whether it is done."""

    sql: str
    done: str


def _drop_constraint(site: Site, name: str) -> _Edit:
    table, constraint = Qualified(site.name), Ident(name)
    return _Edit(
        emit.sql("ALTER TABLE {t} DROP CONSTRAINT {k}", t=table, k=constraint),
        probes.absent(probes.constraint(site.name, name)),
    )


def _drop_index(site: Site, name: str) -> _Edit:
    full = site.beside(name)
    return _Edit(
        emit.sql("DROP INDEX {i}", i=Qualified(full)), probes.absent(probes.relation(full))
    )


def _locks(site: Site, dropped: tuple[Constraint, ...]) -> tuple[TableLock, ...]:
    """The table's, and those of the tables that its dropped foreign keys reference."""
    others = {c.references for c in dropped if c.references not in (None, site.name)}
    found = {TableLock(table=name, mode=LockMode.ACCESS_EXCLUSIVE) for name in others if name}
    return tuple(sorted(found | set(site.lock(LockMode.ACCESS_EXCLUSIVE))))


def _allow_null(site: Site, column: Column) -> Iterator[_Edit]:
    """Without NOT NULL and without default, so that the column can be left out. That of a
    domain stays while the column has none of its own, not even NULL (manual, CREATE DOMAIN)."""
    table, name = Qualified(site.name), Ident(column.name)
    if column.not_null:
        yield _Edit(
            emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL", t=table, c=name),
            probes.absent(probes.column_not_null(site.name, column.name)),
        )
    if type_change.domain_default(column.type, site.snapshot):
        yield _Edit(
            emit.sql("ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT NULL", t=table, c=name),
            probes.null_default(site.name, column.name),
        )
    elif column.default is not None:
        yield _Edit(
            emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT", t=table, c=name),
            probes.absent(probes.column_default(site.name, column.name)),
        )


def _set_default(site: Site, pair: Pair, default: str | None) -> Iterator[_Edit]:
    table, name = Qualified(site.name), Ident(pair.new.name)
    there = probes.column_default(site.name, pair.new.name)
    if default is not None:
        sql = "ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {d}"
        yield _Edit(emit.sql(sql, t=table, c=name, d=Expression(default)), there)
    elif pair.adds and type_change.found(pair.new.type, site.snapshot, "domain") is not None:
        sql = "ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT"  # from here the domain's counts
        yield _Edit(emit.sql(sql, t=table, c=name), probes.absent(there))


def explicit_null(
    old: Column, new: Column, snapshot: Snapshot, *, carried: bool = False
) -> tuple[Line, ...]:
    """That a NULL of the new version is treated as a column that is left out. `carried`: the
    new column gets the old one's default in the end, else it has none."""
    domain = type_change.found(old.type, snapshot, "domain")
    defaulted = domain is not None and " DEFAULT " in domain.definition
    if old.default is None and not defaulted:
        return ()
    if not carried:
        return (
            (
                f"until the contract, an INSERT that leaves {new.name} out, or gives it NULL,"
                f" gets the default of {old.name}: a trigger cannot tell one from the other",
                f"give {new.name} a value in each INSERT until the contract, or set NULL by an"
                " UPDATE",
            ),
        )
    return (
        (
            f"until the contract, an INSERT that gives {new.name} an explicit NULL gets the"
            f" default of {old.name}: a trigger cannot tell NULL from a column that is left"
            " out",
            f"insert NULL into {new.name} only after the contract, or set it by an UPDATE",
        ),
    )


def drop_foreign_keys(
    site: Site, column: str, *, all_of_them: bool = True
) -> tuple[RunSql, ...]:
    """Each foreign key of the column alone: it locks both tables ACCESS EXCLUSIVE. Those over
    several columns may be gone: the end of the dual write drops them."""
    return tuple(
        _drop_foreign_key(site, constraint)
        for constraint in site.table.constraints
        if constraint.kind == "foreign key"
        and column in constraint.columns
        and (all_of_them or constraint.columns == (column,))
    )


def _drop_foreign_key(site: Site, constraint: Constraint) -> RunSql:
    other = constraint.references
    locks = set(site.lock(LockMode.ACCESS_EXCLUSIVE))
    if other is not None:
        locks.add(TableLock(table=other, mode=LockMode.ACCESS_EXCLUSIVE))
    edit = _drop_constraint(site, constraint.name)
    return run_sql.foreign_key_change(
        site,
        id=site.id(constraint.name, "drop-foreign-key"),
        phase=Phase.DROP,
        title=f"drop foreign key {constraint.name} of {site.name}",
        sql=(edit.sql,),
        locks=tuple(sorted(locks)),
        probe=probes.probe(edit.done),
        undo=Irreversible(reason=PAST_RETURN),
        serves=NEW_ONLY,
        reason="Dropped with its column, it would hold the locks of both tables longer; alone"
        " it takes milliseconds.",
    )


def drop(
    site: Site, column: str, renames: tuple[str, ...] = (), done: tuple[str, ...] = ()
) -> RunSql:
    """Drop the old column, and rename what was built under a temporary name."""
    return run_sql.short_transaction(
        site,
        id=site.id(column, "drop"),
        phase=Phase.DROP,
        title=f"drop {site.name}.{column}",
        sql=(
            emit.sql(
                "ALTER TABLE {t} DROP COLUMN {c}", t=Qualified(site.name), c=Ident(column)
            ),
            *renames,
        ),
        locks=site.lock(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.both(probes.absent(probes.column(site.name, column)), *done)),
        undo=Irreversible(reason="the column's values are gone"),
        serves=NEW_ONLY,
        reason="No running version uses it; its space is reclaimed as rows are rewritten.",
    )


def _fragile(site: Site, column: str) -> tuple[tuple[Constraint, ...], tuple[Index, ...]]:
    """Constraints and indexes that refuse rows once the column is NULL in new ones, and stays
    as it is in others."""
    alone = frozenset({column})
    unique = refusing.unique(site.table, column, Omitted.NULL, alone)
    names = {i.constraint for i in unique} | {
        c.name for c in refusing.foreign_keys(site.table, column, alone)
    }
    constraints = tuple(
        c
        for c in site.table.constraints
        if column in c.columns and (c.kind == "check" or c.name in names)
    )
    return constraints, tuple(i for i in unique if i.constraint is None)
