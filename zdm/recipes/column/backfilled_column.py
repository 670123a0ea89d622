"""A new column that is filled: the backfill of existing rows, and the end of the trigger that
fills it while a version that does not know the column is running.
"""

from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    Assignment,
    Backfill,
    Check,
    Phase,
    RunSql,
)
from zdm.model.schema import Column
from zdm.model.sql import ident
from zdm.parse import emit
from zdm.parse.emit import Expression, Ident, Qualified
from zdm.recipes import cost, run_sql
from zdm.recipes.index import walk_key
from zdm.recipes.site import Site
from zdm.recipes.sql import null_test, probes
from zdm.recipes.trigger import computed_column, fill_nulls, sync, zdm_trigger


def backfill(site: Site, column: Column, value: str, *, by_trigger: bool) -> Backfill:
    """Every row without a value, or with another one than is computed from its columns;
    `by_trigger`: a trigger gives new rows theirs."""
    return Backfill(
        id=site.id(column.name, "fill"),
        operation=site.operation,
        phase=Phase.BACKFILL,
        title=f"fill {site.name}.{column.name}",
        table=site.name,
        key=walk_key.walk(site.table),
        assignments=(Assignment(column=column.name, expression=value),),
        differs=_differs(site, column, value),
        settings=site.settings,
        preconditions=(_enabled(site, column, value),) if by_trigger else (),
        undo=(),
        serves=BOTH,
        reason="Existing rows have no value yet; batches lock only the rows they write.",
        origin=site.origin,
        cost=cost.rewrite_rows(site.table),
    )


def _enabled(site: Site, column: Column, value: str) -> Check:
    trigger = computed_column.trigger_of(site, column.name, value)
    return fill_nulls.enabled_check(site, column.name, trigger)


def stop(site: Site, column: Column, value: str, *, keeps: bool) -> RunSql:
    """Drop the trigger once the old version is gone; `keeps` as it was installed."""
    trigger = computed_column.trigger_of(site, column.name, value)
    return run_sql.short_transaction(
        site,
        id=site.id(column.name, "stop-filling"),
        phase=Phase.CONTRACT,
        title=f"stop filling {site.name}.{column.name}",
        sql=zdm_trigger.drop_sql(trigger),
        locks=site.lock(LockMode.ACCESS_EXCLUSIVE),
        settings=site.settings,
        probe=probes.probe(zdm_trigger.removed(trigger)),
        undo=computed_column.install_sql(site, column, value, keeps=keeps),
        serves=NEW_ONLY,
        reason="The new version writes the column itself.",
    )


def _differs(site: Site, column: Column, value: str) -> str:
    if not computed_column.inputs(value, site.table):
        return null_test.is_null(ident(column.name), column, site.snapshot)
    wanted = f"CAST({value} AS {column.type})"
    return sync.is_distinct(ident(column.name), wanted, column, site.snapshot)


def drop_default(place: Site, column: Column, default: str) -> RunSql:
    """The end of a default that only the old version needs."""
    t, c = Qualified(place.name), Ident(column.name)
    return run_sql.short_transaction(
        place,
        id=place.id(column.name, "drop-default"),
        phase=Phase.CONTRACT,
        title=f"drop the default of {place.name}.{column.name}",
        sql=(emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT", t=t, c=c),),
        locks=place.lock_below(LockMode.ACCESS_EXCLUSIVE),
        settings=place.settings,
        probe=probes.probe(probes.absent(probes.column_default(place.name, column.name))),
        undo=(
            emit.sql(
                "ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {d}",
                t=t,
                c=c,
                d=Expression(default),
            ),
        ),
        serves=NEW_ONLY,
        reason="Only the old version, which does not know the column, needed it.",
    )
