"""A change of the columns that SELECT * returns."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import AddColumn, AlterColumn, ChangeType, RenameObject


def check(site: Site) -> Iterator[Violation]:
    """ADD, DROP and RENAME COLUMN, and ALTER COLUMN TYPE."""
    kinds = (
        ActionKind.ADD_COLUMN,
        ActionKind.DROP_COLUMN,
        ActionKind.RENAME_COLUMN,
        ActionKind.CHANGE_TYPE,
    )
    table = site.in_use(*kinds)
    if table is not None:
        yield Violation(
            message=f"prepared statements with SELECT * or RETURNING * of {table.name} fail"
            " once"
            " for each connection, or until it is closed",
            remedy="list columns in the code, or recycle connections after the migration",
        )


RULE = Rule(
    slug="prepared-plan-shape-change",
    severity=None,
    planned=Planned.NO,
    title="A change of the columns that SELECT * returns",
    problem=(
        'A statement that a connection has prepared fails with "cached plan must not '
        'change result type".'
    ),
    postgres=(
        "The row that a prepared statement returns must not change (0A000; 14 to 18). It "
        "is off because a migration does not show whether clients prepare such "
        "statements."
    ),
    instead="List columns in the code.",
    allow="No client prepares statements with *.",
    on=(
        AddColumn,
        AlterColumn,
        ChangeType,
        RenameObject,
    ),
    check=check,
)
