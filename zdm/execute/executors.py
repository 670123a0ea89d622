"""An executor's name as a person reads it; the name itself is that of its connections. Pure."""

import re

_NAME = re.compile(r"(?:zdm-run:execute(?:\.[a-z0-9-]+)?/)?([^/]+)/(\d+)(?:/.*)?")


def described(name: str) -> str:
    """Host and process; a name of another form as it is."""
    found = _NAME.fullmatch(name)
    if found is None:
        return name
    host, process = found.groups()
    return f"process {process} on {host}"
