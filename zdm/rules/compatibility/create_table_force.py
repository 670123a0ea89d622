"""DROP TABLE IF EXISTS and CREATE TABLE of the same name."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateTable


def check(site: Site) -> Iterator[Violation]:
    """A name that this release has dropped IF EXISTS."""
    said = site.action.said
    if isinstance(said, CreateTable) and said.table.name in site.done.dropped:
        yield Violation(
            message=f"where {said.table.name} exists, all its rows are lost silently",
            remedy="leave out DROP TABLE, so that the statement fails where it exists",
        )


RULE = Rule(
    slug="create-table-force",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="DROP TABLE IF EXISTS and CREATE TABLE of the same name",
    problem="Where the table exists, its rows are lost, and nothing says so.",
    postgres="DROP TABLE IF EXISTS succeeds whether there is a table or not (14 to 18).",
    instead="CREATE TABLE alone.",
    allow="The table holds nothing that is needed.",
    on=(CreateTable,),
    check=check,
)
