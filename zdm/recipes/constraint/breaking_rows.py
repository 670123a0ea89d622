"""Rows that break a constraint which is not there yet: whether there are any, and which.

They are named by the table's key, so that a person finds them; without a key by their place.
"""

from zdm.model.plan import NAMED_ROWS, Check
from zdm.model.schema import Table
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Ident, Qualified
from zdm.recipes.index import walk_key

_NONE = "SELECT NOT EXISTS (SELECT 1 FROM {source} WHERE {condition})"
_ROWS = "SELECT {label} || {shown} FROM {source} WHERE {condition} LIMIT {limit}"


def none(table: Table, condition: str, *, failure: str, hint: str, only: bool = False) -> Check:
    """That no row is so; the condition refers to the row by bare names, or by `c`."""
    source = "ONLY {t} AS c" if only else "{t} AS c"
    return Check(
        sql=emit.sql(
            _NONE.replace("{source}", source),
            t=Qualified(table.name),
            condition=Expression(condition),
        ),
        failure=failure,
        hint=hint,
        rows=_rows(table, source, condition),
    )


def _rows(table: Table, source: str, condition: str) -> str:
    """One text for each: `id = 5`, or `(a, b) = (1, 2)`."""
    key = walk_key.walk(table)
    if len(key) == 1:
        shown, label = "c.{k0}::text", f"{key[0]} = "
    elif key:
        parts = ", ".join(f"c.{{k{n}}}" for n in range(len(key)))
        shown, label = f"ROW({parts})::text", f"({', '.join(key)}) = "
    else:
        shown, label = "ROW(c.tableoid::regclass, c.ctid)::text", "(table, ctid) = "
    template = _ROWS.replace("{source}", source).replace("{shown}", shown)
    return emit.sql(
        template.replace("{limit}", str(NAMED_ROWS + 1)),
        t=Qualified(table.name),
        label=Constant(label),
        condition=Expression(condition),
        **{f"k{n}": Ident(column) for n, column in enumerate(key)},
    )
