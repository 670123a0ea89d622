"""One request and the two forms of answer: a document, or a stream of them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.kube_api.kinds import BY_PATH, Json, Kind
from tests.fakes.kube_api.rest import answers

_RESOURCE = re.compile(
    r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<subresource>[^/]+))?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a resource path names."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came in; header names are lower-case."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body, which must be JSON; nothing at all is an empty object."""
        if not self.body:
            return {}
        content = self.headers.get("content-type", "application/json")
        if "json" not in content and "yaml" not in content:
            raise answers.unsupported()
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise answers.bad_request(f"the body is no JSON: {error}") from error

    def flag(self, name: str) -> bool:
        """A query parameter that is yes or no."""
        return self.query.get(name, "").lower() in {"1", "true"}

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be stored."""
        return self.query.get("dryRun") == "All"

    @property
    def manager(self) -> str:
        """The field manager: named, or the program's name."""
        agent = self.headers.get("user-agent", "unknown").split("/", 1)[0]
        return self.query.get("fieldManager") or agent

    def target(self) -> Target | None:
        """The resource that the path names, if it names one that exists."""
        found = _RESOURCE.match(self.path)
        if found is None:
            return None
        version = found["core"] or found["version"]
        kind = BY_PATH.get((found["group"] or "", version, found["plural"]))
        namespace, name, subresource = (
            found[part] or "" for part in ("namespace", "name", "subresource")
        )
        if kind is None and found["plural"] in {"status", "finalize"}:
            kind = BY_PATH.get((found["group"] or "", version, "namespaces"))
            namespace, name, subresource = "", namespace, found["plural"]
        if kind is None:
            return None
        return Target(kind=kind, namespace=namespace, name=name, subresource=subresource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One answer: JSON, or text where the real server writes text."""

    body: Json | str
    code: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """A watch: documents until the iterator ends; None lets the handler look at the client."""

    events: Iterator[Json | None]


Answer = Document | Stream

NO_SUCH_PATH = Document(body="404 page not found\n", code=404)


def refused(refusal: answers.Refusal) -> Document:
    """The answer that a refusal is."""
    return Document(body=refusal.status, code=refusal.code)
