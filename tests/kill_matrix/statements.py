"""Counts the statements that an executor sends, and stops it at one of them.

They are read off the wire: the proxy sees BEGIN and COMMIT like any other, and a statement is
either kept from the server, or given to it while nobody waits for the answer.
"""

import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

HEADER = struct.Struct("!I")
VERSION = 3  # of the protocol; other numbers are requests before the start (manual, 55.7)


@dataclass(slots=True)
class Wire:
    """What one client has sent."""

    buffer: bytearray = field(default_factory=bytearray)
    has_started: bool = False

    def statements(self, data: bytes) -> Iterator[str]:
        """The texts of Query and Parse messages that these bytes complete."""
        self.buffer += data
        while (message := self._next()) is not None:
            kind, content = message
            if kind == b"Q":
                yield content.split(b"\0")[0].decode()
            elif kind == b"P":
                yield content.split(b"\0")[1].decode()

    def _next(self) -> tuple[bytes, bytes] | None:
        offset = 1 if self.has_started else 0
        if len(self.buffer) < offset + 8 - offset * 4:
            return None
        (length,) = HEADER.unpack_from(self.buffer, offset)
        end = offset + length
        if len(self.buffer) < end:
            return None
        kind, content = bytes(self.buffer[:offset]), bytes(self.buffer[offset + 4 : end])
        del self.buffer[:end]
        if not self.has_started:
            (number,) = HEADER.unpack_from(content)
            self.has_started = number >> 16 == VERSION
        return kind, content


@dataclass(slots=True)
class Statements:
    """Those of all connections, in order; at number `at` (from 1) the executor is killed."""

    kill: Callable[[], None] = lambda: None
    at: int = 0
    is_sent: bool = False  # the server gets that one
    seen: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, wire: Wire, data: bytes, send: Callable[[bytes], None]) -> bool:
        """Pass what a client sends; whether the client is still there."""
        with self.lock:
            before = len(self.seen)
            self.seen += wire.statements(data)
            if not before < self.at <= len(self.seen):
                send(data)
                return True
            if self.is_sent:
                send(data)
            self.kill()
            return False
