"""DROP TABLE IF EXISTS and CREATE TABLE of the same name."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import CreateTable, DropObjects


def check(site: Site) -> Iterator[Violation]:
    """A name that this release has dropped IF EXISTS."""
    said = site.action.said
    if not isinstance(said, CreateTable):
        return
    every = (done.action.said for done in site.done.saying(DropObjects))
    drops = [d for d in every if isinstance(d, DropObjects) and d.kind == "table"]
    names = {words[-1] for drop in drops if drop.if_exists for words in drop.objects}
    if said.table.name in names:
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
