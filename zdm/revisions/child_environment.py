"""The environment of the child that runs revisions: the shadow's credentials, and no others.

An allow-list, because a deny-list forgets: no PG* of the caller, no cloud or cluster
credentials, a home folder of its own. A variable that holds a PostgreSQL URL keeps its name and
its driver and points at the shadow, so that an `env.py` which insists on `DATABASE_URL` runs.
"""

import re
from collections.abc import Mapping
from pathlib import Path

KEPT = frozenset(
    {
        "PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "VIRTUAL_ENV",
        "PYTHONPATH",
        "PYTHONUTF8",
        "LD_LIBRARY_PATH",
    }
)
_URL = re.compile(r"(postgres(?:ql)?(?:\+\w+)?)://")
NOWHERE = "zdm-no-shadow-yet.invalid"


def database_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Names of variables that hold a PostgreSQL URL, with the URL's scheme."""
    return {
        name: found[1]
        for name, value in environ.items()
        if not name.startswith("PG") and (found := _URL.match(value))
    }


def scrubbed(
    environ: Mapping[str, str], home: Path, extra: Mapping[str, str]
) -> dict[str, str]:
    """The child's first environment; until it is given a shadow, no address in it works."""
    kept = {name: value for name, value in environ.items() if name in KEPT}
    urls = {
        name: f"{scheme}://{NOWHERE}/none"
        for name, scheme in database_variables(environ).items()
    }
    return {
        **kept,
        **urls,
        **extra,
        "HOME": str(home),
        "PGHOST": NOWHERE,
        "PGPASSFILE": str(home / "no-passwords"),
        "PGSERVICEFILE": str(home / "no-services"),
        "PGSYSCONFDIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
