"""SET SCHEMA."""

from collections.abc import Iterator

from zdm.model.commands import SetSchema
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """A relation, type or function that is not new."""
    said = site.action.said
    if not isinstance(said, SetSchema):
        return
    words = said.words or ((said.relation.schema, said.relation.name) if said.relation else ())
    name = reading.named(site, lookup.relation(words)) if words else None
    if name is not None and not site.is_new(name):
        yield Violation(
            message=f"application versions that use {name} in its old schema fail",
            remedy="leave a view in the old schema, and drop it in a later release",
        )


RULE = Rule(
    slug="set-schema",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="SET SCHEMA",
    problem=(
        "Queries that name it with its schema, or whose search_path lacks the new one, fail."
    ),
    postgres="ACCESS EXCLUSIVE for a moment (14 to 18).",
    instead="Leave a view in the old schema until no version uses it.",
    allow="Every running version finds it by search_path.",
    on=(SetSchema,),
    check=check,
)
