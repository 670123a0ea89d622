"""In the child: which statements need superuser, by the author's directive, so that the shadow
does not get them."""

import functools
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from zdm.revisions import python_comments

_WITHIN = re.compile(r"^\s*(?:--|/\*)\s*zdm:\s*privileged\b", re.IGNORECASE | re.MULTILINE)
_ABOVE = re.compile(r"\s*zdm:\s*privileged\b", re.IGNORECASE)
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def is_(statement: str, frames: Iterator[FrameType]) -> bool:
    """Whether the text, or a comment above the call that sends it, says so."""
    if _WITHIN.search(statement):
        return True
    return any(frame.f_lineno in _lines(frame.f_code.co_filename) for frame in frames)


@functools.cache
def _lines(file: str) -> frozenset[int]:
    """The lines of the calls below such a comment."""
    if file.startswith(("<", *_LIBRARIES)):
        return frozenset()
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
        comments = python_comments.comments(text) if "privileged" in text else ()
        found = [c for c in comments if c.alone and _ABOVE.match(c.text)]
        code = python_comments.code(text) if found else python_comments.NONE
    except (OSError, SyntaxError):
        return frozenset()
    meant = {code.meant(comment) for comment in found}
    return frozenset(line for line, begin in code.begins.items() if begin in meant)
