"""Stop a throwaway server when the process that started it is gone, however it went.

The parent holds the write end of a pipe; the kernel closes it at its death, SIGKILL
included. Run as `python -m zdm.postgres.server.reaper SERVER_PID DATA FOLDER` with the read
end as standard input; FOLDER is deleted afterwards, unless it is `-`. A process that was not
started on the data directory DATA is another one with the same number, and is left alone.
"""

import os
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path

from zdm.execute.clock import SystemClock

GRACE = timedelta(seconds=5)  # for an immediate shutdown
LOOK = timedelta(milliseconds=50)


def watch(pid: int, data: Path, folder: Path | None) -> None:
    """Wait for the end of standard input, then stop the server and clean up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    stop(pid, data)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def stop(pid: int, data: Path) -> None:
    """End the server on a data directory at once."""
    clock = SystemClock()
    deadline = clock.monotonic() + GRACE.total_seconds()
    number = signal.SIGQUIT  # immediate shutdown: nothing here is worth a checkpoint
    while is_server(pid, data):
        if clock.monotonic() > deadline:
            number = signal.SIGKILL
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        clock.sleep(LOOK)


def is_server(pid: int, data: Path) -> bool:
    """Whether a process was started on a data directory; the number may be another's by now."""
    try:
        os.kill(pid, 0)
        if not Path("/proc/self").exists():
            return True
        return str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


if __name__ == "__main__":
    watch(
        int(sys.argv[1]),
        Path(sys.argv[2]),
        None if sys.argv[3] == "-" else Path(sys.argv[3]),
    )
