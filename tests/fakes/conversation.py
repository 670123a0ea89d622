"""Conversations with an API server, as data, so that the fake and the real one can be asked.

A conversation is a YAML list of steps: `say`, the request (`POST: /api/...`, `query`, `as`
for the content type, `token`, `body`), and what must come back: `code`, `expect` (a fragment),
`events` (of a watch, in order); with `eventually` it may take a while, for controllers to act
in between. `keep` remembers a value of the answer for later steps, which
write it as `<name>`; `<ns>` is the conversation's own namespace.

In fragments `<any>` is any value but nothing, `<absent>` no such key, a list is compared item
by item, and every other value must be equal.
"""

import http.client
import json
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import yaml

FOLDER = Path(__file__).parent / "conversations"
ALL = sorted(path.stem for path in FOLDER.glob("*.yaml"))

Json = dict[str, Any]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_CONTENT = {
    "json": "application/json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json patch": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
_PATIENCE = 60.0
_TRIES = 5
_BEAT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An API server: its address, the administrator's token, how to trust it."""

    url: str
    token: str
    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer."""

    code: int
    text: str

    @property
    def content(self) -> Any:
        """JSON where it is JSON, else the text."""
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text

    @property
    def events(self) -> list[Json]:
        """The events of a watch, without bookmarks that only mark time."""
        found = [json.loads(line) for line in self.text.splitlines() if line]
        return [event for event in found if not _is_idle(event)]


def _is_idle(event: Json) -> bool:
    metadata = event["object"].get("metadata", {})
    return event["type"] == "BOOKMARK" and not metadata.get("annotations")


def ask(api: Api, method: str, path: str, **more: Any) -> Heard:
    """One request on a connection of its own; `body`, `content` and `token` are optional."""
    address = urlsplit(api.url)
    host, port = str(address.hostname), address.port
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, port, timeout=_PATIENCE, context=api.context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    token = more.get("token") or api.token
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "conversation/1"}
    body = None
    if "body" in more:
        body = json.dumps(more["body"])
        headers["Content-Type"] = more.get("content", _CONTENT["json"])
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Heard(answer.status, answer.read().decode())
    finally:
        connection.close()


@dataclass(slots=True)
class Talk:
    """A conversation in progress."""

    api: Api
    kept: dict[str, str] = field(default_factory=dict)

    def step(self, step: Json) -> None:
        """Say one thing, and compare."""
        method = next(name for name in _METHODS if name in step)
        path = self._filled(step[method])
        if "query" in step:
            path += "?" + urlencode(self._filled(step["query"]))
        more: dict[str, Any] = {"token": self._filled(step.get("token", ""))}
        if "body" in step:
            more["body"] = self._filled(step["body"])
            more["content"] = _CONTENT[step.get("as", "json")]
        deadline = time.monotonic() + (_PATIENCE if step.get("eventually") else 0)
        while True:
            heard = self._heard(method, path, more)
            wrong = self._wrong(step, heard)
            if not wrong or time.monotonic() > deadline:
                break
            time.sleep(_BEAT)
        assert not wrong, f"{step['say']}: {'; '.join(wrong)}\n{heard.text[:3000]}"
        for name, place in step.get("keep", {}).items():
            self.kept[name] = str(_at(heard.content, place))

    def _wrong(self, step: Json, heard: Heard) -> list[str]:
        wrong = [] if heard.code == step["code"] else [f"code {heard.code}"]
        if "events" in step:
            wrong += differences(self._filled(step["events"]), heard.events)
        if "expect" in step:
            wrong += differences(self._filled(step["expect"]), heard.content)
        return wrong

    def _heard(self, method: str, path: str, more: dict[str, Any]) -> Heard:
        """The answer; a busy server's watch cache may be behind its storage for a moment."""
        for _ in range(_TRIES):
            heard = ask(self.api, method, path, **more)
            if "watch=" not in path or "Too large resource version" not in heard.text:
                break
            time.sleep(1)
        return heard

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, kept in self.kept.items():
                value = value.replace(f"<{name}>", kept)
            return value
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        return [self._filled(one) for one in value] if isinstance(value, list) else value


def _at(content: Any, place: str) -> Any:
    for part in place.split("."):
        content = content[int(part)] if part.isdigit() else content[part]
    return content


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """Where what was found does not agree with the fragment."""
    if expected == "<any>":
        return [] if found not in (None, "", [], {}) else [f"{where} is missing"]
    if isinstance(expected, dict) and isinstance(found, dict):
        of_keys = (_of_key(found, key, value, where) for key, value in expected.items())
        return [line for lines in of_keys for line in lines]
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{where} has {len(found)} items, not {len(expected)}"]
        return [
            line
            for index, (one, other) in enumerate(zip(expected, found, strict=True))
            for line in differences(one, other, f"{where}.{index}")
        ]
    return [] if expected == found else [f"{where} is {found!r}, not {expected!r}"]


def _of_key(found: Json, key: str, value: Any, where: str) -> list[str]:
    if value == "<absent>":
        return [f"{where}.{key} is there"] if key in found else []
    if key not in found:
        return [f"{where}.{key} is missing"]
    return differences(value, found[key], f"{where}.{key}")


def hold(api: Api, name: str) -> None:
    """Hold a conversation in a namespace of its own, which is deleted afterwards."""
    namespace = f"talk-{uuid4().hex[:8]}"
    made = ask(api, "POST", "/api/v1/namespaces", body={"metadata": {"name": namespace}})
    assert made.code == 201, made.text
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    deadline = time.monotonic() + _PATIENCE
    while ask(api, "GET", account).code == 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    talk = Talk(api, {"ns": namespace})
    try:
        for step in yaml.safe_load((FOLDER / f"{name}.yaml").read_text()):
            talk.step(step)
    finally:
        ask(api, "DELETE", f"/api/v1/namespaces/{namespace}")
