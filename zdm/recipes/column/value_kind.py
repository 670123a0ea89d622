"""Where a column has its values from, which decides whether its identity or expression
can be changed as it was planned."""

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Table
from zdm.model.statement import Action

_CHANGES = frozenset(
    {
        Change.ADD_IDENTITY,
        Change.SET_IDENTITY,
        Change.DROP_IDENTITY,
        Change.SET_EXPRESSION,
        Change.DROP_EXPRESSION,
    }
)


def differing(action: Action, here: Table, there: Table | None) -> tuple[str, ...]:
    """The column whose identity or expression the Action changes, if it is another here than
    there."""
    said = action.said
    if not isinstance(said, AlterTable) or said.change not in _CHANGES or there is None:
        return ()
    found = [table.column(said.name) for table in (here, there)]
    known = {c and (c.not_null, c.default is None, c.identity, c.generated) for c in found}
    return (said.name,) if len(known) > 1 else ()
