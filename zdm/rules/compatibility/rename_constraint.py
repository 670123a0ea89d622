"""RENAME of a key's constraint."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import RenameObject

_OTHERS = ("check", "foreign key", "not null")


def check(site: Site) -> Iterator[Violation]:
    """Of a key, or of what no file has made."""
    table, said = site.in_use(ActionKind.RENAME_CONSTRAINT), site.action.said
    if table is None or not isinstance(said, RenameObject):
        return
    there = table.constraint(said.part)
    if there is None or there.kind not in _OTHERS:
        yield Violation(
            message=f"INSERT … ON CONFLICT ON CONSTRAINT {said.part} of {table.name} fails",
            remedy="write ON CONFLICT (columns) in the application first, then rename it",
        )


RULE = Rule(
    slug="rename-constraint",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="RENAME of a key's constraint",
    problem="INSERTs of application versions that name the constraint fail at once.",
    postgres=(
        "ON CONFLICT ON CONSTRAINT looks the constraint up by its name (42704; 14 to 18)."
    ),
    instead="ON CONFLICT with the columns, which needs no name; rename it afterwards.",
    allow="No running version names it.",
    on=(RenameObject,),
    check=check,
)
