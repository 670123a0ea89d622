"""The name of an index that the author left without one (ChooseIndexName).

PostgreSQL joins the table with its key and included columns; an expression counts by the
function it calls, and other expressions are named in ways that are not repeated here.
"""

from zdm.model.expression import Call
from zdm.model.schema import Name, Snapshot
from zdm.model.syntax import IndexDefinition, IndexElement
from zdm.parse import expressions
from zdm.schema import generated_names


def chosen(index: IndexDefinition, table: Name, snapshot: Snapshot) -> str | None:
    """The name for the index; None where only PostgreSQL knows."""
    columns: list[str] = []
    for element in (*index.elements, *index.included):
        word = _word(element)
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


def _word(element: IndexElement) -> str | None:
    if element.expression is None:
        return element.column
    form = expressions.form(element.expression)
    return form.function[-1] if isinstance(form, Call) else None
