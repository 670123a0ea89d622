"""An ignore that silences nothing."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="ignore-unused",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="An ignore that silences nothing",
    problem="It would hide a later finding.",
    postgres="Nothing: this is about the comment.",
    instead="Delete it.",
    allow="Never: it cannot be ignored.",
)
