"""SET NOT NULL without a validated CHECK as proof."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.statement import ActionKind
from zdm.model.syntax import AddConstraint, AlterColumn
from zdm.rules import edits, reading
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """SET NOT NULL that reads the table, or may."""
    found = _column(site)
    if found is None or not reading.on_table(site, found[0]).scans.possible:
        return
    table, column = found
    if site.is_new_column(table, column) and table.rows == 0:
        return
    yield Violation(
        message=f"no validated CHECK proves that {column} holds no NULL, so all rows of"
        f" {table.name} are read while all its queries wait",
        remedy=f"ADD CONSTRAINT … CHECK ({column} IS NOT NULL) NOT VALID, then VALIDATE"
        " CONSTRAINT in a transaction of its own, then SET NOT NULL",
    )


def _column(site: Site) -> tuple[Table, str] | None:
    """The column that becomes NOT NULL, by SET or by a constraint that is validated at once."""
    table, fact = site.in_use(ActionKind.SET_NOT_NULL), site.fact
    if table is not None and fact is not None:
        return table, fact.name
    added = reading.added_constraint(site, "not null")
    if added is None or added[1].not_valid or not added[1].columns:
        return None
    return added[0], added[1].columns[0]


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
    on=(AlterColumn, AddConstraint),
    check=check,
    fix=fix,
)
