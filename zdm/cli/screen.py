"""Where progress is shown: one line that is redrawn on a terminal, else plain lines.

A log gets a line only now and then, so that a long run does not flood it.
"""

import shutil
import threading
from typing import TextIO

from zdm.execute.clock import SystemClock
from zdm.execute.ports import Clock

CLEAR = "\r\x1b[2K"
LOG_SECONDS = 60.0  # between two lines of progress in a log


class Screen:
    """Lines that stay, and below them one that moves; threads may share it."""

    def __init__(
        self,
        stream: TextIO,
        *,
        log_every: float = LOG_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self._stream = stream
        self._log_every = log_every
        self._clock = clock or SystemClock()
        self._terminal = stream.isatty()
        self._moving = ""
        self._logged: dict[str, float] = {}  # when a log last got a line about it
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            if self._terminal:
                self._stream.write(f"{CLEAR}{text}\n{self._moving}")
            else:
                self._stream.write(f"{text}\n")
                self._logged.clear()
            self._stream.flush()

    def moving(self, text: str, *, about: str = "") -> None:
        """Replace the line below; a log gets a line at once if `about` is new."""
        with self._lock:
            if self._terminal:
                self._moving = text[: shutil.get_terminal_size().columns - 1]
                self._stream.write(f"{CLEAR}{self._moving}")
            elif self._is_due(about):
                self._logged[about] = self._clock.monotonic()
                self._stream.write(f"{text}\n")
            self._stream.flush()

    def still(self) -> None:
        """Clear the moving line."""
        with self._lock:
            if self._terminal and self._moving:
                self._stream.write(CLEAR)
                self._stream.flush()
            self._moving = ""

    def _is_due(self, about: str) -> bool:
        last = self._logged.get(about)
        return last is None or self._clock.monotonic() - last >= self._log_every
