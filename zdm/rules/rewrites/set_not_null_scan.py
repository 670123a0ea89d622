"""SET NOT NULL without a validated CHECK as proof."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import AlterColumn
from zdm.rules import edits, reading
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """SET NOT NULL that reads the table, or may."""
    table = site.in_use(ActionKind.SET_NOT_NULL)
    fact = site.fact
    if table is None or fact is None or not reading.on_table(site, table).scans.possible:
        return
    if site.is_new_column(table, fact.name) and table.rows == 0:
        return
    column = fact.name
    yield Violation(
        message=f"no validated CHECK proves that {column} holds no NULL, so all rows of"
        f" {table.name} are read while all its queries wait",
        remedy=f"ADD CONSTRAINT … CHECK ({column} IS NOT NULL) NOT VALID, then VALIDATE"
        " CONSTRAINT in a transaction of its own, then SET NOT NULL",
    )


def fix(site: Site) -> Fix | None:
    """A CHECK of its own proves it; the proof that it has is dropped after it."""
    table, fact = site.in_use(ActionKind.SET_NOT_NULL), site.fact
    text = edits.Text(site)
    if table is None or fact is None or text.guarded:
        return None
    if not_null_proof.unvalidated(table, fact.name) is not None:
        return None  # which no CHECK helps; VALIDATE does
    command = text.slice(text.part)
    apart = edits.drops_last(site)
    if apart is not None:
        return apart
    proof, *later = edits.not_null(text, table, fact.name, command)
    return Fix(statements=text.with_others(proof), later=tuple(later))


RULE = Rule(
    slug="set-not-null-scan",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="SET NOT NULL without a validated CHECK as proof",
    problem="All queries of the table wait while every row is read.",
    postgres=(
        "SET NOT NULL reads the table under ACCESS EXCLUSIVE, unless a validated CHECK "
        "(column IS NOT NULL), alone or in an AND, proves it (14 to 18)."
    ),
    instead=(
        "ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT in a "
        "transaction of its own; SET NOT NULL; DROP CONSTRAINT."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterColumn,),
    check=check,
    fix=fix,
)
