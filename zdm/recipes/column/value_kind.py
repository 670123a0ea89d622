"""Where a column has its values from, which decides whether it can become an identity."""

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Column, Table
from zdm.model.statement import Action


def unfit(action: Action, table: Table) -> tuple[str, ...]:
    """The column that the Action makes an identity or changes as one, where the server would
    refuse that."""
    said = action.said
    if not isinstance(said, AlterTable):
        return ()
    column = table.column(said.name)
    match said.change:
        case Change.ADD_IDENTITY:
            fits = column is not None and _is_free(column)
        case Change.SET_IDENTITY:
            fits = column is not None and bool(column.identity)
        case _:
            return ()
    return () if fits else (said.name,)


def _is_free(column: Column) -> bool:
    return column.not_null and column.default is None and not column.identity
