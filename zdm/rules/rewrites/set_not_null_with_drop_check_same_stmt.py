"""SET NOT NULL and DROP CONSTRAINT of its proof in one statement."""

from collections.abc import Iterator

from msgspec.structs import replace

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind, Fact
from zdm.model.syntax import AlterColumn
from zdm.rules import edits
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """Whichever of the two is written first."""
    fact, table = site.fact, site.in_use(ActionKind.SET_NOT_NULL, ActionKind.DROP_CONSTRAINT)
    if fact is None or table is None:
        return
    later = [p.fact for p in site.parts[site.action.index + 1 :] if isinstance(p.fact, Fact)]
    for other in later:
        pair = (fact, other) if fact.kind is ActionKind.SET_NOT_NULL else (other, fact)
        kinds = (pair[0].kind, pair[1].kind)
        if kinds != (ActionKind.SET_NOT_NULL, ActionKind.DROP_CONSTRAINT):
            continue
        without = replace(
            table, constraints=tuple(c for c in table.constraints if c.name != pair[1].name)
        )
        proven = not not_null_proof.missing(table, pair[0].name).possible
        if proven and not_null_proof.missing(without, pair[0].name).possible:
            yield Violation(
                message=f"{pair[1].name} proves nothing in the statement that drops it, so all"
                f" rows of {table.name} are read while all its queries wait",
                remedy="DROP CONSTRAINT in a statement of its own, after SET NOT NULL",
            )


def fix(site: Site) -> Fix | None:
    """DROP CONSTRAINT in a statement of its own, after the others."""
    return edits.drops_last(site)


RULE = Rule(
    slug="set-not-null-with-drop-check-same-stmt",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="SET NOT NULL and DROP CONSTRAINT of its proof in one statement",
    problem="All queries of the table wait while every row is read.",
    postgres=(
        "The constraint is dropped before the other sub-commands run, so that it proves "
        "nothing (14 to 18)."
    ),
    instead="Two statements; they may be in one transaction.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterColumn,),
    check=check,
    fix=fix,
)
