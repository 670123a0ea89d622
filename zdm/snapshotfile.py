"""Snapshot files: a schema as JSON, so that a check of a pull request needs no database.

The fingerprint is the hash of the same content without what moves by itself (row counts,
sizes, statistics, Alembic's heads), so two databases with the same schema have the same one.
"""

import hashlib
import json
from typing import Any

from zdm import plain
from zdm.errors import InputError
from zdm.model.schema import Snapshot

FORMAT = 1
AGAIN = "write it again with `zdm snapshot -o FILE`"
_CODECS: plain.Codecs = {}


def dumps(snapshot: Snapshot) -> str:
    """The snapshot as a file's text."""
    content = {"format": FORMAT, "snapshot": plain.to_plain(snapshot, _CODECS)}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def loads(text: str, file: str) -> Snapshot:
    """The snapshot that a file holds; every fault is an InputError with file and key."""
    try:
        content: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{file}:{error.lineno} is no snapshot file: {error.msg}", hint=AGAIN
        ) from error
    match content:
        case {"format": int(version), "snapshot": data}:
            if version != FORMAT:
                raise InputError(
                    f"{file} has snapshot format {version}, and this zdm reads {FORMAT}",
                    hint=AGAIN,
                )
        case _:
            raise InputError(f"{file} is no snapshot file", hint=AGAIN)
    try:
        return plain.from_plain(Snapshot, data, _CODECS, ("snapshot",))
    except plain.MisfitError as error:
        raise InputError(f"{file}: {error.key} {error.message}", hint=AGAIN) from error


def fingerprint(snapshot: Snapshot) -> str:
    """The schema's identity: equal schemas have equal ones."""
    content = plain.to_plain(snapshot, _CODECS, skip="estimate")
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
