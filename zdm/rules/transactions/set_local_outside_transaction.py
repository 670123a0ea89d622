"""SET LOCAL outside of a transaction."""

from collections.abc import Iterator

from zdm.model.commands import NoRelation
from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.parse import session
from zdm.parse.readers import tokens
from zdm.rules import edits


def check(site: Site) -> Iterator[Violation]:
    """SET LOCAL where neither the runner nor the file opened a transaction."""
    change = session.said(site.action)
    if site.block is None and change is not None and change.local:
        yield Violation(
            message=f"SET LOCAL {change.name} outside of a transaction has no effect",
            remedy="write SET, or BEGIN before it",
        )


def fix(site: Site) -> Fix | None:
    """SET without LOCAL."""
    sql = site.action.statement.sql
    local = tokens.words(sql)[1]
    return Fix(statements=(edits.without(sql, local),)) if local.word == "LOCAL" else None


RULE = Rule(
    slug="set-local-outside-transaction",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="SET LOCAL outside of a transaction",
    problem="The setting has no effect: the statements below run without it.",
    postgres="SET LOCAL outside of a transaction block is a warning and no more (14 to 18).",
    instead="Write SET, or put both into a transaction.",
    allow="Never: it has no effect.",
    on=(NoRelation,),
    check=check,
    fix=fix,
)
