"""REINDEX INDEX CONCURRENTLY: a new index beside the former one, then the names are exchanged.

It takes SHARE UPDATE EXCLUSIVE, waits for older transactions, and cannot run in a transaction
block. When it fails it leaves an INVALID index of the table under the index's name with
`_ccnew`, the new one, or `_ccold`, the former one (manual, REINDEX, "Rebuilding Indexes
Concurrently"; measured 14, 18). Both are dropped before the next attempt, and nothing else is:
where another relation has one of these names, the step stops. The catalog does not show that an
index was rebuilt, so only the journal does.
"""

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Check, Phase, RunSql
from zdm.model.schema import Index, Name
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Qualified
from zdm.recipes import cost, run_sql
from zdm.recipes.index import build
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import generated_names

_LABELS = ("ccnew", "ccold")
_INVALID = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i"
    " WHERE i.indexrelid = pg_catalog.to_regclass({index}) AND NOT i.indisvalid"
    " AND i.indrelid = pg_catalog.to_regclass({table}))"
)


def rebuild(site: Site, index: Index) -> RunSql:
    """The one step for an index of an ordinary table."""
    full = site.beside(index.name)
    used = () if site.table.created else site.lock(LockMode.SHARE_UPDATE_EXCLUSIVE)
    left = tuple(map(site.beside, leftovers(index)))
    step = run_sql.concurrently(
        site,
        id=site.id(index.name, "reindex"),
        phase=Phase.EXPAND,
        title=f"rebuild index {index.name} of {site.name}",
        sql=(emit.sql("REINDEX INDEX CONCURRENTLY {i}", i=Qualified(full)),),
        locks=used,
        settings=site.settings,
        preconditions=tuple(_free(name, full) for name in left),
        probe=_probe(site.name, left),
        repair=tuple(map(build.drop_sql, left)),
        undo=(),
        serves=BOTH,
        reason="CONCURRENTLY does not block writes; a failed attempt leaves an INVALID index,"
        " which is dropped before the next one.",
        cost=cost.build_index(site.table, index.columns),
    )
    return replace(step, rewrites=() if site.table.created else (full,))


def leftovers(index: Index) -> tuple[str, ...]:
    """The names under which a failed attempt leaves an INVALID index."""
    named = Name("", index.name)
    return tuple(generated_names.chosen(named, (), label, ()) for label in _LABELS)


def _free(name: Name, index: Name) -> Check:
    return Check(
        sql=probes.absent(probes.relation(name)),
        failure=f"there is {name}, a name that the rebuild of {index} needs",
        hint=f"see who made it; if it is an INVALID index that a REINDEX left, remove it with"
        f" `{build.drop_sql(name)}`, else rename it; then run the same command again",
    )


def _probe(table: Name, names: tuple[Name, ...]) -> str:
    """`half done` where all that has one of the names is an INVALID index of the table; what
    else is there is left to the preconditions."""
    free = [probes.absent(probes.relation(name)) for name in names]
    left = [_is_left(table, name) for name in names]
    either = " AND ".join(f"(({f}) OR ({m}))" for f, m in zip(free, left, strict=True))
    return emit.sql(
        "SELECT CASE WHEN {free} THEN {recorded} WHEN {left} THEN 'half done'"
        " ELSE 'not done' END",
        free=Expression(f"({probes.both(*free)})"),
        recorded=Constant(RunSql.RECORDED),
        left=Expression(f"({either})"),
    )


def _is_left(table: Name, name: Name) -> str:
    return emit.sql(_INVALID, index=Constant(name.sql), table=Constant(table.sql))
