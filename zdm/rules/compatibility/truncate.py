"""TRUNCATE."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """TRUNCATE of tables in use."""
    said = site.action.said
    if not isinstance(said, WorkOn) or said.work is not Work.TRUNCATE:
        return
    names = [reading.named(site, relation) for relation in said.relations]
    used = [str(name) for name in names if not site.is_new(name)]
    if used:
        more = ", and CASCADE empties every table that refers to it" if said.cascade else ""
        yield Violation(
            message=f"all rows of {', '.join(used)} are lost while all queries wait{more}",
            remedy="DELETE in batches, outside of the migration",
        )


RULE = Rule(
    slug="truncate",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="TRUNCATE",
    problem="All queries of the table wait, and its rows are lost.",
    postgres=(
        "ACCESS EXCLUSIVE until the transaction ends; with CASCADE also on all tables that "
        "refer to it (14 to 18)."
    ),
    instead="DELETE in batches.",
    allow="Nothing uses the table.",
    on=(WorkOn,),
    check=check,
)
