"""SET NOT NULL over a NOT NULL constraint that is NOT VALID."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import AlterColumn
from zdm.rules import edits
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """A named NOT NULL of PostgreSQL 18 that is not validated."""
    table, fact = site.in_use(ActionKind.SET_NOT_NULL), site.fact
    if table is None or fact is None or site.majors[-1] < 18:
        return
    waiting = not_null_proof.unvalidated(table, fact.name)
    if waiting is not None:
        yield Violation(
            message=f"{waiting.name} is NOT VALID, so all rows of {table.name} are read while"
            " all its queries wait, whatever a CHECK proves (18)",
            remedy=f"VALIDATE CONSTRAINT {waiting.name}, which makes the column NOT NULL",
        )


def fix(site: Site) -> Fix | None:
    """VALIDATE CONSTRAINT, which leaves nothing for SET NOT NULL to do."""
    table, fact = site.in_use(ActionKind.SET_NOT_NULL), site.fact
    waiting = None
    if table is not None and fact is not None:
        waiting = not_null_proof.unvalidated(table, fact.name)
    text = edits.Text(site)
    if waiting is None or text.guarded:
        return None
    validate = text.alter(f"VALIDATE CONSTRAINT {edits.written(waiting.name)}")
    return Fix(statements=text.with_others(), later=(validate,))


RULE = Rule(
    slug="set-not-null-over-notvalid-nn",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="SET NOT NULL over a NOT NULL constraint that is NOT VALID",
    problem="All queries of the table wait while every row is read.",
    postgres=(
        "The rows are read under ACCESS EXCLUSIVE; a validated CHECK is no proof here (18)."
    ),
    instead="VALIDATE that constraint; the column is NOT NULL afterwards.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterColumn,),
    check=check,
    fix=fix,
)
