"""A column of type hstore."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"hstore"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: it needs an extension, and holds text"
                " only",
                remedy="use jsonb",
            )


RULE = Rule(
    slug="ban-hstore",
    severity=None,
    planned=Planned.NO,
    title="A column of type hstore",
    problem="It needs an extension, and holds text only.",
    postgres="hstore is an extension with a type of its own (14 to 18).",
    instead="Use jsonb.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
