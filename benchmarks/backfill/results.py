"""The results file: each cell is written as soon as it is measured."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(slots=True)
class Results:
    """Cells by name, in a file; what is there already need not be measured again."""

    path: Path
    content: dict[str, Any]

    def has(self, name: str) -> bool:
        """Whether that cell is there."""
        return name in self.content["cells"]

    def put(self, name: str, cell: dict[str, Any]) -> None:
        """Keep one cell."""
        self.content["cells"][name] = cell | {"at": _now()}
        scratch = self.path.with_suffix(".part")
        scratch.write_text(json.dumps(self.content, indent=1) + "\n")
        scratch.replace(self.path)


def load(
    path: Path, *, options: dict[str, Any], machine: dict[str, Any], fresh: bool
) -> Results:
    """The file's results where they are of this machine and these options, else none yet."""
    begun = {
        "format": FORMAT,
        "began": _now(),
        "options": options,
        "machine": machine,
        "load_average": round(os.getloadavg()[0], 2),  # of other work, before it began
        "cells": {},
    }
    if path.exists() and not fresh:
        found = json.loads(path.read_text())
        if all(found.get(key) == begun[key] for key in ("format", "options", "machine")):
            return Results(path, found)
    path.parent.mkdir(parents=True, exist_ok=True)
    return Results(path, begun)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
