"""The container's health check against real sockets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from zdm.observe import healthcheck


@contextmanager
def page(status: int) -> Iterator[str]:
    """A health page that answers with that status."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/healthz"
        finally:
            server.shutdown()
            thread.join()


def test_a_page_that_answers_is_healthy() -> None:
    with page(200) as url:
        assert healthcheck.main([url]) == 0


def test_a_page_that_says_no_is_not() -> None:
    with page(503) as url:
        assert healthcheck.main([url]) == 1


def test_a_run_that_does_not_listen_is_not_unhealthy() -> None:
    with page(200) as url:
        gone = url
    assert healthcheck.main([gone]) == 0


def test_a_name_that_leads_nowhere_is_unhealthy() -> None:
    assert healthcheck.main(["http://nowhere.invalid/healthz"]) == 1


def test_it_needs_an_address() -> None:
    assert healthcheck.main([]) == 1
