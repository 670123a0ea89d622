"""A TCP proxy whose connections can be cut: wholly, or for the client only."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.kill_matrix.statements import Statements, Wire

RESET = struct.pack("ii", 1, 0)  # close with a reset, as a broken network looks


@dataclass(slots=True)
class Link:
    """One client's connection and its way on to the server."""

    client: socket.socket
    server: socket.socket
    is_cut: bool = False
    statements: Statements = field(default_factory=Statements)

    def pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Carry bytes one way; an orderly end on one side ends the other, a cut does not."""
        wire = Wire() if source is self.client else None
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if wire is None:
                    sink.sendall(data)
                elif not self.statements.hear(wire, data, sink.sendall):
                    break
        if not self.is_cut:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End both ways."""
        _reset(self.client)
        _reset(self.server)


@dataclass(slots=True)
class Proxy:
    """Listens on loopback; `upstream` gives the server's port at each connection."""

    upstream: Callable[[], int]
    statements: Statements = field(default_factory=Statements)
    listener: socket.socket = field(default_factory=socket.socket)
    links: list[Link] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen."""
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self.listener.getsockname()[1]
        return port

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.upstream()), 5)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                link = Link(client, server, statements=self.statements)
                self.links.append(link)
                self._start(link.pump, client, server)
                self._start(link.pump, server, client)

    def cut(self, *, half: bool) -> None:
        """Break every connection; `half`: the server does not learn of it."""
        for link in self.links:
            link.is_cut = True
            _reset(link.client)
            if not half:
                _reset(link.server)

    def close(self) -> None:
        """Stop, and wait until nothing of it is left."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        for link in self.links:
            link.close()
        for thread in self.threads:
            thread.join(timeout=5)
        self.listener.close()


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RD)  # wakes who reads from it
    end.close()
