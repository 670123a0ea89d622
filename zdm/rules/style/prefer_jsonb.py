"""A column of type json."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"json"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: it cannot be compared or indexed, so"
                " that DISTINCT and GROUP BY fail",
                remedy="use jsonb",
            )


RULE = Rule(
    slug="prefer-jsonb",
    severity=None,
    planned=Planned.NO,
    title="A column of type json",
    problem="It cannot be compared or indexed, so that DISTINCT and GROUP BY fail.",
    postgres="json is kept as text and read at every access (14 to 18).",
    instead="Use jsonb.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
