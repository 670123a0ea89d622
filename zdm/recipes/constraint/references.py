"""Which rows refer to no row, and whether an index leads from a referenced row to its own.

A foreign key compares the table's own rows, without those of tables that inherit from it, with
the referenced table's own; of a partitioned table with all its partitions' (manual, DDL
Inheritance, Caveats).
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.plan import Check
from zdm.model.schema import Name, Table
from zdm.model.sql import ident
from zdm.model.statement import Action
from zdm.model.syntax import IndexDefinition
from zdm.recipes.constraint import breaking_rows

_EQUAL = "OPERATOR(pg_catalog.=)"
_ABSENT = "NOT EXISTS (SELECT 1 FROM {parent} AS zdm_r WHERE {same})"


class Reference(Struct, frozen=True, kw_only=True):
    """The columns of a foreign key, and those that they refer to, in order."""

    columns: tuple[str, ...]
    parent: Name
    referenced: tuple[str, ...]
    match_full: bool = False


def no_orphans(
    table: Table, parent: Table, reference: Reference, *, failure: str, hint: str
) -> Check:
    """That no row refers to a row that is not there."""
    return breaking_rows.none(
        table,
        orphan(parent, reference, "c"),
        failure=failure,
        hint=hint,
        only=table.kind != "partitioned table",
    )


def orphan(parent: Table, reference: Reference, row: str) -> str:
    """That a row of the relation `row`, quoted, refers to no row; only where `compared` finds
    that the key compares so."""
    pairs = zip(reference.columns, reference.referenced, strict=True)
    same = " AND ".join(f"zdm_r.{ident(a)} {_EQUAL} {row}.{ident(c)}" for c, a in pairs)
    only = "" if parent.kind == "partitioned table" else "ONLY "
    absent = _ABSENT.format(parent=f"{only}{parent.name.sql}", same=same)
    given = [f"{row}.{ident(column)} IS NOT NULL" for column in reference.columns]
    if reference.match_full and len(given) > 1:
        return f"({' OR '.join(given)}) AND {absent}"
    return f"{' AND '.join(given)} AND {absent}"


def has_index(table: Table, columns: tuple[str, ...], later: Sequence[Action]) -> bool:
    """Whether an index begins with the columns, or one that the train builds afterwards."""
    there = (i.keys for i in table.indexes if i.valid and i.predicate is None)
    built = (
        tuple(e.column or None for e in action.said.elements)
        for action in later
        if isinstance(action.said, IndexDefinition) and action.said.where is None
    )
    wanted = set(columns)
    return any(set(keys[: len(wanted)]) == wanted for keys in (*there, *built))
