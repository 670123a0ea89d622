"""Why a table cannot become a partition, or only by work under a lock that blocks it.

ATTACH PARTITION wants the columns, NOT NULLs and CHECKs of the table above. An index that the
partition lacks is built, and a foreign key that it lacks is added and validated, while all
reads and writes of the partition wait (manual, ALTER TABLE; measured 11-18).
"""

import re
from collections.abc import Iterator

from zdm.model.schema import Constraint, Index, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.syntax import IndexDefinition
from zdm.parse import rewrite
from zdm.parse.readers import authority
from zdm.schema import family, not_null_proof, replication
from zdm.schema.effects import indexes, parents

Problem = tuple[str, str]
_MADE = ", which would be made while all reads and writes of it wait"
_TRANSITION = re.compile(r"\bREFERENCING\b.*\bFOR EACH ROW\b", re.IGNORECASE | re.DOTALL)


def forms(parent: Table, child: Table, snapshot: Snapshot) -> Iterator[Problem]:
    """What the server refuses."""
    if family.parents(child) or child.kind == "foreign table" or _has_heirs(child, snapshot):
        yield (
            f"{child.name} belongs to another table, has children or is a foreign table",
            "copy its rows into a new table, and attach that",
        )
    alike = (*_columns(parent, child), *_triggers(parent, child))
    yield from (
        (f"{fact}, which the server refuses", "make the two tables alike in an earlier release")
        for fact in alike
    )
    yield from _not_null(parent, child)
    yield from _checks(parent, child)


def _has_heirs(child: Table, snapshot: Snapshot) -> bool:
    below = family.children(snapshot, child.name)
    return any(table.partition_of is None for table in below)


def _columns(parent: Table, child: Table) -> Iterator[str]:
    names = {column.name for column in parent.columns}
    for own in child.columns:
        if own.name not in names:
            yield f"{child.name}.{own.name} is not in {parent.name}"
        if own.identity:
            yield f"{child.name}.{own.name} is an identity column"
    for one in parent.columns:
        there = child.column(one.name)
        if there is None:
            yield f"{child.name} has no column {one.name}"
        elif (there.type, there.collation) != (one.type, one.collation):
            yield f"{child.name}.{one.name} is of type {there.type}, not {one.type}"
        elif bool(there.generated) != bool(one.generated):
            yield f"{one.name} is a generated column in only one of the two tables"


def _triggers(parent: Table, child: Table) -> Iterator[str]:
    given = {t.name for t in parent.triggers if parents.each_row(t)}
    for trigger in child.triggers:
        if trigger.name in given:
            yield f"both tables have a trigger {trigger.name}"
        if _TRANSITION.search(trigger.definition):
            yield f"trigger {trigger.name} of {child.name} has a transition table for each row"


def _not_null(parent: Table, child: Table) -> Iterator[Problem]:
    for one in parent.columns:
        own = child.column(one.name)
        if own is None or not one.not_null:
            continue
        pending = not_null_proof.unvalidated(child, one.name)
        if pending is not None:
            yield _not_valid(child.name, pending)
        elif not own.not_null:
            yield (
                f"{child.name}.{one.name} is not NOT NULL",
                f"write `ALTER TABLE {child.name.sql} ALTER COLUMN {ident(one.name)} SET NOT"
                " NULL` above this statement",
            )


def _not_valid(table: Name, own: Constraint) -> Problem:
    return (
        f"{own.name} of {table} is NOT VALID",
        f"write `ALTER TABLE {table.sql} VALIDATE CONSTRAINT {ident(own.name)}` above this"
        " statement",
    )


def _checks(parent: Table, child: Table) -> Iterator[Problem]:
    for check in parent.constraints:
        own = child.constraint(check.name)
        if check.kind == "check" and (own is None or own.kind != "check"):
            yield (
                f"{child.name} has no check constraint {check.name}",
                f"write `ALTER TABLE {child.name.sql} ADD CONSTRAINT {ident(check.name)}"
                f" {check.definition}` above this statement",
            )
        elif check.kind == "check" and own is not None and not own.validated:
            yield _not_valid(child.name, own)


def lacking(parent: Table, child: Table, snapshot: Snapshot) -> Iterator[Problem]:
    """What ATTACH would build or validate in a table in use."""
    free = list(child.indexes)
    for index in parent.indexes:
        kind = indexes.kind(snapshot, parent, index)
        own = next((i for i in free if alike(i, index, kind, child)), None)
        if own is None:
            yield _lacks_index(child.name, index, kind)
        else:
            free.remove(own)
    for key in parent.constraints:
        if key.kind == "foreign key" and not any(_same(key, one) for one in child.constraints):
            yield (
                f"it lacks the foreign key {key.name} of {parent.name}{_MADE}",
                f"run `ALTER TABLE {child.name.sql} ADD {key.definition}` in an earlier"
                " release",
            )


def unidentified(parent: Table, child: Table, snapshot: Snapshot) -> Iterator[Problem]:
    """What a publication of the parent would break in a table in use."""
    published = replication.publishers(parent, snapshot)
    if published and not replication.has_identity(child, snapshot):
        yield (
            f"{parent.name} is published by {', '.join(published)}, and {child.name} has no"
            " replica identity, so every UPDATE and DELETE of its rows would fail",
            "give it a primary key, or REPLICA IDENTITY FULL, above this statement",
        )


def _lacks_index(table: Name, index: Index, kind: str) -> Problem:
    form = shape(index)
    if kind:
        _, _, columns = form.partition("(")
        return (
            f"it lacks the {kind} {index.constraint}{_MADE}",
            f"write `ALTER TABLE {table.sql} ADD {kind.upper()} ({columns}` above this"
            " statement",
        )
    if None in index.keys or index.predicate is not None:
        return (
            f"it lacks the index {index.name}{_MADE}",
            f"run `CREATE {words(index)} ON {table.sql} USING {form}` in an earlier release",
        )
    return (
        f"it lacks the index {index.name}{_MADE}",
        f"write `CREATE {words(index)} ON {table.sql} USING {form}` above this statement",
    )


def words(index: Index) -> str:
    """What is made: INDEX, UNIQUE INDEX."""
    return "UNIQUE INDEX" if index.unique else "INDEX"


def alike(own: Index, index: Index, kind: str, child: Table) -> bool:
    """Whether an index of the table becomes part of one of the table above."""
    constraint = child.constraint(own.constraint) if own.constraint is not None else None
    same = (own.unique, _spelled(own)) == (index.unique, _spelled(index))
    return (
        same
        and own.valid
        and (not kind or (constraint is not None and constraint.kind == kind))
    )


def shape(index: Index) -> str:
    """What follows USING."""
    _, _, shape = index.definition.partition(" USING ")
    return shape or f"btree ({', '.join(key or '' for key in index.keys)})"


def _spelled(index: Index) -> str:
    """The same, in one spelling: the author's and the server's differ in parentheses, and that
    of a constraint which the train makes has no text."""
    keys = ", ".join(ident(key or "") for key in index.keys)
    definition = index.definition or f"CREATE INDEX i ON t ({keys})"
    for action in authority.of_step(definition, (), ("public",)):
        if isinstance(action.said, IndexDefinition):
            made = rewrite.create_index(action.said, Name("public", "t"), "i")
            return made.partition(" USING ")[2]
    return shape(index)


def _same(key: Constraint, own: Constraint) -> bool:
    return (
        own.kind == "foreign key"
        and own.validated
        and (own.references, own.definition) == (key.references, key.definition)
    )
