"""ALTER COLUMN TYPE that writes every row again."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.impact import YES
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import ChangeType
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A change that rewrites, or may."""
    table = site.in_use(ActionKind.CHANGE_TYPE)
    if table is None or not isinstance(site.action.said, ChangeType):
        return
    column, does = site.action.said.column, reading.on_table(site, table)
    if does.rewrites.possible:
        may = "is" if does.rewrites is YES else "may be"
        yield Violation(
            message=f"the values of {column} do not fit the new type as they are, so"
            f" {table.name} {may} rewritten while all its queries wait",
            remedy="add a column of the new type, keep both in sync, fill it in batches, and"
            " drop the"
            " old one in a later release",
        )


RULE = Rule(
    slug="change-column-type-rewrite",
    severity=Severity.ERROR,
    planned=Planned.PHASES,
    title="ALTER COLUMN TYPE that writes every row again",
    problem=(
        "All queries of the table wait while every row and every index is written, and "
        "foreign keys are checked again."
    ),
    postgres=(
        "Only changes that keep the bytes of each value are free, such as varchar(50) to "
        "varchar(100) or text; all others rewrite under ACCESS EXCLUSIVE (14 to 18)."
    ),
    instead=(
        "Add a column of the new type, keep both in sync with a trigger, fill it in "
        "batches, and switch the application."
    ),
    allow="The table is small, and a lock_timeout is set.",
    on=(ChangeType,),
    check=check,
)
