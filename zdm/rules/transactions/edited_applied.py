"""A released migration that was edited, renamed or deleted."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="edited-applied",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="A released migration that was edited, renamed or deleted",
    problem="Databases that have run it differ from those that run it now.",
    postgres="Runners run a migration once.",
    instead="Undo the change, and write a new migration.",
    allow="No database has run it.",
)
