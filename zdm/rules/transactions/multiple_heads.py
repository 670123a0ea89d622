"""Several heads in an Alembic history."""

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule

RULE = Rule(
    slug="multiple-heads",
    severity=Severity.ERROR,
    planned=Planned.NO,
    title="Several heads in an Alembic history",
    problem="`alembic upgrade head` fails, so the release cannot be rolled out.",
    postgres="Nothing runs: Alembic refuses before it connects.",
    instead="Write `alembic merge heads`, or put the new revision above the other head.",
    allow="The branches have labels and are upgraded by name; those are not reported.",
)
