"""Partitions and inheritance: which tables are below one another."""

from zdm.model.catalog.indexed import having
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.parse import expressions

DEFAULT = "DEFAULT"  # the bound of the partition that takes all other rows


def parents(table: Table) -> tuple[Name, ...]:
    """Whose partition it is, or from whom it inherits."""
    return table.inherits if table.partition_of is None else (table.partition_of,)


def children(snapshot: Snapshot, name: Name) -> tuple[Table, ...]:
    """Its partitions and the tables that inherit from it."""
    return having(snapshot.tables, "above", name.schema, name.name)


def partitions(snapshot: Snapshot, name: Name) -> tuple[Table, ...]:
    """Its own partitions."""
    return tuple(t for t in children(snapshot, name) if t.partition_of == name)


def default(snapshot: Snapshot, name: Name) -> Table | None:
    """Its DEFAULT partition, if there is one."""
    each = partitions(snapshot, name)
    return next((t for t in each if t.partition_bound == DEFAULT), None)


def below(snapshot: Snapshot, name: Name) -> tuple[Name, ...]:
    """All tables below it, each once and after its parents."""
    found: list[Name] = []
    level = [name]
    while level:
        level = [child.name for one in level for child in children(snapshot, one)]
        found = [name for name in found if name not in level] + level
    return tuple(dict.fromkeys(found))


def around(snapshot: Snapshot, name: Name) -> tuple[Name, ...]:
    """Itself and all tables above and below it: they share rows."""
    above = [name]
    for one in above:
        table = snapshot.table(one)
        above += [n for n in parents(table) if n not in above] if table is not None else []
    return tuple(dict.fromkeys((*above, *below(snapshot, name))))


def inherits_column(snapshot: Snapshot, table: Table, column: str) -> bool:
    """Whether a table above it has the column, so that it cannot be changed here alone."""
    above = (snapshot.table(name) for name in parents(table))
    return any(parent is not None and parent.column(column) for parent in above)


def inherits_constraint(snapshot: Snapshot, table: Table, own: Constraint) -> bool:
    """Whether a table above it has the CHECK or NOT NULL, so that it cannot be changed here
    alone."""
    above = (snapshot.table(name) for name in parents(table))
    return own.inherited or any(
        c.kind == own.kind
        and (c.columns == own.columns if own.kind == "not null" else c.name == own.name)
        for parent in above
        if parent is not None and own.kind in ("check", "not null")
        for c in parent.constraints
    )


def partition_columns(table: Table) -> tuple[str, ...]:
    """The columns that its partition key names."""
    if not table.partition_key:
        return ()
    return expressions.columns(expressions.read(table.partition_key))


def bounding_columns(snapshot: Snapshot, parent: Table) -> tuple[str, ...]:
    """The columns of its partition key, and of those of the tables above it."""
    above = snapshot.table(parent.partition_of) if parent.partition_of is not None else None
    higher = () if above is None else bounding_columns(snapshot, above)
    return tuple(dict.fromkeys((*partition_columns(parent), *higher)))


def primary_key(snapshot: Snapshot, table: Table) -> tuple[str, ...]:
    """The columns of its primary key; of a partition it may be the one of a table above,
    which the catalog does not list again."""
    if table.primary_key is not None:
        return table.primary_key.columns
    above = snapshot.table(table.partition_of) if table.partition_of is not None else None
    return () if above is None else primary_key(snapshot, above)


def leaves(snapshot: Snapshot, table: Table) -> tuple[Name, ...]:
    """Its partitions that hold rows."""
    found = (snapshot.require_table(name) for name in below(snapshot, table.name))
    return tuple(t.name for t in found if t.kind != "partitioned table")
