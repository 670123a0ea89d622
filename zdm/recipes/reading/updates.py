"""What an UPDATE of the author sets, and for which rows."""

from dataclasses import dataclass

from zdm.model.expression import Expression, Feature
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import Update as Said

_NOT_IN_BATCHES = frozenset(
    {
        Feature.SUBQUERY,
        Feature.SEVERAL_COLUMNS,
        Feature.DEFAULT_VALUE,
        Feature.PARAMETER,
        Feature.WINDOW,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An UPDATE of one table. `simple`: no FROM, WITH, RETURNING, subquery or column list in
    parentheses, so that it can be cut into batches; `alone`: no FROM, WITH or RETURNING;
    `only`: it leaves out the children."""

    table: Name
    assignments: tuple[tuple[str, Expression], ...]
    where: Expression | None
    simple: bool
    alone: bool
    only: bool


def read(action: Action) -> Update | None:
    """The UPDATE, if the Action is one."""
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.UPDATE or fact.table is None:
        return None
    if not isinstance(said, Said):
        return None
    plain = said.plain and all(assignment.plain for assignment in said.assignments)
    return Update(
        table=fact.table,
        assignments=tuple((a.column, a.value) for a in said.assignments),
        where=said.where,
        simple=plain and not said.features & _NOT_IN_BATCHES,
        alone=said.plain,
        only=said.table.only,
    )


def targets(action: Action) -> tuple[str, ...]:
    """The columns that an UPDATE sets."""
    said = action.said
    return tuple(a.column for a in said.assignments) if isinstance(said, Said) else ()
