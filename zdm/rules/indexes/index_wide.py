"""An index on more than three columns."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import IndexDefinition


def check(site: Site) -> Iterator[Violation]:
    """CREATE INDEX that is not unique."""
    said = site.action.said
    if isinstance(said, IndexDefinition) and not said.unique and len(said.elements) > 3:
        yield Violation(
            message=f"it has {len(said.elements)} columns, and few queries use more than the"
            " first two",
            remedy="leave columns out, or move them to INCLUDE",
        )


RULE = Rule(
    slug="index-wide",
    severity=None,
    planned=Planned.NO,
    title="An index on more than three columns",
    problem="Every write pays for columns that few queries use.",
    postgres=(
        "A B-tree serves the columns from the left; each one is stored for every row (14 "
        "to 18)."
    ),
    instead="Leave columns out, or INCLUDE them.",
    allow="A query compares all of the columns.",
    on=(IndexDefinition,),
    check=check,
)
