"""A column of type money."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ChangeType, CreateTable
from zdm.rules import reading

_TYPES = frozenset({"money"})


def check(site: Site) -> Iterator[Violation]:
    """New columns and new types of columns."""
    for name, kind in reading.typed_columns(site):
        if kind.words[-1:] and kind.words[-1] in _TYPES:
            yield Violation(
                message=f"{name} is {kind.words[-1]}: its text depends on lc_monetary, so"
                " that a dump may be read in another currency",
                remedy="use numeric",
            )


RULE = Rule(
    slug="ban-money",
    severity=None,
    planned=Planned.NO,
    title="A column of type money",
    problem=(
        "Its text depends on lc_monetary, so that a dump may be read in another currency."
    ),
    postgres="The number of decimals and the text depend on lc_monetary (14 to 18).",
    instead="Use numeric.",
    allow="It is wanted.",
    on=(
        AddColumn,
        ChangeType,
        CreateTable,
    ),
    check=check,
)
