"""A column of type varchar."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"varchar"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: a limit that turns out too short is an"
                " outage",
                remedy="use text, with a CHECK where the length means something",
            )


RULE = Rule(
    slug="prefer-text",
    severity=None,
    planned=Planned.NO,
    title="A column of type varchar",
    problem="A limit that turns out too short is an outage.",
    postgres="varchar(n) and text are stored alike (14 to 18).",
    instead="Use text, with a CHECK where the length means something.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
