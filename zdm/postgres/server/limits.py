"""What a migration may use of the machine while a throwaway server runs it.

An author's SQL may loop, or make rows without end, on purpose or not. Memory is limited by the
operating system, for each process of the server; disk and time are looked at, and the server
is stopped where it uses too much.
"""

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
from msgspec import Struct

from zdm.errors import RefusedError, ZdmError
from zdm.model import duration, size

_LOOK = timedelta(seconds=1)
_BLOCK = 512  # bytes of what stat(2) counts


class Limits(Struct, frozen=True, kw_only=True):
    """Of one use of a throwaway server; bytes, and a length of time."""

    memory: int = 4_000_000_000  # addresses of one process
    disk: int = 10_000_000_000  # of its data directory
    time: timedelta = timedelta(minutes=20)


STANDARD = Limits()


class LimitPassedError(RefusedError):
    """The server was stopped; what it left is not worth keeping."""


@contextlib.contextmanager
def enforced(pid: int, data: Path, limits: Limits) -> Iterator[None]:
    """Enforce disk and time on a server for this block; raises LimitPassedError."""
    watch = _Watch(pid, data, limits)
    watch.thread.start()
    try:
        yield
    except (ZdmError, psycopg.Error) as error:
        if watch.passed:
            raise LimitPassedError(
                f"the migration {watch.passed} on the throwaway server, which was stopped",
                hint="look for a loop, or for rows without end; a migration that needs as much"
                " is tried on a server of its own: `shadow_url` in zdm.toml",
            ) from error
        raise
    finally:
        watch.ended.set()
        watch.thread.join()


def of_memory(limits: Limits) -> tuple[str, ...]:
    """The words before a server's command that limit each of its processes (setrlimit(2)); none
    where util-linux is not installed."""
    program = shutil.which("prlimit")
    return () if program is None else (program, f"--as={limits.memory}", "--")


class _Watch:
    """Looks at a server now and then; `passed` says which limit it passed."""

    def __init__(self, pid: int, data: Path, limits: Limits) -> None:
        self.passed = ""
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="zdm-limits", daemon=True)
        self._pid, self._data, self._limits = pid, data, limits

    def _watch(self) -> None:
        left = self._limits.time
        while not self.ended.wait(min(_LOOK, left).total_seconds()):
            left -= min(_LOOK, left)
            if not left:
                self.passed = f"ran for more than {duration.text(self._limits.time)}"
            elif _used(self._data) > self._limits.disk:
                self.passed = f"used more than {size.text(self._limits.disk)} of disk"
            if self.passed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGQUIT)
                return


def _used(folder: Path) -> int:
    """Bytes on disk below a folder, whose files come and go."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * _BLOCK  # noqa: PTH118
    return total
