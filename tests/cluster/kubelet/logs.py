"""What `kubectl logs` reads: the kubelet's /containerLogs, for the API server alone.

The API server shows the cluster's certificate; without it nobody is let in. Of the options
it knows tailLines, limitBytes, previous and follow; timestamps are not kept, and asking for
them is refused.
"""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.cluster.kubelet.container import Container

FOLLOW = 0.2  # seconds between looks
UNKNOWN = ("timestamps", "sinceTime", "sinceSeconds")

Find = Callable[[str, str, str], Container | None]  # namespace, pod, container


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files of the cluster's."""

    authority: Path
    certificate: Path
    key: Path


class LogHandler(BaseHTTPRequestHandler):
    """One request for a container's log."""

    def __init__(self, find: Find, *arguments: object) -> None:
        self.find = find
        super().__init__(*arguments)  # type: ignore[arg-type]  # as socketserver calls it

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        options = dict(parse_qsl(parts.query))
        names = parts.path.strip("/").split("/")
        if len(names) != 4 or names[0] != "containerLogs" or set(options) & set(UNKNOWN):
            self._say(400, "the process kubelet only serves plain container logs")
            return
        container = self.find(names[1], names[2], names[3])
        log = None if container is None else container.log(previous="previous" in options)
        if container is None or log is None or not log.exists():
            self._say(404, f"container {names[3]} of pod {names[2]} has no such log")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self._send(log, container, options)

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode() + b"\n")

    def _send(self, log: Path, container: Container, options: Mapping[str, str]) -> None:
        with log.open("rb") as file:
            content = file.read()
            if "tailLines" in options:
                lines = content.splitlines(keepends=True)
                content = b"".join(lines[len(lines) - int(options["tailLines"]) :])
            self.wfile.write(content[: int(options.get("limitBytes", len(content)))])
            while options.get("follow") == "true":
                over = not container.is_running  # before the read: nothing comes after it
                self.wfile.write(file.read())
                self.wfile.flush()
                if over:
                    return
                time.sleep(FOLLOW)

    def log_message(self, format: str, *args: object) -> None:
        """No line per request."""


def serve(find: Find, held: Certificates) -> int:
    """Serve in a thread of its own; the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(held.authority))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(held.certificate, held.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(LogHandler, find))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])
