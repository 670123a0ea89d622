"""The steps: kept the same, copied, and ended after the rollout."""

from collections.abc import Iterator

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    NEW_ONLY,
    OLD_ONLY,
    STATEMENT_TIMEOUT,
    Backfill,
    Copy,
    Irreversible,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.recipes import cost, run_sql
from zdm.recipes.column import dual_write, tolerate
from zdm.recipes.index import walk_key
from zdm.recipes.moving import move as moving
from zdm.recipes.moving.move import Move
from zdm.recipes.sql import probes
from zdm.recipes.trigger import zdm_trigger

_LEFT_OUT = "The new version does not write it in rows that it inserts."


def of(move: Move) -> tuple[Step, ...]:
    """All of them, in order."""
    return (
        _install(move),
        *_tolerant(move),
        _fill(move),
        _end(move),
        *(dual_write.drop(move.site, old) for _, old in move.columns),
    )


def _install(move: Move) -> RunSql:
    site = move.site
    return run_sql.short_transaction(
        site,
        id=site.id(move.first, "move"),
        phase=Phase.EXPAND,
        title=f"keep {move.names} of {site.name} and {move.target.name} the same by triggers",
        sql=tuple(moving.install_sql(move)),
        locks=site.lock(LockMode.SHARE_ROW_EXCLUSIVE),
        settings=move.settings,
        probe=probes.probe(moving.installed(move)),
        undo=tuple(moving.drop_sql(move, missing=True)),
        serves=OLD_ONLY,
        reason="Before the copy begins, so that no row is written in between in one of the two"
        " tables only.",
    )


def _tolerant(move: Move) -> Iterator[RunSql]:
    for _, old in move.columns:
        column = move.site.table.require_column(old)
        if column.not_null:
            yield replace(tolerate.null(move.site, column, _LEFT_OUT), serves=OLD_ONLY)


def _fill(move: Move) -> Backfill:
    site = move.site
    return Backfill(
        id=site.id(move.first, "copy"),
        operation=site.operation,
        phase=Phase.BACKFILL,
        title=f"copy {move.names} of {site.name} into {move.target.name}",
        table=site.name,
        key=walk_key.walk(site.table),
        assignments=(),
        differs=moving.differs(move),
        synced=True,
        copy=Copy(
            table=move.target.name,
            columns=tuple(new for new, _ in (*move.key, *move.columns)),
            sql=moving.copy_sql(move),
            locks=site.lock(LockMode.ROW_EXCLUSIVE),
        ),
        settings=move.settings,
        preconditions=(
            zdm_trigger.enabled_check(
                moving.installed(move),
                what=f"a trigger that keeps {move.names} of {site.name} and"
                f" {move.target.name} the same",
                otherwise="lost",
            ),
        ),
        undo=(),  # the step that made the table drops it
        serves=BOTH,
        reason="The triggers see to rows that are written meanwhile; batches lock the rows that"
        " they copy, so none is copied as it was before.",
        origin=site.origin,
        cost=cost.copy_rows(site.table, move.target),
    )


def _end(move: Move) -> RunSql:
    site, mode = move.site, LockMode.ACCESS_EXCLUSIVE
    names = (site.name, move.target.name)
    return RunSql(
        operation=site.operation,
        origin=site.origin,
        id=site.id(move.first, "end-move"),
        phase=Phase.CONTRACT,
        title=f"stop keeping {move.names} of {site.name} and {move.target.name} the same",
        sql=tuple(moving.drop_sql(move, missing=False)),
        locks=tuple(sorted(TableLock(table=name, mode=mode) for name in names)),
        lock_timeout=run_sql.wait_of_each(len(names)),
        statement_timeout=STATEMENT_TIMEOUT,
        settings=move.settings,
        probe=probes.probe(moving.removed(move)),
        undo=Irreversible(
            reason=f"{move.names} of {site.name} no longer gets what the new version writes to"
            f" {move.target.name}"
        ),
        serves=NEW_ONLY,
        reason="One transaction, because a trigger that names a dropped column makes every"
        " write fail.",
    )
