"""A small HTTP server in a thread: pages by path, each made when it is requested."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6

from msgspec import Struct

from zdm.errors import InputError

PATIENCE = timedelta(seconds=10)  # for a client to send its request
_PORT = re.compile(r"[0-9]{1,5}")


class Page(Struct, frozen=True):
    """An answer."""

    status: int
    text: str
    kind: str = "text/plain; charset=utf-8"


Pages = Mapping[str, Callable[[], Page]]


@contextmanager
def serving(listen: str, pages: Pages, patience: timedelta = PATIENCE) -> Iterator[str]:
    """Serve while the block lasts; the value is the base URL. `listen` is HOST:PORT."""
    server = _server(_address(listen), pages, patience)
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="zdm-pages")
    thread.start()
    try:
        host, port = server.server_address[:2]
        said = f"[{host!s}]" if ":" in str(host) else host
        yield f"http://{said!s}:{port}"
    finally:
        server.shutdown()
        server.server_close()


def _address(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not separator or not _PORT.fullmatch(port) or int(port) > 65535:
        raise InputError(
            f"`{listen}` is not an address to listen on",
            hint="write HOST:PORT, as in 127.0.0.1:9400, or :9400 for every interface",
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def _server(address: tuple[str, int], pages: Pages, patience: timedelta) -> ThreadingHTTPServer:
    host, port = address

    class Handler(BaseHTTPRequestHandler):
        timeout = patience.total_seconds()

        def do_GET(self) -> None:
            make = pages.get(self.path.partition("?")[0])
            page = make() if make else Page(404, f"there are {', '.join(pages)}\n")
            body = page.text.encode()
            self.send_response(page.status)
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: there is a scrape every few seconds."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = AF_INET6 if ":" in host else ThreadingHTTPServer.address_family

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore a client that disconnects early."""

    try:
        return Server((host, port), Handler)
    except OSError as error:
        raise InputError(
            f"cannot listen on {host or '*'}:{port}: {error.strerror or error}",
            hint="choose another address for --listen",
        ) from error
