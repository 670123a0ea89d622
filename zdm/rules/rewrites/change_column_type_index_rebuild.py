"""ALTER COLUMN TYPE that builds indexes again."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import ChangeType
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A change that keeps the rows and builds an index."""
    table = site.in_use(ActionKind.CHANGE_TYPE)
    if table is None or not isinstance(site.action.said, ChangeType):
        return
    column, does = site.action.said.column, reading.on_table(site, table)
    if not does.rewrites.possible and does.builds.possible:
        yield Violation(
            message=f"no row is written, but indexes on {column} are built while all queries of"
            f" {table.name} wait",
            remedy="drop the index first, and build it with CREATE INDEX CONCURRENTLY"
            " afterwards",
        )


RULE = Rule(
    slug="change-column-type-index-rebuild",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="ALTER COLUMN TYPE that builds indexes again",
    problem="All queries of the table wait while its indexes are built.",
    postgres=(
        "A change of type that keeps the rows may still change their order, so that indexes "
        "on the column are built under ACCESS EXCLUSIVE (14 to 18)."
    ),
    instead=(
        "Drop the index, change the type, and build the index concurrently; or use a new "
        "column."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(ChangeType,),
    check=check,
)
