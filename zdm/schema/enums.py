"""Enum types: the one that words name, its labels, and what uses it."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from zdm.model.expression import Words
from zdm.model.schema import Name, Snapshot, Type
from zdm.model.sql import literal
from zdm.model.statement import Setting
from zdm.schema import lookup, type_names

if TYPE_CHECKING:
    from zdm.model.plan import EnumLabel  # `zdm check` needs nothing else of it


def found(words: Words, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Type | None:
    """The type of that name, of whatever kind."""
    names = {t.name for t in snapshot.types}
    name = lookup.among(lookup.relation(words), names, snapshot, settings)
    return next((t for t in snapshot.types if t.name == name), None)


def with_labels(enum: Type, labels: Sequence[str]) -> Type:
    """The enum with other labels, also in its definition as the catalog has it."""
    head = enum.definition.removesuffix(_list(enum.labels))
    definition = enum.definition if head == enum.definition else head + _list(labels)
    return replace(enum, labels=tuple(labels), definition=definition)


def without(snapshot: Snapshot, labels: "Collection[EnumLabel]") -> Snapshot:
    """The schema as it is without these labels."""
    if not labels:
        return snapshot
    gone = {(one.type, one.label) for one in labels}
    types = (
        with_labels(t, [label for label in t.labels if (t.name, label) not in gone])
        if any(one.type == t.name for one in labels)
        else t
        for t in snapshot.types
    )
    return replace(snapshot, types=tuple(types))


def users(snapshot: Snapshot, name: Name) -> tuple[str, ...]:
    """Columns of the type or of arrays of it, and other types, views and functions that name
    it."""
    text = type_names.str_qualified(name)
    columns = (
        f"{table.name}.{column.name}"
        for table in snapshot.tables
        for column in table.columns
        if column.type in (text, f"{text}[]")
    )
    return tuple(dict.fromkeys((*columns, *_naming(snapshot, name, text))))


def _naming(snapshot: Snapshot, name: Name, text: str) -> Iterator[str]:
    for other in snapshot.types:
        if other.name != name and text in other.definition:
            yield f"{other.kind} {other.name}"
    for view in snapshot.views:
        if f"::{text}" in view.definition:
            yield f"{view.kind} {view.name}"
    for function in snapshot.functions:
        if text in function.definition or text in function.arguments:
            yield f"function {function.name}"


def _list(labels: Sequence[str]) -> str:
    return f"({', '.join(literal(label).strip() for label in labels)})"
