"""Stop a throwaway server when the process that started it is gone, however it went.

The parent holds the write end of a pipe; the kernel closes it at its death, SIGKILL
included. Run as `python -m zdm.postgres.watcher SERVER_PID FOLDER` with the read end as
standard input; FOLDER is deleted afterwards, unless it is `-`.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

GRACE = 5.0  # seconds for an immediate shutdown


def watch(pid: int, folder: Path | None) -> None:
    """Wait for the end of standard input, then stop the server and clean up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    _stop(pid)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _stop(pid: int) -> None:
    deadline = time.monotonic() + GRACE
    number = signal.SIGQUIT  # immediate shutdown: nothing here is worth a checkpoint
    while time.monotonic() < deadline:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    watch(int(sys.argv[1]), None if sys.argv[2] == "-" else Path(sys.argv[2]))
