"""What an UPDATE of the author sets, and for which rows."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from zdm.model.expression import Call, Coalesce, Expression, Feature
from zdm.model.schema import Column, Name, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import Update as Said
from zdm.parse import expressions, mentioned
from zdm.parse.readers import fired, nulls
from zdm.parse.rows import held, row_condition
from zdm.parse.rows.held import Held

_NOT_IN_BATCHES = frozenset(
    {
        Feature.SUBQUERY,
        Feature.SEVERAL_COLUMNS,
        Feature.DEFAULT_VALUE,
        Feature.PARAMETER,
        Feature.WINDOW,
    }
)


class Update(Struct, frozen=True, kw_only=True):
    """An UPDATE of one table. `features`: those that keep it from being cut into batches as it
    is; `simple`: no FROM, WITH, RETURNING, subquery or column list in
    parentheses, so that it can be cut into batches; `alone`: no FROM, WITH or RETURNING;
    `only`: it leaves out the children."""

    table: Name
    assignments: tuple[tuple[str, Expression], ...]
    where: Expression | None
    simple: bool
    alone: bool
    only: bool
    features: frozenset[Feature] = frozenset()


def read(action: Action) -> Update | None:
    """The UPDATE, if the Action is one."""
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.UPDATE or fact.table is None:
        return None
    if not isinstance(said, Said):
        return None
    whole = all(assignment.plain for assignment in said.assignments)
    features = said.features & _NOT_IN_BATCHES
    return Update(
        table=fact.table,
        assignments=tuple((a.column, a.value) for a in said.assignments),
        where=said.where,
        simple=said.plain and whole and not features,
        alone=said.plain,
        only=said.table.only,
        features=features if whole else features | {Feature.SEVERAL_COLUMNS},
    )


def refused_null(update: Update, table: Table) -> tuple[str, str] | None:
    """Fact and remedy: it sets a column to NULL that is NOT NULL."""
    for name, value in update.assignments:
        column = table.column(name)
        if column is not None and column.not_null and expressions.is_null(value):
            return (
                f"it sets {table.name}.{name} to NULL, which is NOT NULL, so it would fail at"
                " the first row",
                f"set another value; or drop NOT NULL of {name} in an earlier release",
            )
    return None


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


def idempotent(column: str, value: Expression) -> bool:
    """Whether f(f(x)) = f(x), where x is the column that is set: one of a few functions over
    it, or COALESCE that begins with it."""
    match expressions.form(value):
        case Coalesce(arguments=(first, *_)):
            return expressions.column(first) == column
        case Call(function=words, arguments=(only,)):
            built_in = len(words) == 1 or words[0] == "pg_catalog"
            return built_in and words[-1] in _ONCE and expressions.column(only) == column
    return False


def shows_done(update: Update, table: Table) -> bool:
    """Whether a row no longer meets the WHERE once it has the constants that are set, as with
    `SET c = now(), d = 'x' WHERE d IS DISTINCT FROM 'x'`."""
    return update.where is not None and held.is_false(update.where, constants(update, table))


def constants(update: Update, table: Table) -> dict[str, Held]:
    """The columns that get a constant, with what they hold then."""
    found = ((name, as_held(table, name, value)) for name, value in update.assignments)
    return {name: one for name, one in found if one is not None}


def as_held(table: Table, name: str, value: Expression) -> Held | None:
    """What the column holds of a value; None where that is not certain."""
    column = table.column(name)
    if column is None or column.collation is not None:
        return None
    return held.held(value, column.type)


def through(read: Iterable[str], table: Table) -> frozenset[str]:
    """These columns, and those of which the generated ones among them are made."""
    found = [table.column(name) for name in read]
    made = [c.default for c in found if c is not None and c.generated and c.default is not None]
    of_made = (name for text in made for name in expressions.columns(expressions.read(text)))
    return frozenset((*read, *of_made))


def twice(
    update: Update, action: Action, table: Table, sources: Sequence[Table]
) -> tuple[str, ...]:
    """The columns for which a second run would take what the first one has set; `sources` are
    the tables that it reads."""
    targets = {column for column, _ in update.assignments}
    found: list[str] = []
    for column, value in update.assignments:
        read = through(of_row(value, action, sources), table) & targets
        if read and not (read == {column} and idempotent(column, value)):
            found.append(column)
    return tuple(found)


def of_row(value: Expression, action: Action, sources: Sequence[Table]) -> frozenset[str]:
    """The columns that may be those of the changed row, of which a value reads the names."""
    own, refs = mentioned.own_names(action), mentioned.references(value)
    qualified = {words[-1] for words in refs if {*words[-2:-1]} & own}
    return not_hidden(row_condition.bare(value), action, sources) | qualified


def not_hidden(
    names: Iterable[tuple[str, frozenset[str]]], action: Action, sources: Sequence[Table]
) -> frozenset[str]:
    """The bare names that may be columns of the changed row: those that no table of the
    queries around them has."""
    queries = mentioned.queries(action)
    hidden = {t.name.name: {c.name for c in t.columns} for t in sources}
    for table in sources:
        hidden[table.name.name] &= {c.name for c in table.columns}  # of two schemas
    return frozenset(
        name
        for name, around in names
        if not any(name in hidden.get(table, ()) for table in around - queries)
    )
