"""Row security or a policy of a table in use."""

from collections.abc import Iterator

from zdm.model.commands import AlterTable, Change, Work, WorkOn
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """ENABLE, DISABLE, FORCE, and CREATE or ALTER POLICY."""
    said = site.action.said
    found = reading.changed(site, Change.ROW_SECURITY)
    tables = [found[0].name] if found is not None else []
    if isinstance(said, WorkOn) and said.work is Work.POLICY:
        tables = [reading.named(site, relation) for relation in said.relations]
    for table in tables:
        if not site.is_new(table):
            yield Violation(
                message=f"the rows of {table} that a version sees and may write change at once",
                remedy="create policies first, and enable row security when every running"
                " version expects it",
            )


RULE = Rule(
    slug="rls-policy-change",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="Row security or a policy of a table in use",
    problem=(
        "Rows appear or vanish for every version, from the commit on; ENABLE without a "
        "policy hides all."
    ),
    postgres=(
        "ACCESS EXCLUSIVE for a moment; owners are exempt unless FORCE is set (14 to 18)."
    ),
    instead=(
        "Create the policies first, and enable row security when every running version "
        "expects it."
    ),
    allow="Every running version expects it.",
    on=(AlterTable, WorkOn),
    check=check,
)
