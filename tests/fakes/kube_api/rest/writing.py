"""Storing what a client sent: create, update, server-side apply."""

import copy
import json
import secrets
from typing import Any
from uuid import uuid4

from tests.fakes.kube_api.kinds import NAMESPACES, Json, Kind
from tests.fakes.kube_api.objects import admission, ownership
from tests.fakes.kube_api.rest import answers
from tests.fakes.kube_api.rest.exchange import Request, Target
from tests.fakes.kube_api.store import Store

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SERVERS_OWN = (
    "name",
    "namespace",
    "uid",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def suffix(length: int = 5) -> str:
    """The letters that the server puts behind a generateName."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def create(
    store: Store, request: Request, target: Target, body: Json, operation: str = "Update"
) -> Json:
    """POST, and PUT or apply of what is not there yet."""
    kind = target.kind
    item = _shaped(kind, target, body)
    metadata = item["metadata"]
    if metadata.get("resourceVersion"):
        raise answers.bad_request("resourceVersion should not be set on objects to be created")
    _into_namespace(store, kind, metadata)
    for name in ("uid", "generation", "creationTimestamp", "managedFields"):
        metadata.pop(name, None)
    if kind.generation:
        item.pop("status", None)
        if "status" in kind.subresources:
            item["status"] = {}
    metadata["uid"] = str(uuid4())
    written = ownership.leaves(item)
    admission.default(kind, item, new=True)
    admission.validate(kind, None, item)
    owner = (request.manager, operation, "")
    paths = set(written if operation == "Apply" else ownership.leaves(item))
    ownership.write(item, {owner: paths}, owner, store.now())
    if request.dry_run:
        metadata["creationTimestamp"] = store.now()
        return item
    return store.create(kind, item)


def _shaped(kind: Kind, target: Target, body: Any) -> Json:
    """The body as an object of this kind, with its name and namespace."""
    if not isinstance(body, dict):
        raise answers.bad_request("the body of the request must be an object")
    if body.get("kind", kind.kind) != kind.kind:
        raise answers.bad_request(
            f"the object provided is unrecognized (must be of type {kind.kind})"
        )
    item = {"kind": kind.kind, "apiVersion": kind.api_version, **copy.deepcopy(body)}
    metadata = item.setdefault("metadata", {})
    if kind.namespaced:
        if metadata.setdefault("namespace", target.namespace) != target.namespace:
            raise answers.bad_request(
                "the namespace of the provided object does not match the namespace sent on the"
                " request"
            )
    else:
        metadata.pop("namespace", None)
    if target.name and metadata.setdefault("name", target.name) != target.name:
        raise answers.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL"
            f" ({target.name})"
        )
    if not metadata.get("name"):
        if not metadata.get("generateName"):
            why = "Required value: name or generateName is required"
            raise answers.invalid(kind, "", "metadata.name", why)
        metadata["name"] = metadata["generateName"] + suffix()
    return item


def _into_namespace(store: Store, kind: Kind, metadata: Json) -> None:
    if not kind.namespaced:
        return
    namespace = store.find(NAMESPACES, "", metadata["namespace"])
    if namespace is None:
        raise answers.not_found(NAMESPACES, metadata["namespace"])
    if namespace["status"]["phase"] == "Terminating":
        why = (
            f"unable to create new content in namespace {metadata['namespace']} because it is"
            " being terminated"
        )
        raise answers.forbidden(kind, metadata["name"], why)


def update(store: Store, request: Request, target: Target, states: tuple[Json, Json]) -> Json:
    """PUT or PATCH: from the state that was read to the state that was sent."""
    old, sent = states
    kind = target.kind
    new = _shaped(kind, target, sent)
    _meets_preconditions(kind, old, new)
    new = _limited(target, old, new)
    admission.default(kind, new)
    admission.validate(kind, old, new)
    subresource = target.subresource
    owner = (request.manager, "Update", subresource)
    present = {**old, "metadata": {**old["metadata"]}}
    if _without_fields(present) != _without_fields(new):
        ownership.updated(old, new, owner, store.now())
    return _stored(store, request, target, (old, new))


def _without_fields(item: Json) -> Json:
    metadata = {k: v for k, v in item["metadata"].items() if k != "managedFields"}
    return {**item, "metadata": metadata}


def _meets_preconditions(kind: Kind, old: Json, new: Json) -> None:
    before, after = old["metadata"], new["metadata"]
    if after.get("resourceVersion") not in {None, "", "0", before["resourceVersion"]}:
        raise answers.modified(kind, before["name"])
    if after.get("uid") not in {None, "", before["uid"]}:
        why = (
            "StorageError: invalid object, Code: 4, Key:"
            f" /registry/{kind.plural}/{before.get('namespace', '')}/{before['name']},"
            " ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition:"
            f" {after['uid']}, UID in object meta: {before['uid']}"
        )
        raise answers.conflict(kind, before["name"], why)


def _limited(target: Target, old: Json, new: Json) -> Json:
    """The new state without what this path may not write."""
    metadata = new["metadata"]
    for name in (*_SERVERS_OWN, "resourceVersion"):
        metadata.pop(name, None)
        if name in old["metadata"]:
            metadata[name] = old["metadata"][name]
    metadata.setdefault("managedFields", old["metadata"].get("managedFields", []))
    if target.subresource == "status":
        return _only_status(old, new)
    if "status" in target.kind.subresources:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    if target.kind.kind == "Pod":
        _only_images_change(target.kind, old, new)
    return new


def _only_status(old: Json, new: Json) -> Json:
    """The status, and the annotations, which status strategies let through."""
    result = {**copy.deepcopy(old), "status": new.get("status", {})}
    for name in ("annotations", "managedFields"):
        if name in new["metadata"]:
            result["metadata"][name] = new["metadata"][name]
    return result


def _only_images_change(kind: Kind, old: Json, new: Json) -> None:
    def fixed(item: Json) -> str:
        spec = copy.deepcopy(item["spec"])
        for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
            container.pop("image", None)
        spec.pop("activeDeadlineSeconds", None)
        spec.pop("tolerations", None)
        return json.dumps(spec, sort_keys=True)

    if fixed(old) != fixed(new):
        why = (
            "Forbidden: pod updates may not change fields other than"
            " `spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing"
            " tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it"
            " was previously negative)"
        )
        raise answers.invalid(kind, new["metadata"]["name"], "spec", why)


def _stored(store: Store, request: Request, target: Target, states: tuple[Json, Json]) -> Json:
    old, new = states
    present = store.find(target.kind, target.namespace, target.name)
    assert present is not None
    if request.dry_run:
        return new
    gone = "deletionTimestamp" in new["metadata"] and not new["metadata"].get("finalizers")
    if gone and old["metadata"].get("finalizers"):
        return store.remove(target.kind, new)
    return store.replace(target.kind, present, new)


def apply(store: Store, request: Request, target: Target) -> tuple[Json, int]:
    """Server-side apply: the object, and 201 if it is new."""
    manager = request.query.get("fieldManager")
    if not manager:
        why = "Required value: is required for apply patch"
        raise answers.invalid_option("PatchOptions", "fieldManager", why)
    config = _shaped(target.kind, target, request.json())
    if config["metadata"].get("managedFields"):
        raise answers.bad_request("metadata.managedFields must be nil")
    live = store.find(target.kind, target.namespace, target.name)
    owner = (manager, "Apply", target.subresource)
    if live is None:
        return create(store, request, target, config, "Apply"), 201
    _meets_preconditions(target.kind, live, config)
    copied = copy.deepcopy(live)
    del config["metadata"]["name"]
    config["metadata"].pop("namespace", None)
    new, owners = ownership.applied(copied, config, manager, force=request.flag("force"))
    new = _limited(target, live, new)
    admission.default(target.kind, new)
    admission.validate(target.kind, live, new)
    if _without_fields(live) != _without_fields(new) or owners != ownership.read(live):
        ownership.write(new, owners, owner, store.now())
    return _stored(store, request, target, (live, new)), 200
