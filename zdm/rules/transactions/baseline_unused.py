"""Entries of the baseline that match no finding."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="baseline-unused",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="Entries of the baseline that match no finding",
    problem="They would hide a later finding.",
    postgres="Nothing: this is about the file.",
    instead="Write the file again with `zdm check --write-baseline`.",
    allow="Never: it cannot be ignored.",
)
