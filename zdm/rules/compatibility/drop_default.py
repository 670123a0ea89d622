"""DROP DEFAULT."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import SetDefault


def check(site: Site) -> Iterator[Violation]:
    """DROP DEFAULT, save of a new column that takes NULL and of one that has no default."""
    table, fact = site.in_use(ActionKind.DROP_DEFAULT), site.fact
    if table is None or fact is None:
        return
    column = table.column(fact.name)
    if column is not None and column.default is None and not table.opaque:
        return
    if site.is_new_column(table, fact.name) and not (column and column.not_null):
        return
    yield Violation(
        message=f"INSERTs that do not send {table.name}.{fact.name} fail or store NULL",
        remedy="send the value from the code first, and drop the default in a later release",
    )


RULE = Rule(
    slug="drop-default",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="DROP DEFAULT",
    problem="INSERTs of application versions that rely on it fail or store NULL.",
    postgres="ACCESS EXCLUSIVE for a moment (14 to 18).",
    instead="Let the code send the value first, and drop the default a release later.",
    allow="Every running version sends the value.",
    on=(SetDefault,),
    check=check,
)
