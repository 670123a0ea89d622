"""Build an index beside running reads and writes.

CREATE INDEX CONCURRENTLY cannot run in a transaction block, waits for every older
transaction, and leaves an INVALID index when it fails (manual, CREATE INDEX, "Building
Indexes Concurrently"); so a same-named invalid index is dropped before another try, and no
timeout cuts the build. On a partitioned parent it is an error: the parent's index is made
ON ONLY it, each leaf's concurrently, and attached; it becomes valid with the last.
"""

from dataclasses import dataclass

from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    LOCK_TIMEOUT,
    NO_TIMEOUT,
    STATEMENT_TIMEOUT,
    Check,
    Phase,
    RunSql,
    Side,
)
from zdm.model.schema import Name
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.recipes import cost, probes
from zdm.recipes.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIndex:
    """An index to build. `sql` is the whole CREATE INDEX CONCURRENTLY under its name; for a
    table that this train makes, the plain CREATE INDEX."""

    name: str
    sql: str
    columns: tuple[str, ...]  # for the estimate of its size
    unique: bool = False


def build(
    site: Site,
    index: NewIndex,
    *,
    phase: Phase = Phase.EXPAND,
    serves: frozenset[Side] = BOTH,
    preconditions: tuple[Check, ...] = (),
) -> RunSql:
    """The one step for an ordinary table."""
    full = site.beside(index.name)
    made_here = site.table.created
    return RunSql(
        id=site.id(index.name, "index"),
        operation=site.operation,
        phase=phase,
        title=f"build {'unique ' if index.unique else ''}index {index.name} on {site.name}",
        sql=(index.sql,),
        locks=site.lock(LockMode.SHARE_UPDATE_EXCLUSIVE),
        lock_timeout=LOCK_TIMEOUT if made_here else NO_TIMEOUT,
        statement_timeout=STATEMENT_TIMEOUT if made_here else NO_TIMEOUT,
        in_transaction=made_here,
        settings=site.settings,
        preconditions=preconditions,
        probe=probes.probe(probes.index_valid(full), probes.relation(full)),
        repair=() if made_here else (drop_sql(full),),
        undo=(_drop_plainly(full),) if made_here else (drop_sql(full),),
        serves=serves,
        reason="The table is made by this train: nobody uses it yet."
        if made_here
        else "CONCURRENTLY lets writes pass; a failed build leaves an INVALID index, which is"
        " dropped before the next try.",
        origin=site.origin,
        cost=cost.NOTHING if made_here else cost.build_index(site.table, index.columns),
    )


def drop_sql(index: Name) -> str:
    """Drop an index without blocking; it need not be there."""
    return emit.sql("DROP INDEX CONCURRENTLY IF EXISTS {i}", i=Qualified(index))


def _drop_plainly(index: Name) -> str:
    return emit.sql("DROP INDEX IF EXISTS {i}", i=Qualified(index))
