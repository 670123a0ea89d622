"""The names that PostgreSQL itself gives to indexes and constraints.

makeObjectName joins table, column and label with `_` and shortens the longer of the first two
until it fits 63 bytes; ChooseRelationName adds 1, 2 … to the label until the name is free.
The plan's final schema must carry the names the plain migration leaves, so they are computed.
"""

from collections.abc import Collection

from zdm.model.schema import Name, Snapshot
from zdm.model.sql import MAX_NAME_BYTES


def chosen(table: Name, columns: tuple[str, ...], label: str, taken: Collection[str]) -> str:
    """The name for an object of the table, as ChooseRelationName picks it."""
    second = _joined(columns)
    attempt = 0
    while True:
        suffix = f"{label}{attempt}" if attempt else label
        name = _made(table.name, second, suffix)
        if name not in taken:
            return name
        attempt += 1


def taken(snapshot: Snapshot, schema: str) -> frozenset[str]:
    """Relation and constraint names in use in the schema."""
    tables = [t for t in snapshot.tables if t.name.schema == schema]
    return frozenset(
        [
            *(t.name.name for t in tables),
            *(i.name for t in tables for i in t.indexes),
            *(c.name for t in tables for c in t.constraints),
            *(s.name.name for s in snapshot.sequences if s.name.schema == schema),
            *(v.name.name for v in snapshot.views if v.name.schema == schema),
        ]
    )


def _joined(columns: tuple[str, ...]) -> str:
    """ChooseIndexNameAddition: the column names joined, cut at 64 bytes."""
    text = ""
    for column in columns:
        text = f"{text}_{column}" if text else column
        if len(text.encode()) >= MAX_NAME_BYTES + 1:
            break
    return text


def _made(first: str, second: str, label: str) -> str:
    one, two = len(first.encode()), len(second.encode())
    room = MAX_NAME_BYTES - (1 if second else 0) - (1 + len(label) if label else 0)
    while one + two > room:
        if one > two:
            one -= 1
        else:
            two -= 1
    parts = [_clip(first, one), _clip(second, two), label]
    return "_".join(part for part in parts if part)


def _clip(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")
