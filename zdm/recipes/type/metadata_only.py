"""Which type changes PostgreSQL makes in the catalog alone (measured 11-18).

Free of a rewrite and of an index rebuild: wider or unlimited varchar, varchar and text without
limit, wider numeric of the same scale, more precision of time types, cidr to inet, wider
varbit. What depends on the column can prevent that: a CHECK is scanned again, an
expression or partial index is built again, and a view, policy or trigger makes it an error.
"""

from zdm.model.schema import Table
from zdm.schema import type_names

_TIMES = frozenset(
    {
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "time with time zone",
    }
)
_FULL_PRECISION = 6
_TEXTS = frozenset({"text", "character varying"})


def is_free(old: str, new: str) -> bool:
    """The change of type alone needs neither rewrite nor index build."""
    (a, was), (b, now) = type_names.split(old), type_names.split(new)
    if old == new:
        return True
    if a in _TEXTS and b in _TEXTS:
        return not now or (bool(was) and b != "text" and now >= was)
    if a == b == "numeric":
        return not now or (len(was) > 1 and len(now) > 1 and now[1] == was[1] and now >= was)
    if a == b and a in _TIMES:
        return (now or (_FULL_PRECISION,)) >= (was or (_FULL_PRECISION,))
    if a == b == "bit varying":
        return not now or (bool(was) and now >= was)
    return (old, new) == ("cidr", "inet")


def rechecked(table: Table, column: str) -> tuple[str, ...]:
    """What on the column makes even a free change scan, build or lock another table."""
    found = [
        f"{c.kind} {c.name}"
        for c in table.constraints
        if column in c.columns and c.kind in {"check", "foreign key", "exclusion"}
    ]
    found += [
        f"index {i.name} (expression or predicate)"
        for i in table.indexes
        if column in i.columns and (i.predicate is not None or None in i.keys)
    ]
    return tuple(found)
