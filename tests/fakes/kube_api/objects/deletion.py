"""DELETE: graceful for pods, in the foreground or background for owners, at once for others."""

from datetime import timedelta

from tests.fakes.kube_api import clock
from tests.fakes.kube_api.kinds import ALL, Json, Kind
from tests.fakes.kube_api.rest import answers
from tests.fakes.kube_api.store import Store

FOREGROUND = "foregroundDeletion"
_WAITS_FOR_CONTENT = "kubernetes"


def delete(store: Store, kind: Kind, item: Json, options: Json) -> Json:
    """Delete, or begin to; the answer's body."""
    _check(kind, item, options.get("preconditions") or {})
    policy = options.get("propagationPolicy") or "Background"
    if policy == "Orphan":
        _orphan(store, item)
    if policy == "Foreground":
        return _mark(store, kind, item, 0, FOREGROUND)
    if kind.kind == "Namespace":
        return _mark(store, kind, item, 0, _WAITS_FOR_CONTENT)
    if kind.kind == "Pod" and (grace := _grace(item, options)) > 0:
        return _mark(store, kind, item, grace)
    if item["metadata"].get("finalizers"):
        return _mark(store, kind, item, 0)
    store.remove(kind, item)
    if kind.kind == "Pod":
        return item
    return answers.success(kind, item["metadata"]["name"], item["metadata"]["uid"])


def _check(kind: Kind, item: Json, preconditions: Json) -> None:
    metadata = item["metadata"]
    uid, version = (preconditions.get(field) for field in ("uid", "resourceVersion"))
    if uid not in {None, metadata["uid"]}:
        raise answers.other_uid(kind, metadata["name"], uid, metadata["uid"])
    if version not in {None, metadata["resourceVersion"]}:
        raise answers.modified(kind, metadata["name"])


def _grace(pod: Json, options: Json) -> int:
    """The seconds a pod still has: none before it is scheduled and after it has ended."""
    if not pod["spec"].get("nodeName") or pod["status"]["phase"] in {"Succeeded", "Failed"}:
        return 0
    wanted: int | None = options.get("gracePeriodSeconds")
    return pod["spec"]["terminationGracePeriodSeconds"] if wanted is None else wanted


def _mark(store: Store, kind: Kind, item: Json, grace: int, finalizer: str = "") -> Json:
    def change(new: Json) -> None:
        metadata = new["metadata"]
        if finalizer and finalizer != _WAITS_FOR_CONTENT:
            metadata["finalizers"] = sorted({*metadata.get("finalizers", []), finalizer})
        if kind.kind == "Namespace":
            new["status"] = {**new.get("status", {}), "phase": "Terminating"}
        before = metadata.get("deletionGracePeriodSeconds")
        if "deletionTimestamp" in metadata and (before is None or before <= grace):
            return
        end = store.clock.now() + timedelta(seconds=grace)
        metadata["deletionTimestamp"] = clock.stamp(end)
        metadata["deletionGracePeriodSeconds"] = grace
        if kind.generation:
            metadata["generation"] = metadata.get("generation", 0) + 1

    return store.update(kind, item, change, bump=False)


def _orphan(store: Store, item: Json) -> None:
    uid = item["metadata"]["uid"]
    for (group, plural, _, _), found in list(store.objects.items()):
        references = found["metadata"].get("ownerReferences") or []
        if any(reference["uid"] == uid for reference in references):
            kind = next(one for one in ALL if (one.group, one.plural) == (group, plural))
            store.update(
                kind,
                found,
                lambda new: new["metadata"].update(
                    ownerReferences=[
                        r for r in new["metadata"]["ownerReferences"] if r["uid"] != uid
                    ]
                ),
            )
