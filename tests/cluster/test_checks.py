"""Actions of probes and hooks, against a server of this machine."""

import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import TimeoutExpired

import pytest

from tests.cluster.controlplane.api import Json
from tests.cluster.kubelet import checks
from tests.cluster.kubelet.checks import Target

POD_IP = "10.99.0.7"


class Handler(BaseHTTPRequestHandler):
    """Answers /CODE with that code, and 500 without the header `X-Known`."""

    def do_GET(self) -> None:
        known = self.headers.get("X-Known") == "yes"
        self.send_response(int(self.path.strip("/")) if known else 500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server on the pod's own address."""
    with ThreadingHTTPServer(("127.99.0.7", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield int(server.server_address[1])
        server.shutdown()


def target(port: int, code: int = 0) -> Target:
    def run(command: Sequence[str], timeout: float) -> int:
        if command == ["slow"]:
            raise TimeoutExpired(list(command), timeout)
        return code

    ports = [{"name": "http", "containerPort": port}]
    return Target(spec={"ports": ports}, pod_ip=POD_IP, run=run)


def get(path: str) -> Json:
    headers = [{"name": "X-Known", "value": "yes"}]
    return {"httpGet": {"path": path, "port": "http", "httpHeaders": headers}}


def test_an_answer_below_400_is_a_success_at_a_named_port(port: int) -> None:
    assert checks.act(get("/200"), target(port), 5) is None
    assert checks.act(get("/302"), target(port), 5) is None
    assert checks.act(get("/404"), target(port), 5) == (
        "HTTP probe failed with statuscode: 404"
    )


def test_a_socket_is_open_or_not(port: int) -> None:
    assert checks.act({"tcpSocket": {"port": port}}, target(port), 5) is None
    assert "refused" in str(checks.act({"tcpSocket": {"port": 1}}, target(port), 5))


def test_a_command_succeeds_with_0_in_time() -> None:
    quick, slow = {"exec": {"command": ["quick"]}}, {"exec": {"command": ["slow"]}}

    assert checks.act(quick, target(1), 5) is None
    assert checks.act(quick, target(1, code=2), 5) == "command exited with 2"
    assert checks.act(slow, target(1), 5) == "command timed out after 5s"


def test_what_is_not_modelled_is_never_a_success() -> None:
    assert checks.act({"grpc": {"port": 1}}, target(1), 5) == (
        "this kind of action is not modelled"
    )
