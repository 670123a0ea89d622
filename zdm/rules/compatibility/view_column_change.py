"""CREATE OR REPLACE VIEW that drops or renames a column."""

from collections.abc import Iterator

from zdm.model.catalog.indexed import named
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import View
from zdm.model.syntax import CreateObject
from zdm.parse.readers import authority
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """The columns of both are written out, and the new ones do not begin with the old ones."""
    said = site.action.said
    if not isinstance(said, CreateObject) or said.kind != "view" or not said.replaces:
        return
    name = lookup.made(lookup.relation(said.words), site.before, site.action.statement.settings)
    found = named(site.before.views, name)
    old = next((view for view in found if view.kind == "view"), None)
    before = _columns(old) if old is not None else ()
    if before and said.columns and said.columns[: len(before)] != before:
        yield Violation(
            message=f"{name} has the columns {', '.join(before)}, and a replaced view may only"
            " get more at the end, so the statement fails (42P16)",
            remedy="make a new view, or drop and create it with its grants in one transaction",
        )


def _columns(view: View) -> tuple[str, ...]:
    if view.columns:
        return view.columns
    action = next(iter(authority.of_step(view.definition, (), ("public",))), None)
    said = action.said if action is not None else None
    return said.columns if isinstance(said, CreateObject) else ()


RULE = Rule(
    slug="view-column-change",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="CREATE OR REPLACE VIEW that drops or renames a column",
    problem="The migration fails.",
    postgres="CREATE OR REPLACE VIEW may only append columns (42P16; 14 to 18).",
    instead="A new view; or DROP, CREATE and GRANT in one transaction.",
    allow="Never: it fails.",
    on=(CreateObject,),
    check=check,
)
