"""Materialized views: how one is filled, and with which index CONCURRENTLY.

REFRESH takes ACCESS EXCLUSIVE for as long as its query runs; CONCURRENTLY takes EXCLUSIVE, so
reads pass, and needs a unique index on columns alone, without WHERE, and rows that are there
(manual, REFRESH MATERIALIZED VIEW). Neither is done where nothing reads the view yet.

Its query runs as the view's owner, whom policies may bind; it fails in a session that rather
has an error than rows that are hidden (row_security off), as zdm's are.
"""

from collections.abc import Iterator

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Check, Cost, Phase, RunSql, TableLock
from zdm.model.schema import Name, Snapshot, View
from zdm.model.statement import Setting
from zdm.model.syntax import IndexDefinition
from zdm.parse import emit
from zdm.parse.emit import Constant, Qualified
from zdm.parse.readers import authority
from zdm.recipes import run_sql
from zdm.recipes.run_sql import Owner
from zdm.recipes.sql import probes

_SECURED = Setting(name="row_security", value="on")
_FILLED = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c"
    " WHERE c.oid = pg_catalog.to_regclass({v}) AND c.relispopulated)"
)
_KEYED = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_index AS i"
    " WHERE i.indrelid = pg_catalog.to_regclass({v}) AND i.indisunique AND i.indisvalid"
    " AND i.indimmediate AND i.indpred IS NULL AND 0 <> ALL (i.indkey))"
)


def in_force(settings: tuple[Setting, ...], snapshot: Snapshot) -> tuple[Setting, ...]:
    """The author's settings; where policies may bind the view's owner, they do."""
    given = any(one.name.lower() == _SECURED.name for one in settings)
    if given or not any(table.row_security for table in snapshot.tables):
        return settings
    return (*settings, _SECURED)


def fill(
    owner: Owner, view: Name, locks: tuple[TableLock, ...], settings: tuple[Setting, ...]
) -> RunSql:
    """The rows of one that the train makes."""
    return run_sql.full_scan(
        owner,
        id=f"{view}-fill",
        phase=Phase.SWITCH,
        title=f"fill materialized view {view}",
        sql=(refresh(view),),
        settings=settings,
        locks=locks,
        probe=probes.probe(filled(view)),
        undo=(),
        serves=BOTH,
        reason="Nothing reads it yet, and the rows of all fills are done.",
        cost=Cost(scan=True),
    )


def reads(view: View) -> Cost:
    """Each row of it is read, or its query is run, which reads what it is made of."""
    return Cost(rows=view.rows, scan=True)


def refresh(view: Name, *, concurrently: bool = False) -> str:
    """REFRESH MATERIALIZED VIEW."""
    word = " CONCURRENTLY" if concurrently else ""
    return emit.sql(f"REFRESH MATERIALIZED VIEW{word} {{v}}", v=Qualified(view))


def concurrent_lock(view: Name) -> TableLock:
    """Reads pass; another REFRESH waits, and nothing writes a materialized view."""
    return TableLock(table=view, mode=LockMode.EXCLUSIVE)


def filled(view: Name) -> str:
    """A SELECT that says whether it can be read."""
    return emit.sql(_FILLED, v=Constant(view.sql))


def refreshable(view: Name) -> tuple[Check, ...]:
    """What CONCURRENTLY needs."""
    return (
        Check(
            sql=filled(view),
            failure=f"{view} is not populated, and CONCURRENTLY compares with its rows",
            hint="run REFRESH MATERIALIZED VIEW without CONCURRENTLY: nothing can read it yet",
        ),
        Check(
            sql=emit.sql(_KEYED, v=Constant(view.sql)),
            failure=f"{view} has no valid unique index on columns alone, without WHERE",
            hint="create one, then run `zdm execute` again",
        ),
    )


def has_key(view: View) -> bool:
    """Whether one of its indexes is unique, on columns alone and without WHERE."""
    return any(
        one.unique and one.where is None and all(element.column for element in one.elements)
        for one in indexes(view)
    )


def indexes(view: View) -> Iterator[IndexDefinition]:
    """Its indexes as they are defined."""
    for definition in view.indexes:
        for action in authority.of_step(definition, (), ("public",)):
            if isinstance(action.said, IndexDefinition):
                yield action.said
