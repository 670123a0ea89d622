"""The sequences that a statement sets, and what it reads for that."""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model.catalog.indexed import named
from zdm.model.schema import Name, Sequence, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import mentioned
from zdm.parse.rows import numbers
from zdm.parse.rows.numbers import Move
from zdm.schema import family, lookup

_KINDS = frozenset({ActionKind.SELECT, ActionKind.ALTER_SEQUENCE, ActionKind.ALTER_TABLE_OTHER})


class Set(Struct, frozen=True, kw_only=True):
    """A sequence and what it is set to; None: it is not in the schema, as `name`."""

    sequence: Sequence | None
    name: str
    move: Move


def is_set_by(action: Action) -> bool:
    """Whether the statement is there to set a sequence."""
    fact = action.fact
    return isinstance(fact, Fact) and fact.kind in _KINDS and numbers.sets(action)


def finds_none(action: Action, snapshot: Snapshot) -> bool:
    """Whether it is ALTER SEQUENCE IF EXISTS … RESTART of one that is not there."""
    if not (is_set_by(action) and numbers.passes_over(action)) or snapshot.opaque:
        return False
    return all(one.sequence is None for one in of(action, snapshot))


def of(action: Action, snapshot: Snapshot) -> tuple[Set, ...]:
    """Those that it sets; none where that cannot be read."""
    return tuple(_found(move, action, snapshot) for move in numbers.moves(action))


def _found(move: Move, action: Action, snapshot: Snapshot) -> Set:
    settings = action.statement.settings
    if move.sequence is not None:
        names = lookup.Names(snapshot.sequences)
        name = lookup.among(move.sequence, names, snapshot, settings)
        there = named(snapshot.sequences, name)
        return Set(sequence=there[0] if there else None, name=str(name), move=move)
    table = lookup.found(move.table, snapshot, settings) if move.table else _altered(action)
    owned = (
        one
        for one in snapshot.sequences
        if (one.owner_table, one.owner_column) == (table, move.column)
    )
    return Set(sequence=next(owned, None), name=f"of {table}.{move.column}", move=move)


def _altered(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def tables(action: Action, snapshot: Snapshot) -> frozenset[Name]:
    """The tables whose rows have the numbers, and those that it reads to set it."""
    if not is_set_by(action):
        return frozenset()
    owners = {s.sequence.owner_table for s in of(action, snapshot) if s.sequence is not None}
    return frozenset(name for name in owners if name is not None) | frozenset(
        read(action, snapshot)
    )


def read(action: Action, snapshot: Snapshot) -> Iterator[Name]:
    """The relations that it reads to set it."""
    for relation in mentioned.reads(action) if is_set_by(action) else ():
        yield lookup.found(relation, snapshot, action.statement.settings)


def by_index(found: Set, action: Action, snapshot: Snapshot) -> bool:
    """Whether an index gives all that it reads, the highest and lowest values of columns."""
    if found.move.read is None:
        return False
    settings = action.statement.settings
    return all(
        _leads(snapshot.table(lookup.found(relation, snapshot, settings)), column, snapshot)
        for relation, column in found.move.read
    )


def _leads(table: Table | None, column: str, snapshot: Snapshot) -> bool:
    """Whether the column is the first of a B-tree of all rows, those of partitions, too."""
    if table is None or (not table.partition_key and family.children(snapshot, table.name)):
        return False
    return any(
        index.keys[:1] == (column,)
        and index.valid
        and index.predicate is None
        and " USING btree " in index.definition
        for index in table.indexes
    )
