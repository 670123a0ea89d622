"""The file of accepted findings, `baseline` under [check]."""

import json
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from zdm.errors import InputError
from zdm.rules.baseline import Baseline, Entry
from zdm.serialize import codec, input_file

VERSION = 1
AGAIN = "write it with `zdm check --write-baseline`, and have it reviewed"


def read(file: Path, shown: str) -> Baseline:
    """The file's entries; InputError where it is none, or of another version."""
    if not input_file.is_file(file):
        raise InputError(f"the baseline {shown} is not there", hint=AGAIN)
    try:
        content: Any = input_file.from_json(input_file.read_text(file))
    except input_file.NotReadError as error:
        raise error.of(shown, AGAIN) from error
    match content:
        case {"version": int(version), "findings": list(found)}:
            if version != VERSION:
                raise InputError(
                    f"the baseline {shown} has version {codec.words(version)}, and this zdm"
                    f" reads {VERSION}",
                    hint=AGAIN,
                )
        case _:
            raise InputError(f"{shown} is no baseline of zdm", hint=AGAIN)
    try:
        codecs: codec.Codecs = {str: codec.TEXT}
        entries = codec.from_plain(tuple[Entry, ...], found, codecs, ("findings",))
    except codec.MisfitError as error:
        raise InputError(f"{shown}: {error.key} {error.message}", hint=AGAIN) from error
    return Baseline(path=shown, entries=entries)


def write(file: Path, entries: tuple[Entry, ...]) -> None:
    """Replace the file."""
    lines = ",\n".join(f"  {json.dumps(asdict(entry))}" for entry in entries)
    body = f"\n{lines}\n " if lines else ""
    text = f'{{\n "version": {VERSION},\n "findings": [{body}]\n}}\n'
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{file} cannot be written: {error.strerror}",
            hint="check `baseline` under [check] in zdm.toml",
        ) from error
