"""What depends on a column and makes even a free change of its type scan, build or lock.

Which changes are free: `schema.type_change`. A CHECK is scanned again, an expression or partial
index is built again, and a view, policy or trigger makes it an error (measured 11-18).
"""

from collections.abc import Iterator

from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.schema import type_change

Line = tuple[str, str]  # fact and remedy


def rechecked(table: Table, column: str) -> tuple[str, ...]:
    """What on the column makes even a free change scan, build or lock another table."""
    found = [
        f"{c.kind} {c.name}"
        for c in table.constraints
        if column in c.columns
        and c.kind in {"check", "foreign key", "exclusion"}
        and (c.validated or c.kind != "check")  # one that is NOT VALID is not scanned
    ]
    found += [
        f"index {i.name} (expression or predicate)"
        for i in table.indexes
        if column in i.columns and (i.predicate is not None or None in i.keys)
    ]
    return tuple(found)


def hazards(table: Name, column: Column, new: str, snapshot: Snapshot) -> tuple[Line, ...]:
    """What either version notices of a change in the catalog alone."""
    return tuple(_hazards(f"{table}.{column.name}", column, new, snapshot))


def _hazards(name: str, column: Column, new: str, snapshot: Snapshot) -> Iterator[Line]:
    yield (
        f"clients that prepared a SELECT of {name} fail once: cached plan must not change"
        " result type",
        "recycle the connections, or disable prepared statements meanwhile",
    )
    if type_change.rounds_less(column.type, new):
        yield (
            f"from the expand on, what the old version writes to {name} is no longer rounded to"
            f" {column.type}",
            f"if that matters, let the old version round it, with a cast to {column.type}",
        )
    domain = type_change.found(new, snapshot, "domain")
    if column.default is None and domain is not None and " DEFAULT " in domain.definition:
        yield (
            f"from the expand on, a row that either version inserts without {name} gets the"
            f" default of {new}, no longer NULL",
            "if the mixture matters, let the old version send NULL itself",
        )


def undefaulted(table: Name, column: Column, new: str, snapshot: Snapshot) -> Line | None:
    """A domain's default that ends with the type, for the old version's rows too."""
    if column.default is not None or type_change.domain_default(new, snapshot):
        return None
    if not type_change.domain_default(column.type, snapshot):
        return None
    return (
        f"{table}.{column.name} has its default from the type {column.type}, and the old"
        " version's rows would be NULL without it",
        "write `ALTER TABLE … ALTER COLUMN … SET DEFAULT` with the domain's default above this"
        " statement; a later train can drop that default",
    )


def sorted_otherwise(table: Name, column: Column) -> Line:
    """That the column gets another collation."""
    return (
        f"{table}.{column.name} gets another collation, so its values are compared and sorted"
        " in another way by both versions at once",
        f"write COLLATE {column.collation} behind the type to keep it"
        if column.collation
        else "remove the COLLATE to keep it",
    )
