"""An ignore of a rule that is unknown or off."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="ignore-unknown-rule",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="An ignore of a rule that is unknown or off",
    problem="It has no effect.",
    postgres="Nothing: this is about the comment.",
    instead="Correct the name; `zdm check --list-rules` lists all.",
    allow="Never: it cannot be ignored.",
)
