"""Expressions and types as the author or the catalog wrote them, as values.

They carry the parser's tree, which only `zdm.parse` looks into; everybody else asks
`zdm.parse.expressions` and `zdm.parse.types`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Words = tuple[str, ...]  # a name in its parts: ("public", "users") or ("users",)


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """An expression of the author or of the catalog. Ask `zdm.parse.expressions`."""

    tree: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeName:
    """A type as written. `modifiers`: its numbers, where all are numbers."""

    words: Words
    modifiers: tuple[int, ...] = ()
    has_modifiers: bool = False
    dimensions: int = 0
    tree: Mapping[str, Any] = field(repr=False, compare=False, hash=False)


class Feature(StrEnum):
    """What an expression may hold, beside columns and functions."""

    SUBQUERY = "subquery"
    CAST = "cast"
    OPERATOR = "operator"
    CALL = "call"
    CURRENT_VALUE = "current value"  # CURRENT_TIMESTAMP, CURRENT_USER …
    PARAMETER = "parameter"
    WINDOW = "window"
    SEVERAL_COLUMNS = "several columns"  # (a, b) = (…)
    DEFAULT_VALUE = "default value"  # SET c = DEFAULT


# The outermost form of an expression, as far as recipes tell forms apart.


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column, perhaps qualified: the last word is its name."""

    words: Words


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant; None for NULL. A boolean is `on` or `off`."""

    value: str | None
    is_string: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    """`of` cast to a type."""

    of: Expression
    type: TypeName


@dataclass(frozen=True, slots=True)
class Call:
    """A function call, by the words of its name."""

    function: Words
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Coalesce:
    """COALESCE(…)."""

    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class NullTest:
    """IS NULL, or IS NOT NULL where `negated`."""

    of: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Every:
    """Tests joined by AND."""

    tests: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class OtherForm:
    """Any other form."""


Form = ColumnName | Constant | Cast | Call | Coalesce | NullTest | Every | OtherForm
