"""Rows that have the same key where it must be unique: whether there are any, and which."""

from collections.abc import Mapping

from msgspec import Struct

from zdm.model.plan import NAMED_ROWS, Check
from zdm.model.schema import Name, Table
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


class IndexKeys(Struct, frozen=True, kw_only=True):
    """The keys of an index in words and as SQL, and which rows it has."""

    words: tuple[str, ...]
    sql: tuple[str, ...]
    condition: str


class _Keys(Struct, frozen=True, kw_only=True):
    """What must be unique among the rows of `condition`: in words, and as SQL with `parts`."""

    words: tuple[str, ...]
    parts: Mapping[str, Part]
    condition: str

    def filled(self, query: str) -> str:
        """The query with holes for the keys."""
        holes = ", ".join(f"{{k{n}}}" for n in range(len(self.words)))
        return query.replace("{keys}", holes).replace("{condition}", self.condition)


def none(table: Table, key: tuple[str, ...], constraint: str, *, nulls: bool) -> Check:
    """That no two rows have the same key; `nulls`: two NULLs are the same."""
    given = " AND ".join(f"{{k{n}}} IS NOT NULL" for n in range(len(key)))
    parts = {f"k{n}": Ident(column) for n, column in enumerate(key)}
    keys = _Keys(words=key, parts=parts, condition="true" if nulls else given)
    return Check(
        sql=emit.sql(keys.filled(_NONE), t=Qualified(table.name), **parts),
        failure=f"{table.name} holds duplicates, so {constraint} cannot be added",
        hint="remove all but one of each, then run `zdm execute` again",
        rows=_rows(table.name, walk_key.walk(table), keys),
    )


def of_index(relation: Name, walked: tuple[str, ...], index: str, keys: IndexKeys) -> Check:
    """The same of an index, whose keys may be expressions; `walked` identifies a row."""
    parts: dict[str, Part] = {f"k{n}": Expression(f"({k})") for n, k in enumerate(keys.sql)}
    parts["where"] = Expression(keys.condition)
    asked = _Keys(words=keys.words, parts=parts, condition="{where}")
    return Check(
        sql=emit.sql(asked.filled(_NONE), t=Qualified(relation), **parts),
        failure=f"{relation} holds duplicates, so the unique index {index} cannot be built",
        hint="remove all but one of each, then run `zdm execute` again",
        rows=_rows(relation, walked, asked),
    )


def _rows(relation: Name, walked: tuple[str, ...], keys: _Keys) -> str:
    """One text for each: `email = x (id 3, 7)`."""
    alone = len(keys.words) == 1
    label = f"{keys.words[0]} = " if alone else f"({', '.join(keys.words)}) = "
    shown = "{k0}::text" if alone else "ROW({keys})::text"
    more: dict[str, Part] = {}
    if len(walked) == 1:
        more = {"name": Constant(walked[0]), "id": Ident(walked[0])}
    text = _ROWS.replace("{shown}", shown).replace("{which}", _WHICH if more else "")
    return emit.sql(
        keys.filled(text),
        t=Qualified(relation),
        label=Constant(label),
        limit=Expression(str(NAMED_ROWS + 1)),
        **keys.parts,
        **more,
    )
