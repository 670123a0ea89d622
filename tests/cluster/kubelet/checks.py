"""One probe or hook action: an HTTP request, a connection or a command."""

import http.client
import socket
import ssl
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.cluster.controlplane.api import Json
from tests.cluster.kubelet import addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The running container that is asked."""

    spec: Json
    pod_ip: str
    run: Callable[[Sequence[str], float], int]  # a command in the container, to an exit code


def act(action: Json, target: Target, timeout: float) -> str | None:
    """What is wrong; None when the action succeeds."""
    try:
        if "exec" in action:
            code = target.run(action["exec"].get("command", []), timeout)
            return None if code == 0 else f"command exited with {code}"
        if "httpGet" in action:
            return _get(action["httpGet"], target, timeout)
        if "tcpSocket" in action:
            socket.create_connection(_address(action["tcpSocket"], target), timeout).close()
            return None
        if "sleep" in action:
            return None  # waited for by the caller
    except subprocess.TimeoutExpired:
        return f"command timed out after {timeout:g}s"
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    return "this kind of action is not modelled"


def _get(action: Json, target: Target, timeout: float) -> str | None:
    host, port = _address(action, target)
    if action.get("scheme") == "HTTPS":
        context = ssl._create_unverified_context()  # as the kubelet: no certificate is checked
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    headers = {"User-Agent": "kube-probe/1.36", "Connection": "close"}
    headers.update({item["name"]: item["value"] for item in action.get("httpHeaders", [])})
    try:
        connection.request("GET", action.get("path", "/"), headers=headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    return None if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"


def _address(action: Json, target: Target) -> tuple[str, int]:
    port = action["port"]
    if isinstance(port, str):
        port = next(
            (p["containerPort"] for p in target.spec.get("ports", []) if p.get("name") == port),
            port,
        )
    return action.get("host") or addresses.of_process(target.pod_ip), int(port)
