"""Signals that ask a command to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from zdm.execute.stop import StopFlag


@contextmanager
def stopped_by_signals(stop: StopFlag) -> Iterator[None]:
    """SIGTERM and SIGINT set the flag; a handler that raised would leave DDL running.

    As process 1 of a container, a program without handlers is not stopped by SIGTERM at all.
    """

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as signal calls it
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
