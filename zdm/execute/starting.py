"""Does what starts an application also migrate? Text in, yes or no out; pure.

Every restart and every new replica would migrate then, and in the middle of a run the guard in
env.py stops it, so that the application does not start at all.
"""

import re

_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_QUOTES = re.compile(r"[\"',\[\]]+")  # the exec form's
_MIGRATES = re.compile(r"\b(alembic|flask\s+db)\b[^\n;&|]*\bupgrade\b")


def migrates(text: str) -> bool:
    """Whether a shell's line, a Dockerfile or a list of arguments runs `alembic upgrade`."""
    return _MIGRATES.search(_QUOTES.sub(" ", _COMMENT.sub("", text))) is not None
