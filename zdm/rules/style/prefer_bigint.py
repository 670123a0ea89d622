"""A column of type integer or smallint."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"int2", "int4", "serial", "smallserial", "serial2", "serial4"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: it may run out of numbers, and the"
                " change to bigint rewrites the table",
                remedy="use bigint",
            )


RULE = Rule(
    slug="prefer-bigint",
    severity=None,
    planned=Planned.NO,
    title="A column of type integer or smallint",
    problem="It may run out of numbers, and the change to bigint rewrites the table.",
    postgres=(
        "integer ends at 2,147,483,647; 8 bytes instead of 4 seldom make a table larger, "
        "because of alignment (14 to 18)."
    ),
    instead="Use bigint.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
