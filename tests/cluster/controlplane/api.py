"""A small client of the API server: JSON in, JSON out, one connection per request.

Used by the process kubelet and the tests; zdm's own client is what some of them are about,
so they do not use it.
"""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
PATIENCE = 10.0  # seconds for one answer; an API server that was stopped refuses at once


class ApiError(Exception):
    """An answer that is not a success; OSError means that there was none."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Api:
    """One identity at one API server."""

    host: str
    port: int
    context: ssl.SSLContext
    token: str

    def get(self, path: str, **query: str) -> Json:
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Json) -> Json:
        return self.call("POST", path, body)

    def put(self, path: str, body: Json) -> Json:
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Json, kind: str = STRATEGIC) -> Json:
        return self.call("PATCH", path, body, kind)

    def delete(self, path: str, **options: Any) -> Json:
        return self.call(
            "DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", **options}
        )

    def call(
        self, method: str, path: str, body: Json | None = None, kind: str = "application/json"
    ) -> Json:
        """The answer's object; ApiError where the API server says no."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = kind
        status, answer = self._exchange(method, path, data, headers)
        if status >= 400:
            raise _refusal(status, answer)
        found: Json = json.loads(answer)
        return found

    def raw(self, path: str) -> str:
        """What a path answers as text, such as /readyz."""
        status, answer = self._exchange(
            "GET", path, None, {"Authorization": f"Bearer {self.token}"}
        )
        if status >= 400:
            raise _refusal(status, answer)
        return answer.decode(errors="replace")

    def _exchange(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(
            self.host, self.port, context=self.context, timeout=PATIENCE
        )
        try:
            connection.request(method, path, data, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"the API server broke off: {error!r}") from error
        finally:
            connection.close()


def client(port: int, authority: Path, token: str) -> Api:
    """A client of the API server on loopback."""
    return Api("127.0.0.1", port, ssl.create_default_context(cafile=str(authority)), token)


def _refusal(status: int, answer: bytes) -> ApiError:
    try:
        said = json.loads(answer)
    except ValueError:
        return ApiError(status, "Unknown", answer.decode(errors="replace"))
    return ApiError(status, said.get("reason", "Unknown"), said.get("message", ""))
