"""That no row refers to a row which a step is about to delete, where its key refuses that.

The step would fail at the first such row, and be past the point of no return then. So it asks
before it begins. A key that does nothing to the row may be deferred, which changes nothing:
each batch is a transaction. Not asked are keys that a query may compare otherwise, and rows
that refer to rows of their own table, which may go together.
"""

from collections.abc import Iterator

from zdm.model.plan import Check
from zdm.model.schema import Constraint, Snapshot, Table
from zdm.model.sql import ident
from zdm.recipes.constraint import breaking_rows, compared
from zdm.recipes.constraint.references import Reference
from zdm.schema.impact.place import is_enforced

_ACTIONS = ("ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT")
_CHILD = "c"  # of `breaking_rows`


def checks(table: Table, condition: str, snapshot: Snapshot) -> tuple[Check, ...]:
    """One for each key of another table. `condition`: that a row of the table goes, by the
    table's bare name."""
    if table.name.name == _CHILD:
        return ()
    return tuple(
        _none(other, key, table, condition)
        for other in snapshot.tables
        if other != table
        for key in _refusing(other, table, snapshot)
    )


def _refusing(other: Table, table: Table, snapshot: Snapshot) -> Iterator[Constraint]:
    for key in other.constraints:
        if key.kind != "foreign key" or key.references != table.name or not is_enforced(key):
            continue
        reference = Reference(
            columns=key.columns, parent=table.name, referenced=key.referenced_columns
        )
        acts = any(action in key.definition for action in _ACTIONS)
        if not acts and compared.otherwise(other, table, reference, snapshot) is None:
            yield key


def _none(other: Table, key: Constraint, table: Table, condition: str) -> Check:
    same = " AND ".join(
        f"{ident(table.name.name)}.{ident(a)} = {_CHILD}.{ident(c)}"
        for c, a in zip(key.columns, key.referenced_columns, strict=True)
    )
    return breaking_rows.none(
        other,
        f"EXISTS (SELECT 1 FROM {table.name.sql} WHERE ({condition}) AND {same})",  # noqa: S608
        failure=f"rows of {other.name} refer to rows of {table.name} that are to be deleted,"
        f" and {key.name} refuses that",
        hint=f"delete these rows of {other.name}, or change their reference; then run"
        " `zdm execute` again",
        only=other.kind != "partitioned table",
    )
