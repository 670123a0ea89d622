"""A column of type timestamp without time zone."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"timestamp"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: the moment that it means depends on who"
                " reads it",
                remedy="use timestamptz",
            )


RULE = Rule(
    slug="prefer-timestamptz",
    severity=None,
    planned=Planned.NO,
    title="A column of type timestamp without time zone",
    problem="The moment that it means depends on who reads it.",
    postgres=(
        "timestamp keeps no zone; timestamptz is stored in UTC, in the same 8 bytes (14 to 18)."
    ),
    instead="Use timestamptz.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
