"""From a request to the store and back: which verb it is, and what that verb does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.kube_api.authorisation import REVIEWS, Access
from tests.fakes.kube_api.kinds import PODS, Json
from tests.fakes.kube_api.objects import deletion, selectors
from tests.fakes.kube_api.objects.merging import json_patch, merge, strategic
from tests.fakes.kube_api.rest import answers, discovery, watching, writing
from tests.fakes.kube_api.rest.exchange import (
    NO_SUCH_PATH,
    Answer,
    Document,
    Request,
    Target,
    refused,
)
from tests.fakes.kube_api.store import Store

_APPLY = "application/apply-patch+yaml"
_PATCHES: dict[str, Callable[[Json, Any], Json]] = {
    "application/json-patch+json": json_patch,
    "application/merge-patch+json": merge,
    "application/strategic-merge-patch+json": strategic,
}


@dataclass(frozen=True, slots=True)
class Api:
    """The server without its sockets."""

    store: Store
    access: Access

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        try:
            account = self.access.who(request)
            if request.path == REVIEWS and request.method == "POST":
                return self.access.review(account, request.json())
            document = discovery.document(request.path) if request.method == "GET" else None
            target = request.target()
            if document is not None or target is None:
                return document or _nothing_at(request.path)
            if target.subresource not in {"", *target.kind.subresources}:
                raise answers.no_such_resource()
            self.access.check(account, target, request)
            with self.store.locked():
                return self._act(request, target)
        except answers.Refusal as refusal:
            return refused(refusal)

    def _act(self, request: Request, target: Target) -> Answer:
        match request.method, bool(target.name):
            case "GET", _ if request.flag("watch"):
                return watching.watched(self.store, request, target)
            case "GET", True:
                return self._get(target)
            case "GET", False:
                return watching.listed(self.store, request, target)
            case "POST", _:
                return self._post(request, target)
            case "PUT", True:
                return self._put(request, target)
            case "PATCH", True:
                return self._patch(request, target)
            case "DELETE", _:
                return self._delete(request, target)
        raise answers.not_allowed()

    def _get(self, target: Target) -> Document:
        item = self.store.get(target.kind, target.namespace, target.name)
        if target.subresource == "scale":
            return Document(body=_scale(item))
        if target.subresource == "log":
            return Document(body="")
        return Document(body=item)

    def _post(self, request: Request, target: Target) -> Document:
        if target.subresource == "eviction":
            pod = self.store.get(PODS, target.namespace, target.name)
            deletion.delete(self.store, PODS, pod, request.json().get("deleteOptions") or {})
            done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
            return Document(body={**done, "code": 201}, code=201)
        if target.subresource == "token":
            return self.access.issue(target, request.json())
        if target.name:
            raise answers.not_allowed()
        created = writing.create(self.store, request, target, request.json())
        return Document(body=created, code=201)

    def _put(self, request: Request, target: Target) -> Document:
        body = request.json()
        leases = target.kind.plural == "leases"
        if leases and self.store.find(target.kind, target.namespace, target.name) is None:
            created = writing.create(self.store, request, target, body)
            return Document(body=created, code=201)
        old = self.store.get(target.kind, target.namespace, target.name)
        if leases and not body.get("metadata", {}).get("resourceVersion"):
            raise answers.unversioned(target.kind, target.name)
        if target.subresource == "scale":
            return self._rescale(request, target, old, body)
        return Document(body=writing.update(self.store, request, target, (old, body)))

    def _patch(self, request: Request, target: Target) -> Document:
        content = request.headers.get("content-type", "").split(";")[0].strip()
        if content == _APPLY:
            body, code = writing.apply(self.store, request, target)
            return Document(body=body, code=code)
        patch = _PATCHES.get(content)
        if patch is None:
            raise answers.unsupported()
        old = self.store.get(target.kind, target.namespace, target.name)
        if target.subresource == "scale":
            return self._rescale(request, target, old, patch(_scale(old), request.json()))
        new = patch(json.loads(json.dumps(old)), request.json())
        return Document(body=writing.update(self.store, request, target, (old, new)))

    def _rescale(self, request: Request, target: Target, old: Json, scale: Json) -> Document:
        new = json.loads(json.dumps(old))
        new["spec"]["replicas"] = scale["spec"].get("replicas", 0)
        if version := scale.get("metadata", {}).get("resourceVersion"):
            new["metadata"]["resourceVersion"] = version
        return Document(body=_scale(writing.update(self.store, request, target, (old, new))))

    def _delete(self, request: Request, target: Target) -> Document:
        options = {
            **{
                key: value for key, value in request.query.items() if key == "propagationPolicy"
            },
            **request.json(),
        }
        if "gracePeriodSeconds" in request.query:
            options["gracePeriodSeconds"] = int(request.query["gracePeriodSeconds"])
        if not target.name:
            page = watching.listed(self.store, request, target)
            assert isinstance(page.body, dict)
            for listed in page.body["items"]:
                metadata = listed["metadata"]
                item = self.store.get(
                    target.kind, metadata.get("namespace", ""), metadata["name"]
                )
                deletion.delete(self.store, target.kind, item, options)
            return page
        item = self.store.get(target.kind, target.namespace, target.name)
        if request.dry_run or options.get("dryRun"):
            uid = item["metadata"]["uid"]
            return Document(body=answers.success(target.kind, target.name, uid))
        return Document(body=deletion.delete(self.store, target.kind, item, options))


def _nothing_at(path: str) -> Document:
    version = "/".join(path.strip("/").split("/")[: 2 if path.startswith("/api/") else 3])
    if discovery.document(f"/{version}") is None:
        return NO_SUCH_PATH
    return refused(answers.no_such_resource())


def _scale(item: Json) -> Json:
    metadata = item["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept},
        "spec": {"replicas": item["spec"]["replicas"]},
        "status": {
            "replicas": item.get("status", {}).get("replicas", 0),
            "selector": selectors.written(item["spec"]["selector"]),
        },
    }
