"""Whether a validated CHECK proves that a column holds no NULL, so that nothing is scanned.

PostgreSQL accepts `c IS NOT NULL`, alone or in an AND, and nothing that only follows from an
operator (measured 12-18); it turns NOT (c IS NULL) into that. What names IS NOT NULL in another
way is Unknown here.
"""

from zdm.model.expression import Every, Expression
from zdm.model.impact import NO, UNKNOWN, YES, Answer
from zdm.model.schema import Constraint, Table
from zdm.parse import expressions, libpg_query


def missing(table: Table, column: str) -> Answer:
    """Whether the rows must be read to know that the column holds no NULL."""
    found = table.column(column)
    if found is not None and found.not_null and not unvalidated(table, column):
        return NO
    checks = [c for c in table.constraints if c.kind == "check" and column in c.columns]
    answers = [_proves(c, column) for c in checks if c.validated]
    if YES in answers:
        return NO
    return UNKNOWN if UNKNOWN in answers else YES


def unvalidated(table: Table, column: str) -> Constraint | None:
    """The NOT NULL constraint of the column that is NOT VALID (PostgreSQL 18)."""
    return next(
        (
            c
            for c in table.constraints
            if c.kind == "not null" and c.columns == (column,) and not c.validated
        ),
        None,
    )


def text(definition: str) -> str:
    """The expression of a CHECK, in parentheses, as its definition has it."""
    found = definition.removeprefix("CHECK").removesuffix("NOT VALID").strip()
    return found.removesuffix("NO INHERIT").strip()


def condition(definition: str) -> Expression | None:
    """The expression of a CHECK, from its definition; None where it cannot be read."""
    try:
        return expressions.read(text(definition))
    except libpg_query.NotSqlError:
        return None


def every(expression: Expression) -> tuple[Expression, ...]:
    """The tests that an expression joins by AND, at all depths."""
    turned = expressions.negated(expression)
    if turned is not None:
        return every(turned)
    form = expressions.form(expression)
    if not isinstance(form, Every):
        return (expression,)
    return tuple(test for part in form.tests for test in every(part))


def _proves(check: Constraint, column: str) -> Answer:
    expression = condition(check.definition)
    if expression is None:
        return UNKNOWN
    if any(expressions.null_test(test) == (column, True) for test in every(expression)):
        return YES
    return UNKNOWN if column in expressions.null_tested(expression) else NO
