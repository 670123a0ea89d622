"""HTTP/1.1 for the API: keep-alive, chunked watches, and failures on order."""

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.kube_api.kinds import Json
from tests.fakes.kube_api.rest import failures
from tests.fakes.kube_api.rest.exchange import Answer, Document, Request, Stream
from tests.fakes.kube_api.rest.failures import Failures

_GONE = (BrokenPipeError, ConnectionError, ValueError)  # ValueError: the file is closed


@dataclass(slots=True)
class Exchange:
    """What a handler needs of its server."""

    answer: Callable[[Request], Answer]
    failures: Failures
    seen: list[Request]
    errors: list[BaseException] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    sockets: set[socket.socket] = field(default_factory=set)


class Listener(ThreadingHTTPServer):
    """The listening socket; connections are cut when it closes."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, exchange: Exchange) -> None:
        self.exchange = exchange
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.exchange.sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.exchange.sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base's
        """Keep what went wrong for the test; a client that went away is not it."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.exchange.errors.append(error)

    def cut(self) -> None:
        """Stop listening and close every connection, as a dying server does."""
        self.exchange.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self.exchange.sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def serve(self) -> None:
        """Read one request and answer it."""
        exchange = self.server.exchange
        request = self._request()
        exchange.seen.append(request)
        match exchange.failures.next_for(request):
            case failures.Answer() as failure:
                self._document(failures.answer(failure))
            case failures.Slow(seconds):
                exchange.stopping.wait(seconds)
                self._reply(exchange.answer(request))
            case failures.Drop():
                self._cut()
            case failures.DropAfter():
                exchange.answer(request)
                self._cut()
            case failures.Hang():
                exchange.stopping.wait()
            case failures.HalfOpen():
                self._head(200, {"Transfer-Encoding": "chunked"})
                exchange.stopping.wait()
            case None:
                self._reply(exchange.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def _request(self) -> Request:
        url = urlsplit(self.path)
        return Request(
            method=self.command,
            path=url.path.rstrip("/") or "/",
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _reply(self, answer: Answer) -> None:
        if self.server.exchange.stopping.is_set():
            self._cut()
        elif isinstance(answer, Document):
            self._document(answer)
        else:
            self._stream(answer)

    def _document(self, document: Document) -> None:
        if isinstance(document.body, str):
            body, content = document.body.encode(), "text/plain; charset=utf-8"
        else:
            body, content = json.dumps(document.body).encode(), "application/json"
        length = {"Content-Length": str(len(body))}
        self._head(document.code, {"Content-Type": content, **length, **document.headers}, body)

    def _stream(self, stream: Stream) -> None:
        chunked = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        self._head(200, chunked)
        for event in stream.events:
            if self.server.exchange.stopping.is_set() or self._client_is_gone():
                self._cut()
                return
            if event is not None and not self._chunk(event):
                return
        with contextlib.suppress(*_GONE):
            self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, event: Json) -> bool:
        line = json.dumps(event).encode() + b"\n"
        try:
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        except _GONE:
            self._cut()
            return False
        return True

    def _head(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        with contextlib.suppress(*_GONE):
            self.end_headers()
            self.wfile.write(body)

    def _client_is_gone(self) -> bool:
        try:
            peeked: bytes = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return peeked == b""

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
