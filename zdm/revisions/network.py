"""A network namespace of its own for the process that runs revisions, where one can be made.

The sandbox inside that process sees what Python does, not what a program does that a revision
starts. In an empty network namespace (namespaces(7)) neither reaches anything; the shadow is
reached through its Unix socket, which is a file.
"""

import functools
import os
import subprocess

_PROGRAM = "unshare"  # of util-linux
_SECONDS = 5


@functools.cache
def cut_off() -> tuple[str, ...]:
    """The words before a command that run it without network; none where that is impossible:
    no Linux, no util-linux, or no right to make a namespace (many containers)."""
    mapped = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    words = (_PROGRAM, *mapped, "--net", "--")
    try:
        tried = subprocess.run(
            [*words, "true"], capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return words if tried.returncode == 0 else ()
