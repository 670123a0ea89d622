"""A NOT NULL check NOT VALID on a column that is not filled yet."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import AddConstraint, ConstraintDefinition, Update
from zdm.parse import expressions
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """A column of this release without default, UPDATE or trigger before it."""
    table, said = site.in_use(ActionKind.ADD_CONSTRAINT), site.action.said
    if table is None or not isinstance(said, AddConstraint) or not said.constraint.not_valid:
        return
    for name in said.constraint.columns:
        column = table.column(name)
        if column is None or not site.is_new_column(table, name) or column.default is not None:
            continue
        if _refuses_null(said.constraint, name) and not _is_filled(site, table, name):
            yield Violation(
                message=f"no row of {table.name} has a value in {name} yet, so every UPDATE of"
                " one fails from here on",
                remedy="fill the rows first, or create a trigger that fills the column, then"
                " add the constraint NOT VALID",
            )


def _refuses_null(said: ConstraintDefinition, column: str) -> bool:
    if said.kind == "not null":
        return True
    if said.kind != "check" or said.expression is None:
        return False
    tests = not_null_proof.every(said.expression)
    return any(expressions.null_test(test) == (column, True) for test in tests)


def _is_filled(site: Site, table: Table, column: str) -> bool:
    """An UPDATE of this release sets it, or a trigger may."""
    if table.triggers:
        return True
    sets = (
        assignment.column == column
        for said in (_update_of(done.action, table) for done in site.done.saying(Update))
        if said is not None
        for assignment in said.assignments
    )
    return any(sets)


def _update_of(action: Action, table: Table) -> Update | None:
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact) or fact.table != table.name:
        return None
    return said if isinstance(said, Update) else None


RULE = Rule(
    slug="not-null-check-before-backfill",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="A NOT NULL check NOT VALID on a column that is not filled yet",
    problem="Every UPDATE of a row that is not filled fails, also of other columns.",
    postgres=(
        "A constraint that is NOT VALID is checked for each row that is written (23514; "
        "14 to 18)."
    ),
    instead=(
        "Fill the rows in batches first, with a trigger or default for new ones; then add"
        " the constraint."
    ),
    allow="No row is updated before it is filled.",
    on=(AddConstraint,),
    check=check,
)
