"""CREATE TABLE … PARTITION OF."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name
from zdm.model.syntax import CreateTable
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A partition of a table in use."""
    said = site.action.said
    if not isinstance(said, CreateTable) or not said.is_partition or not said.parents:
        return
    parent = reading.named(site, said.parents[0])
    if not site.is_new(parent):
        yield Violation(
            message=f"all queries of {parent} wait until the transaction ends"
            + (
                ", while rows of the DEFAULT partition are read" if _reads(site, parent) else ""
            ),
            severity=None if _reads(site, parent) else Severity.WARN,
            remedy=f"CREATE TABLE … (LIKE {parent} INCLUDING ALL), then ALTER TABLE {parent}"
            " ATTACH PARTITION",
        )


def _reads(site: Site, parent: Name) -> bool:
    """Whether the rows of a DEFAULT partition are read, or may be."""
    table = site.before.table(parent)
    if table is None or table.opaque:
        return True
    return any(touch.scans.possible for touch in site.on_used)


RULE = Rule(
    slug="create-partition-of",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="CREATE TABLE … PARTITION OF",
    problem="All queries of the partitioned table wait, while the DEFAULT partition is read.",
    postgres=(
        "ACCESS EXCLUSIVE on the parent and its DEFAULT partition; ATTACH PARTITION takes "
        "only SHARE UPDATE EXCLUSIVE on the parent (14 to 18)."
    ),
    instead="CREATE TABLE … (LIKE parent …), then ALTER TABLE … ATTACH PARTITION.",
    allow="The table is small, and a lock_timeout is set.",
    on=(CreateTable,),
    check=check,
)
