"""What maintenance of tables and indexes cannot be planned, why, and what to do.

VACUUM FULL and CLUSTER copy the table under ACCESS EXCLUSIVE; REINDEX without CONCURRENTLY
holds SHARE on it and ACCESS EXCLUSIVE on the index; without a name each goes through all that
the role owns (manual; measured 14, 18). REINDEX CONCURRENTLY passes over the indexes of
exclusion constraints and INVALID ones with a warning, and of a partitioned table it takes one
partition after another, each with leftovers of its own.
"""

from collections.abc import Mapping

from zdm.model.commands import Work, WorkOn
from zdm.model.plan import Check
from zdm.model.schema import Index, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action
from zdm.parse import emit
from zdm.parse.emit import Constant
from zdm.parse.objects import maintenance
from zdm.recipes.index import rebuilt
from zdm.schema import generated_names
from zdm.schema.impact.place import Place

_Problem = tuple[str, str]  # the fact and the remedy
WORKS = frozenset(
    {
        Work.ANALYZE,
        Work.VACUUM,
        Work.VACUUM_FULL,
        Work.CLUSTER,
        Work.REINDEX_TABLE,
        Work.REINDEX_INDEX,
        Work.REINDEX_SCHEMA,
        Work.REINDEX_DATABASE,
    }
)
BY_HAND = (
    "run REINDEX INDEX without CONCURRENTLY in a maintenance window, under"
    " `-- zdm: run in expand -- reason`"
)
COPYING = frozenset({Work.CLUSTER, Work.VACUUM_FULL})
_SINCE: Mapping[str, int] = {
    "skip_database_stats": 16,
    "buffer_usage_limit": 16,
    "process_main": 16,
}
_OF_VACUUM = frozenset(
    {
        "full", "freeze", "verbose", "analyze", "disable_page_skipping", "skip_locked",
        "index_cleanup", "process_toast", "truncate", "parallel", *_SINCE,
    }
)  # fmt: skip
_OF_ANALYZE = frozenset({"verbose", "skip_locked", "buffer_usage_limit"})
_OF_REINDEX = frozenset({"verbose", "concurrently"})
_ONLY = 18  # the first version with VACUUM ONLY and ANALYZE ONLY
_MAINTAIN = 17  # the first version with that right
_PERMITTED = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c, pg_catalog.pg_database AS d"
    " WHERE c.oid = pg_catalog.to_regclass({t}) AND d.datname = pg_catalog.current_database()"
    " AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')"
    " OR pg_catalog.pg_has_role(d.datdba, 'USAGE')"
)
_OR_MAINTAIN = " OR pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')"


def permitted(table: Table, work: Work, major: int) -> Check:
    """What PostgreSQL asks before it passes over a table with a warning alone."""
    more = _OR_MAINTAIN if major >= _MAINTAIN else ""
    return Check(
        sql=emit.sql(f"{_PERMITTED}{more}))", t=Constant(table.name.sql)),
        failure=f"{work.upper()} would pass over {table.name} with a warning: the role that"
        " runs it does not own it",
        hint=f"run it as the owner of {table.name} or of the database"
        + (", or GRANT MAINTAIN on it" if more else ""),
    )


def cuts(action: Action) -> bool:
    """Whether a VACUUM leaves it to PostgreSQL to cut the empty end of the table."""
    return "truncate" not in maintenance.options(action)


def notified() -> _Problem:
    """Why NOTIFY is not planned."""
    return (
        "sessions that listen are notified once, and zdm does not know whether they need what"
        " is there before the rollout or after it: the plan changes the schema on both sides",
        "put `-- zdm: run in expand -- reason` above it, behind the statements that it"
        " announces, or `-- zdm: run in contract -- reason`; and send it again by hand where"
        " both need it",
    )


def of_all(said: WorkOn) -> _Problem:
    """Why it must name what it is about."""
    word = said.work.upper()
    if said.work in COPYING:
        return (
            f"{word} without a name copies table after table under ACCESS EXCLUSIVE, and reads"
            " and writes of each wait meanwhile",
            "remove it; use an online tool such as pg_repack for the tables that need it",
        )
    if said.work in (Work.REINDEX_SCHEMA, Work.REINDEX_DATABASE):
        return (
            "REINDEX of a schema, of a database or of the catalog rebuilds index after index,"
            " also of tables that are no part of this migration, and what a failure leaves is"
            " in no plan",
            "write `REINDEX TABLE CONCURRENTLY` for each table that needs it",
        )
    return (
        f"{word} without a name goes through every table that its role may maintain, also"
        " those that are no part of this migration",
        f"name the tables: `{word} t`",
    )


def copying(said: WorkOn, table: Table) -> _Problem | None:
    """Why CLUSTER and VACUUM FULL of a table in use are refused."""
    if table.created or said.work not in COPYING:
        return None
    return (
        f"{said.work.upper()} copies {table.name} and its indexes under ACCESS EXCLUSIVE, so"
        " reads and writes would wait for all of it",
        "remove it, and use an online tool such as pg_repack outside of migrations; or run it"
        " in a maintenance window, with `-- zdm: run in expand -- reason`, and with a"
        " lock_timeout",
    )


def blocking(said: WorkOn, table: Table) -> _Problem | None:
    """Why REINDEX without CONCURRENTLY is refused."""
    if said.concurrently or not said.work.startswith("reindex"):
        return None
    return (
        f"{said.work.upper()} stops writes to {table.name}, and queries that use the index,"
        " until it is built",
        f"write {said.work.upper()} CONCURRENTLY",
    )


def problem(action: Action, said: WorkOn, table: Table, snapshot: Snapshot) -> _Problem | None:
    """Why this work on the table cannot be planned."""
    return (
        _of_kind(said, table)
        or _of_words(action, said, table, snapshot)
        or _of_leftovers(said, table)
    )


def _of_kind(said: WorkOn, table: Table) -> _Problem | None:
    word = said.work.upper()
    if table.kind == "foreign table":
        return (
            f"{table.name} is a foreign table: ANALYZE reads its rows from the other server,"
            " and nothing else is done to it",
            "remove it, or put `-- zdm: run in expand -- reason` above an ANALYZE",
        )
    if table.kind == "partitioned table" and said.work is not Work.ANALYZE:
        return (
            f"{table.name} is partitioned, so {word} goes through all partitions, and a failure"
            " leaves some of them done",
            "name the partitions one by one",
        )
    return None


def _of_words(
    action: Action, said: WorkOn, table: Table, snapshot: Snapshot
) -> _Problem | None:
    """Options and columns that the server refuses, or that zdm does not plan."""
    known = _OF_ANALYZE if said.work is Work.ANALYZE else _OF_VACUUM
    if said.work.startswith("reindex"):
        known = _OF_REINDEX
    for option in maintenance.options(action):
        if option not in known or _SINCE.get(option, 0) > snapshot.major:
            word = option.upper()
            return (
                f"zdm plans no {said.work.upper()} with {word} on PostgreSQL {snapshot.major}",
                f"remove {word}; or put `-- zdm: run in expand -- reason` above the statement",
            )
    if said.work is Work.VACUUM and "truncate" in maintenance.switched_on(action):
        return (
            f"with TRUNCATE, VACUUM takes ACCESS EXCLUSIVE on {table.name} for a moment to cut"
            " its empty end, which ends queries on standbys",
            "remove TRUNCATE: zdm leaves the empty end to autovacuum",
        )
    return _of_columns(action, said, snapshot)


def _of_columns(action: Action, said: WorkOn, snapshot: Snapshot) -> _Problem | None:
    if any(relation.only for relation in said.relations) and snapshot.major < _ONLY:
        major = snapshot.major
        return f"PostgreSQL {major} has no {said.work.upper()} ONLY", "remove ONLY"
    columns = maintenance.columns(action)
    analyzes = said.work is Work.ANALYZE or "analyze" in maintenance.switched_on(action)
    if columns and not analyzes:
        return (
            "VACUUM of single columns fails without ANALYZE",
            "remove the columns, or write VACUUM (ANALYZE)",
        )
    return None


def _of_leftovers(said: WorkOn, table: Table) -> _Problem | None:
    """Names that a rebuild needs, in use."""
    if said.work is not Work.REINDEX_TABLE:
        return None
    found = (_taken(index, table) for index in table.indexes if is_rebuilt(index, table))
    return next(filter(None, found), None)


def _taken(index: Index, table: Table) -> _Problem | None:
    names = {one.name for one in table.indexes}
    left = next((name for name in rebuilt.leftovers(index) if name in names), "")
    if not left:
        return None
    return (
        f"{table.name} has an index {left}, the name that a rebuild of {index.name} needs; a"
        " REINDEX that failed leaves one, INVALID",
        f"if it is INVALID, run `DROP INDEX CONCURRENTLY {ident(left)}` and make a new snapshot"
        " of the database; else rename it",
    )


def is_rebuilt(index: Index, table: Table) -> bool:
    """Whether REINDEX CONCURRENTLY rebuilds it; else it only warns."""
    constraint = None if index.constraint is None else table.constraint(index.constraint)
    return index.valid and (constraint is None or constraint.kind != "exclusion")


def of_index(index: Index, table: Table) -> _Problem | None:
    """Why the index cannot be rebuilt."""
    if not index.valid:
        return (
            f"{index.name} is INVALID, and REINDEX CONCURRENTLY passes over it with a warning",
            f"run `DROP INDEX CONCURRENTLY {ident(index.name)}` and make a new snapshot of the"
            " database; then create it again",
        )
    if not is_rebuilt(index, table):
        return (
            f"{index.name} belongs to an exclusion constraint of {table.name}, which REINDEX"
            " CONCURRENTLY cannot rebuild (0A000)",
            BY_HAND,
        )
    return _taken(index, table)


def index(action: Action, said: WorkOn, snapshot: Snapshot) -> tuple[Table, Index] | None:
    """The index that a REINDEX INDEX names, and its table."""
    place = Place(snapshot=snapshot, settings=action.statement.settings, major=snapshot.major)
    return place.index(said.relations[0])


def is_of_view(said: WorkOn, snapshot: Snapshot) -> bool:
    """Whether the index belongs to a materialized view."""
    name = said.relations[0].name
    return any(
        generated_names.of_definition(text) == name
        for view in snapshot.views
        for text in view.indexes
    )


def of_view(what: str) -> _Problem:
    """Why it is not planned."""
    return (
        f"zdm maintains tables alone, and this names {what}; one that is materialized gets its"
        " new rows as the last step before the rollout",
        "remove it; or put `-- zdm: run in contract -- reason` above it, which comes behind"
        " these rows",
    )
