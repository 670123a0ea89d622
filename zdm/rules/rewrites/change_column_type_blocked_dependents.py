"""ALTER COLUMN TYPE of a column that something is computed from."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import ChangeType
from zdm.schema.effects import dependents


def check(site: Site) -> Iterator[Violation]:
    """What uses the column, as far as the schema is known."""
    table, said = site.in_use(ActionKind.CHANGE_TYPE), site.action.said
    if table is None or not isinstance(said, ChangeType):
        return
    users = dependents.computed_from(site.before, table, said.column)
    named = [f"{thing.kind} {thing.part or thing.name}" for thing, _ in users]
    if named:
        yield Violation(
            message=f"{', '.join(named)} uses {table.name}.{said.column}, so the statement"
            " fails",
            remedy="drop it, change the type, and create it again, in one transaction",
        )


RULE = Rule(
    slug="change-column-type-blocked-dependents",
    severity=Severity.ERROR,
    planned=Planned.SCHEMA,
    title="ALTER COLUMN TYPE of a column that something is computed from",
    problem="The migration fails.",
    postgres=(
        "The server refuses another type for a column that a view, rule, policy, "
        "generated column, or trigger with UPDATE OF or WHEN uses (0A000; 14 to 18)."
    ),
    instead="Drop and create what uses it, in the same transaction.",
    allow="Never: it fails.",
    on=(ChangeType,),
    check=check,
)
