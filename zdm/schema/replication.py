"""Whether PostgreSQL takes an UPDATE of a published table: the subscriber must be able to
identify its rows."""

from zdm.model.schema import Publication, Snapshot, Table


def takes_updates(table: Table, snapshot: Snapshot) -> bool:
    """It is not published, or has a replica identity."""
    return has_identity(table) or not publishers(table, snapshot)


def publishers(table: Table, snapshot: Snapshot) -> tuple[str, ...]:
    """The publications of its updates, maybe by a table above it."""
    return tuple(p.name for p in snapshot.publications if _publishes(p, table, snapshot))


def has_identity(table: Table) -> bool:
    """Its replica identity is more than a word: the key or the index that it means is there."""
    if table.replica_identity == "default":
        return table.primary_key is not None
    if table.replica_identity == "index":
        return any(index.replica_identity for index in table.indexes)
    return table.replica_identity == "full"


def _publishes(publication: Publication, table: Table, snapshot: Snapshot) -> bool:
    text, _, options = publication.definition.rpartition(" WITH (")
    if "update" not in options:
        return False
    _, _, schemas = text.replace('"', "").partition(" TABLES IN SCHEMA ")
    above = snapshot.table(table.partition_of) if table.partition_of is not None else None
    return (
        publication.all_tables
        or publication.name in table.publications
        or table.name.schema in schemas.split(", ")
        or (above is not None and _publishes(publication, above, snapshot))
    )
