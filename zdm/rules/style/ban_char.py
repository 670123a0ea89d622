"""A column of type char(n)."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"bpchar", "char"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: it is padded with blanks that"
                " comparisons ignore",
                remedy="use text",
            )


RULE = Rule(
    slug="ban-char",
    severity=None,
    planned=Planned.NO,
    title="A column of type char(n)",
    problem="It is padded with blanks that comparisons ignore.",
    postgres="char(n) is padded to n characters (14 to 18).",
    instead="Use text.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
