"""The child's first step: does the project's Python have what recording needs?

    python -P -m zdm.revisions.child.start REQUESTS-FD ANSWERS-FD

What is missing is the first answer; the rest of the child cannot even be imported then.
"""

import importlib
import json
import os
import re
import sys
from importlib import metadata

NEEDED = (("alembic", (1, 16)), ("sqlalchemy", (2, 0)))
HINT = (
    "upgrade it in the project's environment, name another Python with `python` under [alembic]"
    " in zdm.toml, or plan from SQL: `alembic upgrade FROM:TO --sql > FILE`, `zdm plan FILE`"
)


def lacking() -> str:
    """What the environment lacks, in a sentence; empty: nothing."""
    for name, least in NEEDED:
        wanted = ".".join(map(str, least))
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            return f"{sys.executable} has no {name}, and recording revisions needs {wanted}"
        numbers = tuple(int(part) for part in re.findall(r"\d+", found)[: len(least)])
        if numbers < least:
            return f"the project has {name} {found}, and recording revisions needs {wanted}"
    return ""


def main(arguments: list[str]) -> None:
    """Say what is lacking, or become the child."""
    said = lacking()
    if not said:
        importlib.import_module("zdm.revisions.child.main").main(arguments)
        return
    failure = {"kind": "InputError", "message": f"{said} or newer", "hint": HINT}
    place = {"file": "", "line": 0, "revision": ""}
    with os.fdopen(int(arguments[1]), "w", encoding="utf-8") as answers:
        answers.write(json.dumps({"failure": failure | place}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
