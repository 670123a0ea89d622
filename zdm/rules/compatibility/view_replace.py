"""CREATE OR REPLACE VIEW of one in use."""

from collections.abc import Iterator

from zdm.model.catalog.indexed import named
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateObject
from zdm.parse import selects
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """A view that an earlier release has made, unless it only gets columns more."""
    said = site.action.said
    if not isinstance(said, CreateObject) or said.kind != "view" or not said.replaces:
        return
    name = lookup.made(lookup.relation(said.words), site.before, site.action.statement.settings)
    views = named(site.released.views, name)
    if views and not selects.only_adds_columns(views[0].definition, site.action):
        yield Violation(
            message=f"every running version reads the new {name} from here on",
            remedy="see that every running version works with it, or make a new view",
        )


RULE = Rule(
    slug="view-replace",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="CREATE OR REPLACE VIEW of one in use",
    problem="Readers of every version get other rows or columns at once.",
    postgres="ACCESS EXCLUSIVE on the view for a moment (14 to 18).",
    instead="Make a new view where it means something else.",
    allow="Every running version works with it.",
    on=(CreateObject,),
    check=check,
)
