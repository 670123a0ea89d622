"""Where Alembic keeps its revisions, by its settings file; Alembic itself is not loaded."""

import configparser
import os
import re
from pathlib import Path

from zdm.errors import InputError
from zdm.serialize import input_file

_SECTION = "alembic"


def of_alembic(ini: Path) -> tuple[Path, ...]:
    """The folders of revisions: `version_locations`, else that of `script_location`."""
    parser = configparser.ConfigParser({"here": str(ini.absolute().parent)})
    try:
        parser.read_string(input_file.read_text(ini), str(ini))
        locations = parser.get(_SECTION, "version_locations", fallback="")
        script = parser.get(_SECTION, "script_location", fallback="")
    except configparser.Error as error:
        raise InputError(
            f"{ini} cannot be read: {error.message}",
            hint="name the folder of the revisions, or set `paths` under [check] in zdm.toml",
        ) from error
    named = re.split(rf"[,\s{re.escape(os.pathsep)}]+", locations.strip()) if locations else []
    folders = [Path(name) for name in named if name] or [Path(script)] * bool(script)
    return tuple(ini.absolute().parent / folder for folder in folders)
