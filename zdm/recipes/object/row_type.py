"""What takes or holds a row of a table as one value, or all of its columns."""

import re
from collections.abc import Iterator

from zdm.model.schema import Function, Name, Snapshot
from zdm.schema import routines

_STAR = re.compile(r"(?:\bSELECT\s+(?:(?:ALL|DISTINCT)\s+)?|[.,]\s*)\*", re.IGNORECASE)


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


def selects_all(function: Function, table: Name) -> bool:
    """Whether its text may select `*` of the table for a result of other columns, which a
    column more in the table does not fit; a result of the table's row type grows with it."""
    schema, name = re.escape(table.schema), re.escape(table.name)
    row = re.compile(rf'\bRETURNS (?:SETOF )?(?:"?{schema}"?\.)?"?{name}"?(?![\w."])')
    found = _STAR.search(function.definition) and not row.search(function.definition)
    return bool(found) and table.name in routines.body_names(function)


def outgrown(table: Name, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Functions that may fail when the table gets a column more, and what to do."""
    found = sorted({str(f.name) for f in snapshot.functions if selects_all(f, table)})
    if found:
        yield (
            f"these functions select `*` and name {table}: {', '.join(found)}; with a column"
            " more, what they select may not fit what they return or insert, and their calls"
            " fail",
            "write the columns by name in them, in an earlier release",
        )
