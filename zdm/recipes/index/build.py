"""Build an index while reads and writes continue.

CREATE INDEX CONCURRENTLY cannot run in a transaction block, waits for every older
transaction, and leaves an INVALID index when it fails (manual, CREATE INDEX, "Building
Indexes Concurrently"); so a same-named invalid index is dropped before another try, and no
timeout cuts the build. On a partitioned parent it is an error.
"""

from msgspec import Struct

from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    Check,
    Phase,
    RunSql,
    Side,
)
from zdm.model.schema import Name
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.recipes import cost, run_sql
from zdm.recipes.site import Site
from zdm.recipes.sql import probes


class NewIndex(Struct, frozen=True, kw_only=True):
    """An index to build; `sql` is the whole CREATE INDEX CONCURRENTLY under its name."""

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
    return run_sql.concurrently(
        site,
        id=site.id(index.name, "index"),
        phase=phase,
        title=f"build {'unique ' if index.unique else ''}index {index.name} on {site.name}",
        sql=(index.sql,),
        locks=site.lock(LockMode.SHARE_UPDATE_EXCLUSIVE),
        settings=site.settings,
        preconditions=preconditions,
        probe=probes.probe(probes.index_valid(full), probes.relation(full)),
        repair=(drop_sql(full),),
        undo=(drop_sql(full),),
        serves=serves,
        reason="CONCURRENTLY does not block writes; a failed build leaves an INVALID index,"
        " which is dropped before the next attempt.",
        cost=cost.build_index(site.table, index.columns),
    )


def drop_sql(index: Name) -> str:
    """Drop an index without blocking; it need not be there."""
    return emit.sql("DROP INDEX CONCURRENTLY IF EXISTS {i}", i=Qualified(index))
