"""What an UPDATE of the author sets, and for which rows."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from zdm.model.expression import Call, Coalesce, Expression, Feature
from zdm.model.schema import Column, Name, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import Update as Said
from zdm.parse import expressions, mentioned
from zdm.parse.readers import fired, nulls

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


_TEXTS = frozenset({"lower", "upper", "btrim", "ltrim", "rtrim", "initcap"})


def never_fails(update: Update, table: Table) -> bool:
    """Whether there is no row of the table that it cannot change, whatever the row holds."""
    columns = {column for column, _ in update.assignments}
    keys = [c.columns for c in table.constraints] + [
        i.columns for i in table.indexes if i.unique
    ]
    if not update.simple or any(columns & {*key} for key in keys):
        return False
    if any(fired.trigger(trigger.definition).on_update for trigger in table.triggers):
        return False
    given = frozenset(c.name for c in table.columns if c.not_null)
    return (update.where is None or expressions.never_fails(update.where)) and all(
        _fits(table.column(name), value) and (name not in given or nulls.never(value, given))
        for name, value in update.assignments
    )


def _fits(column: Column | None, value: Expression) -> bool:
    """Whether each row has a value for the column: the same one for all, or its text in small
    letters and the like."""
    if column is None or not expressions.columns(value):
        return column is not None
    match expressions.form(value):
        case Call(function=(name,), arguments=(only,)):
            text = column.type.startswith(("text", "character varying"))
            return text and name in _TEXTS and expressions.column(only) == column.name
    return False


def targets(action: Action) -> tuple[str, ...]:
    """The columns that an UPDATE sets."""
    said = action.said
    return tuple(a.column for a in said.assignments) if isinstance(said, Said) else ()


_ONCE = frozenset({"lower", "upper", "btrim", "ltrim", "rtrim", "initcap", "abs", "trunc"})


def idempotent(value: Expression) -> bool:
    """Whether f(f(x)) = f(x): one of a few functions over the bare column."""
    match expressions.form(value):
        case Coalesce(arguments=(first, *_)):
            return expressions.column(first) is not None
        case Call(function=words, arguments=(only,)):
            return words[-1] in _ONCE and expressions.column(only) is not None
    return False


def twice(update: Update, action: Action, others: AbstractSet[str]) -> tuple[str, ...]:
    """The columns for which a second run would take what the first one has set. Bare names of
    `others` are columns of other tables, where a value comes from a query."""
    own = mentioned.own_names(action)
    targets = {column for column, _ in update.assignments}
    found: list[str] = []
    for column, value in update.assignments:
        inner = others if Feature.SUBQUERY in expressions.features(value) else frozenset[str]()
        refs = mentioned.references(value)
        read = {r[-1] for r in refs if (r[-2] in own if len(r) > 1 else {*r} - inner)}
        read &= targets
        if read and not (read == {column} and idempotent(value)):
            found.append(column)
    return tuple(found)
