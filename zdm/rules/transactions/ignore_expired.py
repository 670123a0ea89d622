"""An ignore whose last day is past."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="ignore-expired",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="An ignore whose last day is past",
    problem="It has no effect any more.",
    postgres="Nothing: this is about the comment.",
    instead="Fix the statement, or review the ignore and give it a later date.",
    allow="Never: it cannot be ignored.",
)
