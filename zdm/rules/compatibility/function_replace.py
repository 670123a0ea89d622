"""CREATE OR REPLACE FUNCTION of one in use."""

from collections.abc import Iterator

from zdm.model.catalog.indexed import named
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """A function that an earlier release has made."""
    said = site.action.said
    if not isinstance(said, CreateObject) or not said.replaces:
        return
    if said.kind not in ("function", "procedure"):
        return
    name = lookup.made(lookup.relation(said.words), site.before, site.action.statement.settings)
    if named(site.released.functions, name):
        yield Violation(
            message=f"every running version calls the new {name} from here on",
            remedy="see that every running version works with it, or give it a new name",
        )


RULE = Rule(
    slug="function-replace",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="CREATE OR REPLACE FUNCTION of one in use",
    problem=(
        "Callers of every version get the new behaviour at once; a function with other "
        "arguments is made beside the old one."
    ),
    postgres="The body changes with the commit; no table is locked (14 to 18).",
    instead="Give it a new name where it behaves otherwise.",
    allow="Every running version works with it.",
    on=(CreateObject,),
    check=check,
)
