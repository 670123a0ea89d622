"""TRUNCATE … CASCADE."""

from collections.abc import Iterator

from zdm.model.commands import Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """TRUNCATE … CASCADE."""
    said = site.action.said
    if not isinstance(said, WorkOn) or said.work is not Work.TRUNCATE or not said.cascade:
        return
    names = [reading.named(site, relation) for relation in said.relations]
    used = [str(name) for name in names if not site.is_new(name)]
    if used:
        yield Violation(
            message=f"every table that refers to {', '.join(used)} loses all its rows, too",
            remedy="name the tables that are meant",
        )


RULE = Rule(
    slug="truncate-cascade",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="TRUNCATE … CASCADE",
    problem="Rows of tables that are not named are lost.",
    postgres=(
        "ACCESS EXCLUSIVE on every table that refers to it, at all depths, all of whose "
        "rows are removed (14 to 18)."
    ),
    instead="Name the tables.",
    allow="The list of tables was read from the production database.",
    on=(WorkOn,),
    check=check,
)
