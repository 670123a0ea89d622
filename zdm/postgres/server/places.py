"""Where throwaway servers keep their data, and whether the path leaves room for a socket.

Asked before a database driver is imported: the process that runs revisions begins first.
"""

import os
from pathlib import Path

from zdm.postgres.server import programs

SCRATCH_VARIABLE = "ZDM_SCRATCH_DIR"
MOST_OF_SOCKET = 90  # bytes of its folder's path; 107 with the name of the socket
SLOTS = 16  # of the cache: processes that may use one at the same time


def shadows() -> Path:
    """The folder of the servers that outlive a run."""
    return Path(os.environ.get(SCRATCH_VARIABLE) or programs.cache_directory()) / "shadow"


def sockets(folder: Path) -> Path | None:
    """The folder, if the path of a Unix socket in it is not too long (unix(7))."""
    return folder if len(os.fsencode(folder)) < MOST_OF_SOCKET else None


def has_sockets() -> bool:
    """Whether the servers of the cache have Unix sockets: their path may be too long."""
    longest = shadows() / "18-0123456789ab" / str(SLOTS)
    return sockets(longest) is not None
