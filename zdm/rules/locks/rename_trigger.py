"""ALTER TRIGGER … RENAME."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import RenameObject
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """ALTER TRIGGER … RENAME."""
    said = site.action.said
    if not isinstance(said, RenameObject) or said.kind != "trigger":
        return
    table = reading.named(site, lookup.relation(said.words))
    if not site.is_new(table):
        yield Violation(
            message=f"triggers of {table} fire in the order of their names, which may change",
            remedy="see that the order stays, and set a short lock_timeout",
        )


RULE = Rule(
    slug="rename-trigger",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="ALTER TRIGGER … RENAME",
    problem="Another trigger may fire first.",
    postgres=(
        "ACCESS EXCLUSIVE on the table; triggers of one kind fire in the order of their "
        "names (14 to 18)."
    ),
    instead="Keep the order of names, with a lock_timeout.",
    allow="The order does not matter.",
    on=(RenameObject,),
    check=check,
)
