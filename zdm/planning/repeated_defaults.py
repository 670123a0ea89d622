"""A unique key of new columns, which a default then makes the same in each row.

The old version does not write the columns, so its second row would be a duplicate: refused by
the index, or the reason why it cannot be built in the contract.
"""

from collections.abc import Iterator, Mapping, Sequence

from zdm.model.findings import Finding
from zdm.model.schema import Name, Snapshot, Volatility
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddConstraint, IndexDefinition, SetDefault
from zdm.parse import expressions
from zdm.recipes.reading import refuse
from zdm.schema import default_volatility

_Column = tuple[Name, str]


def find(
    actions: Sequence[Action], owner: Mapping[int, int], start: Snapshot
) -> Iterator[Finding]:
    """One for each such key, at the later of the two statements."""
    defaults: dict[_Column, int] = {}
    keys: list[tuple[int, tuple[_Column, ...]]] = []
    for position, action in enumerate(actions):
        if id(action) not in owner or action.statement.vouched:
            continue
        column = _defaulted(action, start)
        if column is not None:
            defaults[column] = position
        key = _unique(action)
        if key:
            keys.append((position, key))
    for position, key in keys:
        if all(column in defaults for column in key):
            table, column_name = key[0]
            yield refuse.finding(
                actions[max(position, *(defaults[column] for column in key))],
                "default_repeats",
                f"{table}.{column_name} is new and unique in this train, and its default is the"
                " same in each row: the second row that the old version inserts would be a"
                " duplicate",
                "remove the default, and let the new version write a value; or use one that"
                " differs in each row, such as gen_random_uuid()",
            )


def _defaulted(action: Action, start: Snapshot) -> _Column | None:
    """The new column of a table in use whose default it sets to one value."""
    fact, said = action.fact, action.said
    if not isinstance(said, SetDefault) or not isinstance(fact, Fact) or fact.table is None:
        return None
    table = start.table(fact.table)
    if table is None or table.column(fact.name) is not None or said.expression is None:
        return None
    if expressions.is_null(said.expression):
        return None
    known = default_volatility.volatility(said.expression, start)
    return None if known is Volatility.VOLATILE else (table.name, fact.name)


def _unique(action: Action) -> tuple[_Column, ...]:
    """The columns of a unique key that it makes."""
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact) or fact.table is None:
        return ()
    names: tuple[str, ...] = ()
    if isinstance(said, AddConstraint) and said.constraint.kind in ("unique", "primary key"):
        names = said.constraint.columns
    if isinstance(said, IndexDefinition) and said.unique and said.where is None:
        names = tuple(element.column or "" for element in said.elements)
    return tuple((fact.table, name) for name in names)
