"""What a type declares of its fields: a mark beside a field's type, as in
`Annotated[int, ESTIMATE]`, and a default."""

import typing
from functools import cache
from typing import Annotated, Any, Literal

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

ESTIMATE = "estimate"  # the fingerprint leaves it out
DISCRIMINATOR = "kind"
# SQL that PostgreSQL prints from what it stored; read once, it may be printed differently
PRINTED = "printed"


@cache
def without(kind: type[Struct], mark: str) -> tuple[FieldInfo, ...]:
    """The fields of a type that do not have the mark; all where there is none."""
    return tuple(field for field in fields(kind) if not has(field, mark))


def has(field: FieldInfo, mark: str) -> bool:
    """Whether its type has the mark."""
    if typing.get_origin(field.type) is not Annotated:
        return False
    return mark in typing.get_args(field.type)[1:]


def default(field: FieldInfo) -> Any:
    """Its default, or NODEFAULT."""
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default


@cache
def ordered(kind: type[Struct], mark: str = "") -> tuple[FieldInfo, ...]:
    """The fields of a type without that mark, the discriminator second."""
    found = [*without(kind, mark)]
    head = [field for field in found if field.name == DISCRIMINATOR]
    if head and len(found) > 1:
        found.remove(head[0])
        found.insert(1, head[0])
    return tuple(found)


@cache
def written(kind: type[Struct], mark: str = "") -> tuple[tuple[str, Any], ...]:
    """Of each of them the name, and the value with which a file leaves it out; NODEFAULT: with
    none."""
    return tuple(
        (field.name, NODEFAULT if discriminates(field) else default(field))
        for field in ordered(kind, mark)
    )


def discriminates(field: FieldInfo) -> bool:
    """Whether it says which of several types this is."""
    return field.name == DISCRIMINATOR and typing.get_origin(field.type) is Literal
