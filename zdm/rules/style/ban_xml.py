"""A column of type xml."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"xml"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: it cannot be compared or indexed, and"
                " builds without libxml have none",
                remedy="use text or jsonb",
            )


RULE = Rule(
    slug="ban-xml",
    severity=None,
    planned=Planned.NO,
    title="A column of type xml",
    problem="It cannot be compared or indexed, and builds without libxml have none.",
    postgres="xml has no operators, and needs a build with libxml (14 to 18).",
    instead="Use text or jsonb.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
