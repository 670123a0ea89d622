"""Why a table cannot become a partition, or only by work under a lock that blocks it.

ATTACH PARTITION wants the columns, NOT NULLs and CHECKs of the table above. An index that the
partition lacks is built, and a foreign key that it lacks is added and validated, while all
reads and writes of the partition wait (manual, ALTER TABLE; measured 11-18).
"""

import re
from collections.abc import Iterator

from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table
from zdm.schema import family, not_null_proof, replication
from zdm.schema.effects import indexes, parents

Problem = tuple[str, str]
_TRANSITION = re.compile(r"\bREFERENCING\b.*\bFOR EACH ROW\b", re.IGNORECASE | re.DOTALL)


def forms(parent: Table, child: Table, snapshot: Snapshot) -> Iterator[Problem]:
    """What the server refuses."""
    if child.partition_of is not None or child.inherits:
        above = ", ".join(map(str, family.parents(child)))
        yield f"{child.name} belongs to {above} already", "detach it there first"
    elif child.kind == "foreign table" or _has_heirs(child, snapshot):
        yield (
            f"{child.name} is a foreign table or has children of its own, and zdm does not know"
            " what becomes of these",
            "copy its rows into a new partition",
        )
    yield from _columns(parent, child)
    yield from _checks(parent, child)
    yield from _triggers(parent, child)


def _has_heirs(child: Table, snapshot: Snapshot) -> bool:
    below = family.children(snapshot, child.name)
    return any(table.partition_of is None for table in below)


def _columns(parent: Table, child: Table) -> Iterator[Problem]:
    names = {column.name for column in parent.columns}
    for own in child.columns:
        if own.name not in names:
            yield f"{child.name}.{own.name} is not in {parent.name}", "drop or add the column"
        if own.identity:
            yield (
                f"{child.name}.{own.name} is an identity column",
                f"ALTER TABLE {child.name} ALTER COLUMN {own.name} DROP IDENTITY in an earlier"
                " release",
            )
    for one in parent.columns:
        there = child.column(one.name)
        if there is None:
            yield f"{child.name} has no column {one.name}", "drop or add the column"
        else:
            yield from _column(child, there, one)


def _column(child: Table, own: Column, one: Column) -> Iterator[Problem]:
    if (own.type, own.collation) != (one.type, one.collation):
        yield (
            f"{child.name}.{one.name} is of type {own.type}, not {one.type}",
            "change its type in an earlier release",
        )
    if bool(own.generated) != bool(one.generated):
        yield (
            f"{one.name} is a generated column in only one of the two tables",
            "make them alike in an earlier release",
        )
    if one.not_null and not own.not_null:
        yield (
            f"{child.name}.{one.name} is not NOT NULL",
            f"ALTER TABLE {child.name} ALTER COLUMN {one.name} SET NOT NULL above this"
            " statement",
        )
    elif one.not_null and not_null_proof.unvalidated(child, one.name):
        yield f"NOT NULL of {child.name}.{one.name} is NOT VALID", "VALIDATE it above this"


def _checks(parent: Table, child: Table) -> Iterator[Problem]:
    for check in parent.constraints:
        own = child.constraint(check.name)
        if check.kind == "check" and (own is None or own.kind != "check"):
            yield (
                f"{child.name} has no check constraint {check.name}",
                f"ALTER TABLE {child.name} ADD CONSTRAINT {check.name} {check.definition} above"
                " this statement",
            )
        elif check.kind == "check" and own is not None and not own.validated:
            yield (
                f"check constraint {check.name} of {child.name} is NOT VALID",
                f"ALTER TABLE {child.name} VALIDATE CONSTRAINT {check.name} above this"
                " statement",
            )


def _triggers(parent: Table, child: Table) -> Iterator[Problem]:
    given = {t.name for t in parent.triggers if parents.each_row(t)}
    for trigger in child.triggers:
        if trigger.name in given:
            yield (
                f"trigger {trigger.name} is on both tables, and {child.name} would get the one"
                f" of {parent.name} as well",
                f"drop the one of {child.name} in an earlier release",
            )
        if _TRANSITION.search(trigger.definition):
            yield (
                f"trigger {trigger.name} of {child.name} has a transition table for each row",
                "drop it in an earlier release",
            )


def lacking(parent: Table, child: Table, snapshot: Snapshot) -> Iterator[Problem]:
    """What ATTACH would build, validate or break in a table in use."""
    free = list(child.indexes)
    for index in parent.indexes:
        kind = indexes.kind(snapshot, parent, index)
        own = next((i for i in free if _alike(i, index, kind, child)), None)
        if own is None:
            yield _lacks_index(child.name, index, kind)
        else:
            free.remove(own)
    for key in parent.constraints:
        if key.kind == "foreign key" and not any(_same(key, one) for one in child.constraints):
            yield (
                f"it lacks the foreign key {key.name} of {parent.name}",
                f"ALTER TABLE {child.name} ADD {key.definition} above this statement",
            )
    published = replication.publishers(parent, snapshot)
    if published and not replication.has_identity(child):
        yield (
            f"{parent.name} is published by {', '.join(published)}, and {child.name} has no"
            " replica identity, so every UPDATE and DELETE of its rows would fail",
            "give it a primary key, or REPLICA IDENTITY FULL, above this statement",
        )


def _lacks_index(table: Name, index: Index, kind: str) -> Problem:
    shape = _shape(index)
    if kind:
        _, _, columns = shape.partition("(")
        return (
            f"it lacks the {kind} {index.constraint}",
            f"ALTER TABLE {table} ADD {kind.upper()} ({columns} above this statement",
        )
    unique = "UNIQUE " if index.unique else ""
    return (
        f"it lacks the index {index.name}",
        f"CREATE {unique}INDEX ON {table} USING {shape} above this statement",
    )


def _alike(own: Index, index: Index, kind: str, child: Table) -> bool:
    constraint = child.constraint(own.constraint) if own.constraint is not None else None
    same = (own.unique, _shape(own)) == (index.unique, _shape(index))
    return (
        same
        and own.valid
        and (not kind or (constraint is not None and constraint.kind == kind))
    )


def _shape(index: Index) -> str:
    """What follows USING."""
    _, _, shape = index.definition.partition(" USING ")
    return shape or f"btree ({', '.join(key or '' for key in index.keys)})"


def _same(key: Constraint, own: Constraint) -> bool:
    return (
        own.kind == "foreign key"
        and own.validated
        and (own.columns, own.references) == (key.columns, key.references)
        and own.definition == key.definition
    )
