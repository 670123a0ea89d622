"""Ends everything of a cluster when the process that started it is gone, however it went.

The parent holds the write end of a pipe; the kernel closes it at its death, SIGKILL included.
Every process of a cluster, the pods' own included, has the cluster's folder in its
environment under MARK, and children inherit it: so each is found again without any list.
What this cannot see: a child that was started with an empty environment.

    python -m tests.cluster.controlplane.reaper FOLDER       with the read end as standard input
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "ZDM_TEST_CLUSTER"
GRACE = 3.0  # seconds between SIGTERM and SIGKILL


def marked(key: str, value: str) -> Iterator[int]:
    """Every other live process with that setting in its environment."""
    wanted = f"{key}={value}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


def end(key: str, value: str, grace: float = GRACE) -> None:
    """End all marked processes, and those that they start meanwhile."""
    deadline = time.monotonic() + grace
    while found := list(marked(key, value)):
        late = time.monotonic() > deadline
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        time.sleep(0.1)


def main(folder: Path) -> None:
    """Wait for the end of standard input, then end the cluster and delete its folder."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    end(MARK, str(folder))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
