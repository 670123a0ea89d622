"""Whether a query can compare columns exactly as a foreign key between them does.

A foreign key takes the equality operator of the referenced index's operator class (catalog
pg_constraint, conpfeqop); `=` in a query is found by the types and the search_path. Of citext
in a schema that is not on the path, or of text and char(n), the two differ: rows that the key
takes would look like orphans. So only the types of which the same operator is certain count.
"""

from zdm.model.schema import Column, Index, Snapshot, Table
from zdm.parse.readers import definitions
from zdm.recipes.constraint.references import Reference
from zdm.schema import type_change, type_names

_WHOLE_NUMBERS = frozenset({"smallint", "integer", "bigint"})
_TEXTS = frozenset({"text", "character varying"})
_NO_EQUALITY = frozenset({"json", "xml", "jsonpath", "point", "line", "lseg", "box", "path"})
_NO_EQUALITY |= {"polygon", "circle", "regclass", "regproc", "regtype", "regrole"}
_OWN = type_change.BUILT_IN - _NO_EQUALITY - {"regnamespace"}


def otherwise(
    table: Table, parent: Table, reference: Reference, snapshot: Snapshot
) -> tuple[str, str] | None:
    """The first column, and the one it refers to, of which it is not certain."""
    pairs = tuple(zip(reference.columns, reference.referenced, strict=True))
    if not _by_default(parent, reference.referenced):
        return pairs[0]
    for own, other in pairs:
        columns = table.column(own), parent.column(other)
        if None in columns or not _alike(*columns, snapshot):
            return own, other
    return None


def _alike(own: Column | None, other: Column | None, snapshot: Snapshot) -> bool:
    if own is None or other is None or not _collated_alike(own, other, snapshot):
        return False
    (a, _), (b, _) = (
        type_names.split(type_change.base(one.type, snapshot)) for one in (own, other)
    )
    if a == b:
        return a in _OWN or type_change.found(a, snapshot, "enum") is not None
    return {a, b} <= _WHOLE_NUMBERS or {a, b} <= _TEXTS


def _collated_alike(own: Column, other: Column, snapshot: Snapshot) -> bool:
    """By the types' own collation, or both by the same one of PostgreSQL, which all are
    deterministic."""
    if any(_own_collation(one.type, snapshot) for one in (own, other)):
        return False
    said = own.collation
    return said == other.collation and (said is None or said.startswith("pg_catalog."))


def _own_collation(text: str, snapshot: Snapshot) -> bool:
    """Whether a domain, or one that it is made of, has one."""
    domain = type_change.found(text, snapshot, "domain")
    under = type_change.below(domain)
    if domain is None or under is None:
        return False
    return " COLLATE " in domain.definition or _own_collation(under, snapshot)


def _by_default(parent: Table, referenced: tuple[str, ...]) -> bool:
    """Whether each index that the key may be about compares as the types do by default."""
    keys = {*referenced}
    able = [i for i in parent.indexes if i.unique and i.predicate is None and {*i.keys} == keys]
    return not parent.opaque and bool(able) and all(map(_is_default, able))


def _is_default(index: Index) -> bool:
    """That of a constraint which the train makes has no definition, and is so."""
    return not index.definition or definitions.by_default(index.definition)
