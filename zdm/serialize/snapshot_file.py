"""Snapshot files: a schema as JSON, so that a check of a pull request needs no database.

The fingerprint is the hash of the same content without what moves by itself (row counts,
sizes, statistics, Alembic's heads), so two databases with the same schema have the same one.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from zdm.errors import InputError
from zdm.model.fields.declared import ESTIMATE
from zdm.model.schema import Snapshot, sorted_tables
from zdm.serialize import codec, input_file

FORMAT = 1
AGAIN = "write it again with `zdm snapshot -o FILE`"
_CODECS: codec.Codecs = {}
_READ: codec.Codecs = {str: codec.TEXT}


def dumps(snapshot: Snapshot) -> str:
    """The snapshot as a file's text."""
    content = {"format": FORMAT, "snapshot": codec.to_plain(snapshot, _CODECS)}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def loads(text: str, file: str) -> Snapshot:
    """The snapshot that a file holds; every fault is an InputError with file and key."""
    try:
        content: Any = input_file.from_json(text)
    except input_file.NotReadError as error:
        raise error.of(file, AGAIN) from error
    match content:
        case {"format": int(version), "snapshot": data}:
            if version != FORMAT:
                raise InputError(
                    f"{file} has snapshot format {codec.words(version)}, and this zdm reads"
                    f" {FORMAT}",
                    hint=AGAIN,
                )
        case _:
            raise InputError(f"{file} is no snapshot file", hint=AGAIN)
    try:
        found = codec.from_plain(Snapshot, data, _READ, ("snapshot",))
    except codec.MisfitError as error:
        raise InputError(f"{file}: {error.key} {error.message}", hint=AGAIN) from error
    return replace(found, tables=sorted_tables(found.tables))


def fingerprint(snapshot: Snapshot) -> str:
    """The schema's identity: equal schemas have equal ones."""
    content = codec.to_plain(snapshot, _CODECS, skip=ESTIMATE)
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def difference(one: Snapshot, other: Snapshot, *, column_order: bool = True) -> tuple[str, ...]:
    """Each difference of two schemas as a sentence; with `column_order` False, the order of
    a table's columns is none."""
    if one == other:
        return ()
    first = codec.to_plain(one, _CODECS, skip=ESTIMATE)
    second = codec.to_plain(other, _CODECS, skip=ESTIMATE)
    return tuple(_differences("", first, second, ordered=column_order))


def differences(one: Any, other: Any) -> tuple[str, ...]:
    """Each difference of two parts of a schema, given as plain data."""
    return tuple(_differences("", one, other, ordered=True))


def _differences(path: str, one: Any, other: Any, *, ordered: bool) -> Iterator[str]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            below = f"{path}.{key}" if path else key
            yield from _differences(below, one.get(key), other.get(key), ordered=ordered)
    elif _named(one or other or []) and isinstance(one or [], list):
        yield from _named_differences(path, one or [], other or [], ordered=ordered)
    else:
        yield f"{path}: {_brief(one)} against {_brief(other)}"


def _named_differences(
    path: str, one: list[Any], other: list[Any], *, ordered: bool
) -> Iterator[str]:
    first, second = ({_identity(item): item for item in items} for items in (one, other))
    for name in sorted({*first, *second}):
        if name not in second:
            yield f"{path}: {name} is missing in the second"
        elif name not in first:
            yield f"{path}: {name} is only in the second"
        else:
            where = f"{path} {name}"
            yield from _differences(where, first[name], second[name], ordered=ordered)
    if ordered and list(first) != list(second) and set(first) == set(second):
        yield f"{path}: the order is {', '.join(first)} against {', '.join(second)}"


def _named(items: Any) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, dict) and ("name" in item or "column" in item) for item in items
    )


def _identity(item: Any) -> str:
    name = item.get("name", "")
    if isinstance(name, dict):
        name = ".".join(str(part) for part in name.values())
    # functions of one name differ in arguments; dependents in the column
    return " ".join(filter(None, (name, item.get("arguments"), item.get("column"))))


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "…"
