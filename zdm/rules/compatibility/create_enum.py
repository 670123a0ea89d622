"""CREATE TYPE … AS ENUM."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject


def check(site: Site) -> Iterator[Violation]:
    """CREATE TYPE … AS ENUM."""
    said = site.action.said
    if isinstance(said, CreateObject) and said.kind == "enum":
        yield Violation(
            message="a value of an enum cannot be removed again",
            remedy="use text with a CHECK, or a table of values",
        )


RULE = Rule(
    slug="create-enum",
    severity=None,
    planned=Planned.NO,
    title="CREATE TYPE … AS ENUM",
    problem="Values can be added and renamed, but not removed.",
    postgres="There is no DROP VALUE in any version (14 to 18).",
    instead="text with a CHECK, or a table of values.",
    allow="The values are settled.",
    on=(CreateObject,),
    check=check,
)
