"""Whether PostgreSQL takes an UPDATE or a DELETE of a published table: the subscriber must be
able to identify its rows."""

from zdm.model.catalog.database import Publication
from zdm.model.schema import Constraint, Snapshot, Table
from zdm.parse.objects import publications

_REFUSES_UNSENT = 18
_STORED = "publish_generated_columns = stored"
UPDATE, DELETE = "update", "delete"  # in the words of a publication's options


def takes_updates(table: Table, snapshot: Snapshot) -> bool:
    """It is not published, or has a replica identity."""
    return has_identity(table, snapshot) or not publishers(table, snapshot)


def publishers(table: Table, snapshot: Snapshot, change: str = UPDATE) -> tuple[str, ...]:
    """The publications of its updates or deletes, maybe by a table above it."""
    return tuple(
        p.name for p in snapshot.publications if _publishes(p, table, snapshot, change)
    )


def uncovered(table: Table, snapshot: Snapshot, change: str = UPDATE) -> tuple[str, ...]:
    """The publications of its updates or deletes whose list of columns lacks one of its replica
    identity, or whose row filter reads another: PostgreSQL then refuses every one (15 and
    later)."""
    identity = _identity(table, snapshot)
    return tuple(
        publication.name
        for publication in snapshot.publications
        if _publishes(publication, table, snapshot, change)
        for part in publications.parts(publication.definition)
        if part.table == table.name
        and identity is not None
        and (
            (part.columns and (table.replica_identity == "full" or identity - {*part.columns}))
            or set(part.filtered) - identity
        )
    )


def _identity(table: Table, snapshot: Snapshot) -> frozenset[str] | None:
    """Its columns; None: it has none."""
    if table.replica_identity == "full":
        return frozenset(column.name for column in table.columns)
    if table.replica_identity == "default":
        key = _key(table, snapshot)
        return None if key is None else frozenset(key.columns)
    keys = (index.keys for index in table.indexes if index.replica_identity)
    return next((frozenset(key for key in one if key is not None) for one in keys), None)


def _key(table: Table, snapshot: Snapshot) -> Constraint | None:
    """The primary key, of a partition that of the table above, which the catalog does not list
    again; one that is DEFERRABLE identifies no row (measured 14, 18)."""
    key = table.primary_key
    if key is None:
        above = None if table.partition_of is None else snapshot.table(table.partition_of)
        return None if above is None else _key(above, snapshot)
    deferred = " DEFERRABLE" in key.definition.rpartition(")")[2]
    return None if deferred else key


def has_identity(table: Table, snapshot: Snapshot) -> bool:
    """Its replica identity is more than a word: the key or the index that it means is there."""
    if table.replica_identity == "default":
        return _key(table, snapshot) is not None
    if table.replica_identity == "index":
        return any(index.replica_identity for index in table.indexes)
    return table.replica_identity == "full"


def unsent(table: Table, snapshot: Snapshot, change: str = UPDATE) -> tuple[str, ...]:
    """The publications of its updates or deletes without a generated column of its replica
    identity, which is FULL: PostgreSQL then refuses every one (18 and later)."""
    kinds = {column.generated for column in table.columns if column.generated}
    if snapshot.major < _REFUSES_UNSENT or table.replica_identity != "full" or not kinds:
        return ()
    named = publishers(table, snapshot, change)
    every = {p.name for p in snapshot.publications if _STORED in p.definition.replace("'", "")}
    return tuple(name for name in named if "virtual" in kinds or name not in every)


def misfits(table: Table, snapshot: Snapshot) -> bool:
    """Whether a publication's list, filter or generated columns do not fit its identity."""
    return any(
        uncovered(table, snapshot, change) or unsent(table, snapshot, change)
        for change in (UPDATE, DELETE)
    )


def _publishes(publication: Publication, table: Table, snapshot: Snapshot, change: str) -> bool:
    text, _, options = publication.definition.rpartition(" WITH (")
    if change not in options:
        return False
    _, _, schemas = text.replace('"', "").partition(" TABLES IN SCHEMA ")
    above = snapshot.table(table.partition_of) if table.partition_of is not None else None
    return (
        publication.all_tables
        or publication.name in table.publications
        or table.name.schema in schemas.split(", ")
        or (above is not None and _publishes(publication, above, snapshot, change))
    )
