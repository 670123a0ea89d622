"""What happens when an INSERT runs a second time, after a rollback that left its rows."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from zdm.model.expression import Expression
from zdm.model.schema import Snapshot, Table, Volatility
from zdm.model.statement import Action
from zdm.model.syntax import Insert
from zdm.parse import trees
from zdm.schema import default_volatility

_Tree = Mapping[str, Any]
_CALLS = frozenset({"FuncCall", "SQLValueFunction"})


class Second(StrEnum):
    """What a second run does."""

    NOTHING = "nothing"
    FAILS = "fails"  # keys are taken
    DOUBLES = "doubles"


def of_insert(action: Action, table: Table, snapshot: Snapshot) -> Second:
    """By the unique indexes whose values the INSERT writes out."""
    says = action.said
    if not isinstance(says, Insert):
        return Second.NOTHING
    given = _given(action.tree, says, table, snapshot)
    unique = [index for index in table.indexes if index.unique and index.valid]
    if not any(given >= {*index.keys, *index.columns} - {None} for index in unique):
        return Second.DOUBLES
    return Second.NOTHING if says.on_conflict else Second.FAILS


def _given(tree: _Tree, says: Insert, table: Table, snapshot: Snapshot) -> frozenset[str]:
    """The columns that get the same value in a second run, in every row."""
    rows = list(_rows(tree.get("selectStmt", {}).get("SelectStmt", {})))
    columns = says.columns or tuple(c.name for c in table.columns)
    if not rows:  # DEFAULT VALUES
        return frozenset()
    if any(_every(row) for row in rows):
        return frozenset(columns)
    return frozenset(
        column
        for place, column in enumerate(columns)
        if all(place < len(row) and _is_fixed(row[place], snapshot) for row in rows)
    )


def _rows(select: _Tree) -> Iterator[list[_Tree]]:
    """The values of each row of VALUES; those of a SELECT."""
    for values in select.get("valuesLists", []):
        yield values["List"]["items"]
    if "targetList" in select:
        yield [target["ResTarget"]["val"] for target in select["targetList"]]
    for side in ("larg", "rarg"):
        if side in select:
            yield from _rows(select[side].get("SelectStmt", select[side]))


def _every(row: list[_Tree]) -> bool:
    return any(key == "A_Star" for one in row for key, _ in trees.walk({"root": one}))


def _is_fixed(value: _Tree, snapshot: Snapshot) -> bool:
    """Whether it is a value, and the same one each time."""
    nodes = list(trees.walk({"root": value}))
    if any(key == "SetToDefault" for key, _ in nodes) or value.get("A_Const", {}).get("isnull"):
        return False
    if not any(key in _CALLS for key, _ in nodes):
        return True
    return default_volatility.volatility(Expression(value), snapshot) is Volatility.IMMUTABLE


def updates_again(action: Action) -> bool:
    """Whether ON CONFLICT DO UPDATE sets values that follow from those that are there."""
    clause = action.tree.get("onConflictClause", {})
    if clause.get("action") != "ONCONFLICT_UPDATE":
        return False
    set_ = [target["ResTarget"] for target in clause.get("targetList", [])]
    targets = {target.get("name") for target in set_}
    nodes = (item for one in set_ for item in trees.walk({"root": one["val"]}))
    read = [trees.strings(n.get("fields")) for key, n in nodes if key == "ColumnRef"]
    return any(words[0] != "excluded" and words[-1] in targets for words in read if words)
