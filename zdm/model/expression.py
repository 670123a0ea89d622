"""Expressions and types as the author or the catalog wrote them, as values.

They carry the parser's tree, which only `zdm.parse` looks into; everybody else asks
`zdm.parse.expressions` and `zdm.parse.types`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct

from zdm.model.fields.hidden import Carrying, Hiding

Words = tuple[str, ...]  # a name in its parts: ("public", "users") or ("users",)


class Expression(Hiding, frozen=True, eq=False):
    """An expression of the author or of the catalog. Ask `zdm.parse.expressions`."""

    hidden: ClassVar[tuple[str, ...]] = ("tree",)

    tree: Mapping[str, Any]


class TypeName(Carrying, frozen=True, kw_only=True):
    """A type as written. `modifiers`: its numbers, where all are numbers."""

    hidden: ClassVar[tuple[str, ...]] = ("tree",)

    words: Words
    modifiers: tuple[int, ...] = ()
    has_modifiers: bool = False
    dimensions: int = 0
    tree: Mapping[str, Any]


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


class ColumnName(Struct, frozen=True):
    """A column, perhaps qualified: the last word is its name."""

    words: Words


class Constant(Struct, frozen=True):
    """A constant; None for NULL. A boolean is `on` or `off`."""

    value: str | None
    is_string: bool = False


class Cast(Struct, frozen=True):
    """`of` cast to a type."""

    of: Expression
    type: TypeName


class Call(Struct, frozen=True):
    """A function call, by the words of its name."""

    function: Words
    arguments: tuple[Expression, ...]


class Coalesce(Struct, frozen=True):
    """COALESCE(…)."""

    arguments: tuple[Expression, ...]


class NullTest(Struct, frozen=True):
    """IS NULL, or IS NOT NULL where `negated`."""

    of: Expression
    negated: bool


class Every(Struct, frozen=True):
    """Tests joined by AND."""

    tests: tuple[Expression, ...]


class OtherForm(Struct, frozen=True):
    """Any other form."""


Form = ColumnName | Constant | Cast | Call | Coalesce | NullTest | Every | OtherForm
