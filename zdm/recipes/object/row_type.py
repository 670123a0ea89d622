"""What takes or holds a row of a table as one value."""

import re
from collections.abc import Iterator

from zdm.model.schema import Name, Snapshot


def users(table: Name, snapshot: Snapshot) -> Iterator[str]:
    """Each of them, in words."""
    schema, name = (re.escape(part.replace('"', '""')) for part in (table.schema, table.name))
    row_type = re.compile(rf'(?<![\w"])"?{schema}"?\."?{name}"?(?!\w)')
    for function in snapshot.functions:
        if row_type.search(function.arguments):
            yield f"an argument of function {function.name}"
    for other in snapshot.tables:
        for column in other.columns:
            if row_type.search(column.type):
                yield f"column {other.name}.{column.name}"
    for one in snapshot.types:
        if row_type.search(one.definition.partition(" AS ")[2]):
            yield f"type {one.name}"
