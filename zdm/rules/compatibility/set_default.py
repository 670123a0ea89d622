"""SET DEFAULT of another value."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import SetDefault


def check(site: Site) -> Iterator[Violation]:
    """A default in the place of another."""
    table, fact = site.in_use(ActionKind.SET_DEFAULT), site.fact
    if table is None or fact is None or site.is_new_column(table, fact.name):
        return
    column = table.column(fact.name)
    if column is None or column.default is not None:
        yield Violation(
            message=f"INSERTs of the old version that do not send {table.name}.{fact.name} get"
            " another value from here on",
            remedy="send the value from the code for one release",
        )


RULE = Rule(
    slug="set-default",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="SET DEFAULT of another value",
    problem="During the rollout, rows of the old version get the new default.",
    postgres="ACCESS EXCLUSIVE for a moment; existing rows keep their value (14 to 18).",
    instead="Let the code send the value for one release.",
    allow="Either value is right for either version.",
    on=(SetDefault,),
    check=check,
)
