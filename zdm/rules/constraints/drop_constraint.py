"""DROP CONSTRAINT."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.statement import ActionKind
from zdm.model.syntax import AlterColumn
from zdm.parse import expressions
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """DROP CONSTRAINT of a constraint that is not of this release."""
    table, fact = site.in_use(ActionKind.DROP_CONSTRAINT), site.fact
    if table is None or fact is None:
        return
    if _is_not_null(table, fact.name):
        return
    before = site.released.table(table.name)
    if table.constraint(fact.name) and before and not before.constraint(fact.name):
        return
    yield Violation(
        message=f"rows that {fact.name} kept out of {table.name} can be written from here on,"
        " also by the old version",
        remedy="drop it in a release in which no running version relies on it",
    )


def _is_not_null(table: Table, name: str) -> bool:
    """It only says that a column holds no NULL, which the column says itself."""
    found = table.constraint(name)
    text = not_null_proof.condition(found.definition) if found and found.definition else None
    if found is None or found.kind != "check" or text is None:
        return False
    tests = [expressions.null_test(test) for test in not_null_proof.every(text)]
    columns = [table.column(test[0]) for test in tests if test is not None and test[1]]
    return len(columns) == len(tests) and all(c is not None and c.not_null for c in columns)


RULE = Rule(
    slug="drop-constraint",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="DROP CONSTRAINT",
    problem=(
        "What the constraint kept out may be written from then on; ON CONFLICT of a dropped "
        "key fails."
    ),
    postgres="ACCESS EXCLUSIVE on the table, for a foreign key on both tables (14 to 18).",
    instead="Drop it when no running version relies on it, with a lock_timeout.",
    allow="No running version relies on it.",
    on=(AlterColumn,),
    check=check,
)
