"""Why an ADD CONSTRAINT would fail on the schema before it."""

from zdm.model.schema import Table
from zdm.model.syntax import ConstraintDefinition


def found(says: ConstraintDefinition, table: Table) -> tuple[str, str] | None:
    """A name that is taken, or a column that is not there; and the remedy."""
    if says.name and table.constraint(says.name) is not None:
        return (
            f"{table.name} already has a constraint {says.name}, so this statement would fail",
            "give it another name",
        )
    return missing(says.columns, table)


def missing(columns: tuple[str, ...], table: Table) -> tuple[str, str] | None:
    """A column that is not there, and the remedy."""
    lacking = [c for c in columns if table.column(c) is None]
    if not lacking or table.opaque:
        return None
    return (
        f"{table.name} has no column {lacking[0]}, so this statement would fail",
        "correct the name, or make a new snapshot of the database",
    )
