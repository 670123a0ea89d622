"""RENAME of a view, sequence, type or function."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import RenameObject
from zdm.rules import reading
from zdm.schema import lookup

_KINDS = ("view", "materialized view", "sequence", "type", "function", "")


def check(site: Site) -> Iterator[Violation]:
    """RENAME of a view, sequence, type or function."""
    said = site.action.said
    if not isinstance(said, RenameObject) or said.kind not in _KINDS:
        return
    name = reading.named(site, lookup.relation(said.words or (said.part,)))
    if not site.is_new(name):
        what = f"the {said.kind}" if said.kind else "the old name of"
        yield Violation(
            message=f"application versions that still use {what} {name} fail",
            remedy="add one of the new name, and drop the old one in a later release",
        )


RULE = Rule(
    slug="rename-object",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="RENAME of a view, sequence, type or function",
    problem="Queries of application versions that use the old name fail at once.",
    postgres="ACCESS EXCLUSIVE for a moment; the old name is gone with the commit (14 to 18).",
    instead=(
        "Give it the new name while the old one works, too, and remove the old one a "
        "release later; `zdm plan` does so."
    ),
    allow="No running version uses the old name.",
    on=(RenameObject,),
    check=check,
)
