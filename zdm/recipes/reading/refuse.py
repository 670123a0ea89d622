"""A Refusal from an Action: fact, consequence and remedy, with the author's place."""

from zdm.model.findings import Finding, Severity
from zdm.model.operation import Refusal
from zdm.model.statement import Action
from zdm.parse import directives


def refuse(action: Action, slug: str, message: str, remedy: str) -> Refusal:
    """The recogniser knows what this is, and that it must not be planned."""
    return Refusal(finding=finding(action, slug, message, remedy))


def finding(action: Action, slug: str, message: str, remedy: str) -> Finding:
    """An error in the author's statement."""
    return Finding(
        slug=slug,
        severity=Severity.ERROR,
        message=message,
        remedy=directives.in_its_form(remedy, action.source),
        source=action.source,
        statement=action.statement.sql,
    )
