"""The name of an index that the author left without one (ChooseIndexName).

PostgreSQL joins the table with its key and included columns; an expression counts by the
function it calls, and other expressions are named in ways that are not repeated here.
"""

from collections.abc import Mapping
from typing import Any

from zdm.model.schema import Name, Snapshot
from zdm.parse import trees
from zdm.recipes.sql import generated_names


def chosen(tree: Mapping[str, Any], table: Name, snapshot: Snapshot) -> str | None:
    """The name for an IndexStmt; None where only PostgreSQL knows."""
    columns: list[str] = []
    for item in [*tree.get("indexParams", []), *tree.get("indexIncludingParams", [])]:
        word = _word(item["IndexElem"])
        if word is None:
            return None
        number, unique = 0, word
        while unique in columns:
            number += 1
            unique = f"{word}{number}"
        columns.append(unique)
    return generated_names.chosen(
        table, tuple(columns), "idx", generated_names.taken(snapshot, table.schema)
    )


def _word(element: Mapping[str, Any]) -> str | None:
    if "name" in element:
        return str(element["name"])
    call = element.get("expr", {}).get("FuncCall")
    return trees.strings(call["funcname"])[-1] if call else None
