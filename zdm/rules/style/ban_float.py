"""A column of type real or double precision."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"float4", "float8"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: sums depend on the order of rows, and"
                " 0.1 is not exact",
                remedy="use numeric where values must be exact",
            )


RULE = Rule(
    slug="ban-float",
    severity=None,
    planned=Planned.NO,
    title="A column of type real or double precision",
    problem="Sums depend on the order of rows, and 0.1 is not exact.",
    postgres="Values are binary fractions (14 to 18).",
    instead="Use numeric where values must be exact.",
    allow="Values are measurements.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
