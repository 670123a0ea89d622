"""What a type declares of its fields: a mark beside a field's type, as in
`Annotated[int, ESTIMATE]`, and a default."""

import typing
from functools import cache
from typing import Annotated, Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

ESTIMATE = "estimate"  # the fingerprint leaves it out
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
