"""A new migration below one that was released."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="nonlinear-history",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="A new migration below one that was released",
    problem="Databases that exist run it after later versions, and new ones before them.",
    postgres="Runners run what is missing in the order of versions, or refuse.",
    instead="Give it a version above all that were released.",
    allow="It can run in either order.",
)
