"""An ignore without a reason."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="ignore-without-reason",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="An ignore without a reason",
    problem="Nobody can review it, so it has no effect.",
    postgres="Nothing: this is about the comment.",
    instead="Write `-- zdm: ignore RULE -- why this is safe`.",
    allow="Never: it cannot be ignored.",
)
