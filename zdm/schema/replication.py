"""Whether PostgreSQL takes an UPDATE or a DELETE of a published table: the subscriber must be
able to identify its rows."""

from zdm.model.catalog.database import Publication
from zdm.model.schema import Snapshot, Table
from zdm.parse.objects import publications

UPDATE, DELETE = "update", "delete"  # in the words of a publication's options


def takes_updates(table: Table, snapshot: Snapshot) -> bool:
    """It is not published, or has a replica identity."""
    return has_identity(table) or not publishers(table, snapshot)


def publishers(table: Table, snapshot: Snapshot, change: str = UPDATE) -> tuple[str, ...]:
    """The publications of its updates or deletes, maybe by a table above it."""
    return tuple(
        p.name for p in snapshot.publications if _publishes(p, table, snapshot, change)
    )


def uncovered(table: Table, snapshot: Snapshot, change: str = UPDATE) -> tuple[str, ...]:
    """The publications of its updates or deletes whose list of columns lacks one of its replica
    identity, or whose row filter reads another: PostgreSQL then refuses every one (15 and
    later)."""
    identity = _identity(table)
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


def _identity(table: Table) -> frozenset[str] | None:
    """Its columns; None: it has none."""
    if table.replica_identity == "full":
        return frozenset(column.name for column in table.columns)
    if table.replica_identity == "default":
        return None if table.primary_key is None else frozenset(table.primary_key.columns)
    keys = (index.keys for index in table.indexes if index.replica_identity)
    return next((frozenset(key for key in one if key is not None) for one in keys), None)


def has_identity(table: Table) -> bool:
    """Its replica identity is more than a word: the key or the index that it means is there."""
    if table.replica_identity == "default":
        return table.primary_key is not None
    if table.replica_identity == "index":
        return any(index.replica_identity for index in table.indexes)
    return table.replica_identity == "full"


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
