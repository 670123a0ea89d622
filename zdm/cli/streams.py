"""Standard output and standard error as a command finds them: closed, full, in ASCII.

Files and pipes get UTF-8, so that they hold the same bytes whatever the locale is; a terminal
gets its own encoding, with escapes for what that lacks. A reader that closes its pipe has read
enough, which is no failure. What cannot be written for another reason is kept as a fault, and
`main` decides what it means for the exit code.
"""

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

STDOUT, STDERR = 1, 2


class Sink(io.RawIOBase):
    """A file descriptor that takes everything, and keeps the first fault."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.fault: OSError | None = None
        self.is_needed = True  # whether a command without its output has failed
        self.raises = False  # whether a write reports the fault

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.fault is None and os.isatty(self._descriptor)

    def write(self, data: Any, /) -> int:
        """Pass a buffer on; after a fault nothing more is passed on."""
        while self.fault is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.fault = error
                if self.raises:
                    raise
        return memoryview(data).nbytes


def take() -> None:
    """Put Sinks in place of the process's own streams; a caller's streams stay."""
    closed = _fill_closed()
    if sys.stdout is sys.__stdout__:
        sys.stdout = _stream(sys.stdout, STDOUT, STDOUT in closed)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _stream(sys.stderr, STDERR, STDERR in closed)


def _fill_closed() -> set[int]:
    """Descriptors 0 to 2 that were closed; a file or socket opened later must not get them."""
    closed: set[int] = set()
    while (opened := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        closed.add(opened)
    os.close(opened)
    return closed


def _stream(own: TextIO | None, descriptor: int, closed: bool) -> TextIO:
    sink = Sink(descriptor)
    if closed or own is None:
        sink.fault = OSError(errno.EBADF, os.strerror(errno.EBADF))
    return io.TextIOWrapper(
        io.BufferedWriter(sink),
        encoding=own.encoding if own is not None and sink.isatty() else "utf-8",
        errors="backslashreplace",
        line_buffering=descriptor == STDERR or sink.isatty(),
    )


def _sink() -> Sink | None:
    """Standard output's, unless a caller has put a stream of its own there."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw if isinstance(raw, Sink) else None


def fault() -> OSError | None:
    """Why standard output cannot be written, once it was tried."""
    sys.stdout.flush()
    sink = _sink()
    return None if sink is None else sink.fault


def lost() -> OSError | None:
    """The fault, if the command's output is needed and its reader has not closed it."""
    found, sink = fault(), _sink()
    is_lost = sink is not None and sink.is_needed and not isinstance(found, BrokenPipeError)
    return found if is_lost else None


def not_needed(*, raises: bool = False) -> None:
    """Let the command succeed without its output, since what it did is kept elsewhere."""
    sink = _sink()
    if sink is not None:
        sink.is_needed, sink.raises = False, raises
