"""The steps that keep old values: the side table in expand, and its end after the rollout."""

from zdm.model.plan import BOTH, Cost, Irreversible, Phase, RunSql
from zdm.model.schema import Name, Snapshot, Table
from zdm.recipes import run_sql
from zdm.recipes.sql import probes
from zdm.recipes.trigger import keep_old
from zdm.recipes.trigger.keep_old import Kept

Line = tuple[str, str]  # fact and remedy


def begin(kept: Kept, costs: Cost) -> RunSql:
    """Make the side table; undone, the old values are restored and it is dropped."""
    return run_sql.short_transaction(
        kept.site,
        id=_id(kept, "keep-old-values"),
        phase=Phase.EXPAND,
        title=f"make {kept.table}, which keeps the {_what(kept)} until the contract",
        sql=keep_old.install_sql(kept),
        locks=(),
        settings=kept.site.settings,
        probe=probes.probe(keep_old.installed(kept)),
        undo=keep_old.drop_sql(kept),
        restore=keep_old.restore(kept, f"restore the {_what(kept)} in batches", costs),
        serves=BOTH,
        reason="A rollback restores each old value from it, where the row still holds the value"
        " that the fill gave it. Only its owner can read it.",
    )


def end(kept: Kept) -> RunSql:
    """Drop the side table; the point of no return, if there is no earlier one."""
    return run_sql.short_transaction(
        kept.site,
        id=_id(kept, "drop-old-values"),
        phase=Phase.DROP,
        title=f"drop {kept.table} with the {_what(kept)}",
        sql=keep_old.drop_sql(kept),
        locks=(),
        settings=kept.site.settings,
        probe=probes.probe(keep_old.removed(kept)),
        undo=Irreversible(reason=f"the {_what(kept)} are dropped"),
        serves=BOTH,
        reason="The old version is gone, so nothing needs them.",
    )


def obstacle(table: Table, key: tuple[str, ...]) -> Line | None:
    """Why old values cannot be kept by this key of the table, and the remedy."""
    if not key:
        return (
            f"{table.name} has no key, so its old values cannot be kept by row",
            "give it a primary key in an earlier release, or remove `-- zdm: keep old values`",
        )
    for name in key:
        if table.require_column(name).generated:  # not computed yet where a trigger fires
            return (
                f"{table.name}.{name}, of the key by which old values would be kept, is"
                " generated",
                "remove `-- zdm: keep old values`",
            )
    return None


def published(table: Name, snapshot: Snapshot) -> tuple[Line, ...]:
    """That subscribers get the rows of the side table."""
    named = [one.name for one in snapshot.publications if one.all_tables]
    if not named:
        return ()
    return (
        (
            f"the table that keeps the old values of {table} is published by"
            f" {', '.join(named)}, and a subscriber without it stops",
            "remove `-- zdm: keep old values`, or make that table on the subscribers first, as"
            " the plan does",
        ),
    )


def _id(kept: Kept, word: str) -> str:
    return kept.site.id(*(column.name for column in kept.columns), word)


def _what(kept: Kept) -> str:
    columns = ", ".join(column.name for column in kept.columns)
    return f"old values of {kept.site.name}.{columns}"
