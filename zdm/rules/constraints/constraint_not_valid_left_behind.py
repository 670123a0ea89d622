"""A NOT VALID constraint that nothing validates."""

from collections.abc import Iterator
from functools import partial

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import ActionKind
from zdm.model.syntax import AddConstraint


def check(site: Site) -> Iterator[Violation]:
    """ADD … NOT VALID without a VALIDATE in this file or a later one."""
    table, said = site.in_use(ActionKind.ADD_CONSTRAINT), site.action.said
    if table is None or not isinstance(said, AddConstraint) or not said.constraint.not_valid:
        return
    if said.constraint.not_enforced:
        return
    name, place = said.constraint.name, table.name
    yield Violation(
        message=f"no later statement validates {name or 'it'}, so rows of {place} that violate"
        " it may stay, and it proves nothing",
        remedy="VALIDATE CONSTRAINT in a later transaction",
        unless=partial(_is_settled, place, name),
    )


def _is_settled(place: Name, name: str, after: Snapshot) -> bool:
    """It is validated, or gone."""
    table = after.table(place)
    if table is None:
        return True
    if not name:
        return all(c.validated for c in table.constraints)
    found = table.constraint(name)
    return found is None or found.validated


RULE = Rule(
    slug="constraint-not-valid-left-behind",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="A NOT VALID constraint that nothing validates",
    problem="Rows that violate it stay, and the server takes it as no proof.",
    postgres=(
        "NOT VALID checks new rows only; VALIDATE CONSTRAINT takes SHARE UPDATE "
        "EXCLUSIVE, which blocks neither reads nor writes (14 to 18)."
    ),
    instead="VALIDATE CONSTRAINT in a later transaction.",
    allow="Old rows may violate it for good.",
    on=(AddConstraint,),
    check=check,
)
