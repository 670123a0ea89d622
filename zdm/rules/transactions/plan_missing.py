"""A migration whose plan file is not there."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="plan-missing",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="A migration whose plan file is not there",
    problem="Nobody has reviewed what will run.",
    postgres='Nothing: this is about `[check] runner = "zdm"`.',
    instead="Write it with `zdm plan -o FILE`, and have it reviewed.",
    allow="Never.",
)
