"""Where the schema that a plan ends in and the one that the author's statements leave differ.

Compared are tables, columns with type, NOT NULL, comment, rights and whether they have a
default, and the names of constraints and indexes; what may hold more than is known is left out.
"""

from collections.abc import Iterator, Mapping

from zdm.model.schema import Column, Snapshot, Table
from zdm.model.sql import literal
from zdm.planning.names import Key

_Parts = Mapping[tuple[str, str], str]  # kind and name of a part of a table: what it is


def differences(walked: Snapshot, after: Snapshot) -> Iterator[Key]:
    """The names of what is not the same."""
    if after.opaque:
        return
    one, other = ({t.name: t for t in snapshot.tables} for snapshot in (walked, after))
    for name in sorted({*one, *other}):
        first, second = one.get(name), other.get(name)
        if first is None or second is None:
            yield Key("table", name)
        elif first is not second and not (first.opaque or second.opaque):
            yield from _between(first, second)


def _between(one: Table, other: Table) -> Iterator[Key]:
    first, second = _parts(one), _parts(other)
    for kind, name in sorted({*first, *second}):
        if first.get((kind, name)) != second.get((kind, name)):
            yield Key(kind, one.name, name)


def _parts(table: Table) -> _Parts:
    return {
        **{("column", c.name): _column(c) for c in table.columns},
        **{("constraint", c.name): "" for c in table.constraints},
        **{("index", i.name): "" for i in table.indexes},
    }


def _column(column: Column) -> str:
    words = (
        column.type,
        "NOT NULL" * column.not_null,
        "DEFAULT" * bool(column.default),
        "" if column.comment is None else f"COMMENT {literal(column.comment)}",
        f"with rights {_rights(column)}" * bool(column.grants),
    )
    return " ".join(filter(None, words))


def _rights(column: Column) -> str:
    """As psql shows them, without the role that granted them."""
    return ", ".join(sorted(item.rpartition("/")[0] for item in column.grants))


def part(key: Key, snapshot: Snapshot) -> str | None:
    """What is there under the name; None: nothing."""
    table = snapshot.table(key.table)
    if table is None or key.kind == "table":
        return None if table is None else ""
    return _parts(table).get((key.kind, key.part))


def said(key: Key, walked: Snapshot, after: Snapshot) -> str:
    """The difference in words."""
    here, there = part(key, walked), part(key, after)
    if here is None:
        return f"without {key}"
    if there is None:
        return f"with {key}, which the migration does not leave"
    return f"with {key} as {here}, and the migration with it as {there}"
