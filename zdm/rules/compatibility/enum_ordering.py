"""ADD VALUE without BEFORE or AFTER."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import ChangeEnum


def check(site: Site) -> Iterator[Violation]:
    """ADD VALUE without BEFORE or AFTER."""
    said = site.action.said
    if isinstance(said, ChangeEnum) and not said.former and not said.neighbour:
        yield Violation(
            message=f"'{said.label}' sorts after all other values",
            remedy="write BEFORE or AFTER, if the order means anything",
        )


RULE = Rule(
    slug="enum-ordering",
    severity=None,
    planned=Planned.NO,
    title="ADD VALUE without BEFORE or AFTER",
    problem="Where the order of values means something, the new one is at the end.",
    postgres="Values sort in the order of the type; a new one comes last (14 to 18).",
    instead="Write BEFORE or AFTER.",
    allow="The order means nothing.",
    on=(ChangeEnum,),
    check=check,
)
