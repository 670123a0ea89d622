"""Rows that have the same key where it must be unique: whether there are any, and which."""

from zdm.model.plan import NAMED_ROWS, Check
from zdm.model.schema import Table
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Ident, Part, Qualified
from zdm.recipes.index import walk_key

_NONE = (
    "SELECT NOT EXISTS (SELECT 1 FROM ONLY {t} WHERE {condition}"
    " GROUP BY {keys} HAVING count(*) > 1)"
)
_ROWS = (
    "SELECT pg_catalog.concat({label}, {shown}{which}) FROM ONLY {t} WHERE {condition}"
    " GROUP BY {keys} HAVING count(*) > 1 LIMIT {limit}"
)
_WHICH = (
    ", ' (', {name}, ' ',"
    " pg_catalog.array_to_string((pg_catalog.array_agg({id}))[1:3], ', '), ')'"
)


def none(table: Table, key: tuple[str, ...], constraint: str, *, nulls: bool) -> Check:
    """That no two rows have the same key; `nulls`: two NULLs are the same."""
    columns = {f"k{n}": Ident(column) for n, column in enumerate(key)}
    keys = ", ".join(f"{{{hole}}}" for hole in columns)
    given = " AND ".join(f"{{{hole}}} IS NOT NULL" for hole in columns)
    condition = "true" if nulls else given
    filled = _NONE.replace("{keys}", keys).replace("{condition}", condition)
    return Check(
        sql=emit.sql(filled, t=Qualified(table.name), **columns),
        failure=f"{table.name} holds duplicates, so {constraint} cannot be added",
        hint="remove all but one of each, then run `zdm execute` again",
        rows=_rows(table, key, keys, condition),
    )


def _rows(table: Table, key: tuple[str, ...], keys: str, condition: str) -> str:
    """One text for each: `email = x (id 3, 7)`."""
    columns = {f"k{n}": Ident(column) for n, column in enumerate(key)}
    label = f"{key[0]} = " if len(key) == 1 else f"({', '.join(key)}) = "
    shown = "{k0}::text" if len(key) == 1 else f"ROW({keys})::text"
    walked = walk_key.walk(table)
    which = _WHICH if len(walked) == 1 else ""
    more: dict[str, Part] = {}
    if which:
        more = {"name": Constant(walked[0]), "id": Ident(walked[0])}
    filled = _ROWS.replace("{shown}", shown).replace("{which}", which)
    filled = filled.replace("{keys}", keys).replace("{condition}", condition)
    return emit.sql(
        filled,
        t=Qualified(table.name),
        label=Constant(label),
        limit=Expression(str(NAMED_ROWS + 1)),
        **columns,
        **more,
    )
