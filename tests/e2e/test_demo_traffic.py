"""The demo's traffic against servers that fail in known ways: each fault is counted."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.waiting import until
from zdm.demo.ledger import Ledger, seeded_email, seeded_name
from zdm.demo.traffic import Figures, Traffic, kinds

Answer = Callable[[str, str, str], tuple[int, object]]
Serve = Callable[[Answer], int]

SEEDED = 1000


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server whose answers a test decides; gives its port."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> int:
        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                status, value = answer(self.command, self.path, body)
                data = json.dumps(value).encode()
                self.send_response(status)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = handle_any

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, args=(0.05,)).start()
        servers.append(server)
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def traffic(port: int, ledger: Ledger, is_enough: Callable[[Figures], bool]) -> Figures:
    with Traffic(lambda: (port,), ledger, workers=2) as running:
        until(lambda: is_enough(running.figures()))
    return running.figures()


def has_failed(figures: Figures) -> bool:
    return figures.failed > 20


def stale(method: str, path: str, _: str) -> tuple[int, object]:
    """Every write is acknowledged and forgotten."""
    if path == "/users":
        return 201, {"id": SEEDED + 1}
    if method == "PUT":
        return 200, {"updated": 1}
    user = path.removeprefix("/users/")
    if not user.isdigit():
        return 404, {"error": "not asked in this test"}
    found = {"email": seeded_email(int(user)), "name": seeded_name(int(user))}
    return 200, {**found, "version": "v1"}


def test_forgotten_writes_are_wrong_answers(serve: Serve) -> None:
    figures = traffic(
        serve(stale),
        Ledger(seeded=SEEDED),
        lambda seen: seen.wrong_reads > 0 and seen.requests > 100,
    )

    assert figures.wrong_reads > 0
    assert figures.failed < figures.requests / 2


def test_errors_are_failures_and_leave_the_writes_in_doubt(serve: Serve) -> None:
    ledger = Ledger(seeded=SEEDED)
    figures = traffic(serve(lambda *_: (500, {"error": "no"})), ledger, has_failed)

    assert figures.failed == figures.requests > 0
    assert ledger.doubtful_users
    assert figures.failures[0].partition(" x ")[2].endswith(": 500 no")


def test_an_answer_of_another_shape_is_a_failure(serve: Serve) -> None:
    figures = traffic(serve(lambda *_: (200, {})), Ledger(seeded=SEEDED), has_failed)

    assert figures.failed > 0


def test_a_refused_connection_is_a_failure() -> None:
    figures = traffic(9, Ledger(seeded=SEEDED), has_failed)

    assert figures.failed == figures.requests > 0


def test_kinds_of_failures_are_counted_without_their_numbers() -> None:
    faults = ["GET /users/1: 500 no\nmore", "GET /users/22: 500 no", "PUT /users/3: 500 no"]

    assert kinds(faults) == ("2 x GET /users/…: 500 no", "1 x PUT /users/…: 500 no")
