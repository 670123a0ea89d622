"""The names that PostgreSQL itself gives to indexes, constraints and sequences.

makeObjectName joins table, column and label with `_` and shortens the longer of the first two
until it fits 63 bytes; ChooseRelationName adds 1, 2 … to the label until the name is free.
The plan's final schema must carry the names the plain migration leaves, so they are computed.
"""

from collections.abc import Container, Iterable, Iterator

from msgspec import Struct

from zdm.model.catalog.indexed import having, named
from zdm.model.schema import Name, Snapshot
from zdm.model.sql import MAX_NAME_BYTES
from zdm.model.syntax import IndexDefinition, IndexElement
from zdm.parse import column_names, names

_RELATIONS = frozenset({"idx", "seq"})  # labels of what need differ from relations alone
_CONSTRAINTS = frozenset({"check", "fkey", "not_null"})  # and from constraints alone


def chosen(table: Name, columns: tuple[str, ...], label: str, taken: Container[str]) -> str:
    """The name for an object of the table, as ChooseRelationName picks it."""
    second = _joined(columns)
    attempt = 0
    while True:
        suffix = f"{label}{attempt}" if attempt else label
        name = _made(table.name, second, suffix)
        if name not in taken:
            return name
        attempt += 1


def free(snapshot: Snapshot, table: Name, columns: tuple[str, ...], label: str) -> str:
    """The name for an object of the table that is not in use in its schema."""
    return chosen(table, columns, label, _Taken(snapshot, table.schema, label))


def of_not_null(snapshot: Snapshot, table: Name, own: Container[str], column: str) -> str:
    """The same for NOT NULL of the table, whose own constraints the Snapshot may lack."""
    taken = _Taken(snapshot, table.schema, "not_null", own)
    return chosen(table, (column,), "not_null", taken)


class _Taken(Struct, frozen=True):
    """The names that an object with this label must differ from, asked one by one."""

    snapshot: Snapshot
    schema: str
    label: str
    others: Container[str] = ()

    def __contains__(self, name: object) -> bool:
        if str(name) in self.others:
            return True
        if self.label not in _CONSTRAINTS and is_relation(
            self.snapshot, Name(self.schema, str(name))
        ):
            return True
        return self.label not in _RELATIONS and bool(
            having(self.snapshot.tables, "constraint", self.schema, str(name))
        )


def is_relation(snapshot: Snapshot, name: Name) -> bool:
    """Whether a table, index, sequence, view or composite type has the name."""
    if snapshot.table(name) is not None:
        return True
    tables = having(snapshot.tables, "index", name.name)
    if tables and any(table.name.schema == name.schema for table in tables):
        return True
    if named(snapshot.sequences, name):
        return True
    if named(snapshot.views, name) or name in _of_views(snapshot):
        return True
    types = named(snapshot.types, name)
    return bool(types) and any(type_.kind == "composite" for type_ in types)


def _of_views(snapshot: Snapshot) -> Iterator[Name]:
    """The indexes of materialized views."""
    for view in having(snapshot.views, "indexed"):
        for definition in view.indexes:
            yield Name(view.name.schema, of_definition(definition))


def of_definition(definition: str) -> str:
    """The name of the index that a CREATE INDEX of pg_get_indexdef makes."""
    text = definition.partition(" INDEX ")[2].partition(" ON ")[0]
    return names.qualified(text).name


def taken(snapshot: Snapshot, schema: str) -> frozenset[str]:
    """Names in use in the schema: of relations and of constraints."""
    tables = (t for t in snapshot.tables if t.name.schema == schema)
    constraints = (c.name for t in tables for c in t.constraints)
    return frozenset((*relations(snapshot, schema), *constraints))


def relations(snapshot: Snapshot, schema: str) -> Iterable[str]:
    """Names of tables, indexes, sequences, views and composite types in the schema."""
    for table in snapshot.tables:
        if table.name.schema == schema:
            yield table.name.name
            yield from (index.name for index in table.indexes)
    yield from (s.name.name for s in snapshot.sequences if s.name.schema == schema)
    yield from (v.name.name for v in snapshot.views if v.name.schema == schema)
    yield from (i.name for i in _of_views(snapshot) if i.schema == schema)
    yield from (
        t.name.name for t in snapshot.types if t.name.schema == schema and t.kind == "composite"
    )


def of_index(index: IndexDefinition, table: Name, snapshot: Snapshot) -> str:
    """The name for an index that the author left without one (ChooseIndexName)."""
    return free(snapshot, table, words(index), "idx")


def words(index: IndexDefinition) -> tuple[str, ...]:
    """The names of its columns."""
    return numbered(map(_word, (*index.elements, *index.included)))


def numbered(words: Iterable[str]) -> tuple[str, ...]:
    """The columns of an index, made different (ChooseIndexColumnNames)."""
    columns: list[str] = []
    for word in words:
        number, unique = 0, word
        while unique in columns:
            number += 1
            unique = _clip(word, MAX_NAME_BYTES - len(str(number))) + str(number)
        columns.append(unique)
    return tuple(columns)


def _word(element: IndexElement) -> str:
    if element.expression is None:
        return element.column
    return column_names.of_key(element.expression)


def _joined(columns: tuple[str, ...]) -> str:
    """ChooseIndexNameAddition: the column names joined, cut at 64 bytes."""
    text = ""
    for column in columns:
        text = f"{text}_{column}" if text else column
        if len(text.encode()) >= MAX_NAME_BYTES + 1:
            break
    return text


def _made(first: str, second: str, label: str) -> str:
    one, two = len(first.encode()), len(second.encode())
    room = MAX_NAME_BYTES - (1 if second else 0) - (1 + len(label) if label else 0)
    if one + two > room:
        while one + two > room:
            if one > two:
                one -= 1
            else:
                two -= 1
        first, second = _clip(first, one), _clip(second, two)
    parts = [first, second, label]
    return "_".join(part for part in parts if part)


def _clip(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")
