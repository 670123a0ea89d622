"""The shop's web server: routing, JSON, readiness and a graceful end.

On SIGTERM the readiness check fails at once, so that nobody sends new requests; those that
still come are served for a moment, then the socket closes and open requests are finished.
"""

import json
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = os.environ.get("HOST", "127.0.0.1")  # in a pod: its own address
DRAIN_SECONDS = float(os.environ.get("DRAIN_SECONDS", "1"))

Answer = tuple[int, Any]
Handler = Callable[..., Answer]
Route = tuple[str, str, Handler]


class ShopServer(ThreadingHTTPServer):
    """Waits for its open requests when it is closed."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, routes: list[Route], is_healthy: Callable[[], bool]) -> None:
        self.routes = [(method, re.compile(path), handler) for method, path, handler in routes]
        self.is_healthy = is_healthy
        self.draining = threading.Event()
        super().__init__((HOST, port), RequestHandler)

    def drain(self) -> None:
        """Stop being ready, serve on for a moment, then stop."""
        if self.draining.is_set():
            return
        self.draining.set()
        threading.Timer(DRAIN_SECONDS, self.shutdown).start()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        """Find the route and call it with the path's numbers and the body's fields."""
        if path == "/healthz":
            ready = not self.draining.is_set() and self.is_healthy()
            return (200, {"ready": True}) if ready else (503, {"ready": False})
        for wanted, pattern, handler in self.routes:
            match = pattern.fullmatch(path)
            if match and method == wanted:
                return handler(*(int(number) for number in match.groups()), **body)
        return 404, {"error": f"no {method} {path}"}


class RequestHandler(BaseHTTPRequestHandler):
    """One connection, one request."""

    server: ShopServer

    def handle_request(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            status, answer = self.server.answer(self.command, self.path, body)
        except Exception as error:  # noqa: BLE001 - every failed request gets its answer
            traceback.print_exc()
            status, answer = 500, {"error": f"{type(error).__name__}: {error}"}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = handle_request

    def log_message(self, format: str, *args: object) -> None:
        """No line per request."""


def serve(routes: list[Route], is_healthy: Callable[[], bool]) -> None:
    """Serve on the port that is the only argument, until SIGTERM."""
    with ShopServer(int(sys.argv[1]), routes, is_healthy) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.drain())
        server.serve_forever(poll_interval=0.1)
