"""A plan file that does not match its migration."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="plan-stale",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="A plan file that does not match its migration",
    problem="What was reviewed is not what will run.",
    postgres='Nothing: this is about `[check] runner = "zdm"`.',
    instead="Write it again with `zdm plan -o FILE`, and have it reviewed.",
    allow="Never.",
)
