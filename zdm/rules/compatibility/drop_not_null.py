"""DROP NOT NULL."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import AlterColumn


def check(site: Site) -> Iterator[Violation]:
    """DROP NOT NULL of a column that is not of this release."""
    table, fact = site.in_use(ActionKind.DROP_NOT_NULL), site.fact
    if table is None or fact is None or site.is_new_column(table, fact.name):
        return
    yield Violation(
        message=f"the old version may read NULL in {table.name}.{fact.name}",
        remedy="drop it in a release in which every running version handles NULL",
    )


RULE = Rule(
    slug="drop-not-null",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="DROP NOT NULL",
    problem="Application versions that still run may read NULL where they never did.",
    postgres="ACCESS EXCLUSIVE for a moment (14 to 18).",
    instead="Drop it when no running version expects a value.",
    allow="All running versions handle NULL.",
    on=(AlterColumn,),
    check=check,
)
