"""StatefulSets: ordinals in order, updates from the highest ordinal down to the partition."""

from tests.fakes.kube_api.controllers import revisions
from tests.fakes.kube_api.controllers.revisions import HASH
from tests.fakes.kube_api.controllers.world import (
    World,
    count_available,
    has_ended,
    is_active,
    is_ready,
    is_terminating,
    without_zeros,
)
from tests.fakes.kube_api.kinds import PODS, STATEFUL_SETS, Json
from tests.fakes.kube_api.objects import deletion


def reconcile(world: World) -> None:
    """Every StatefulSet that nobody deleted."""
    for item in world.store.all(STATEFUL_SETS):
        if not is_terminating(item):
            update = revisions.present(world, item)
            current = _current(world, item, update)
            _scale(world, item, current, update)
            _update(world, item, update)
            _tell(world, item, current, update)


def _current(world: World, item: Json, update: Json) -> Json:
    name = item["status"].get("currentRevision")
    known = {one["metadata"]["name"]: one for one in revisions.history(world, item)}
    return known.get(name, update)


def _ordinal(pod: Json) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _pods(world: World, item: Json) -> dict[int, Json]:
    return {_ordinal(pod): pod for pod in world.pods_of(item)}


def _partition(item: Json) -> int:
    rolling = item["spec"]["updateStrategy"].get("rollingUpdate") or {}
    count: int = rolling.get("partition", 0)
    return count


def _scale(world: World, item: Json, current: Json, update: Json) -> None:
    """Missing ordinals upwards, surplus ones downwards; one at a time unless Parallel."""
    pods, wanted = _pods(world, item), item["spec"]["replicas"]
    in_order = item["spec"]["podManagementPolicy"] == "OrderedReady"
    rolling = item["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    for ordinal in range(wanted):
        pod = pods.get(ordinal)
        if pod is None:
            old = rolling and ordinal < _partition(item)
            _create(world, item, ordinal, current if old else update)
        elif has_ended(pod) and not is_terminating(pod):
            deletion.delete(world.store, PODS, pod, {})
        if in_order and (pod is None or not is_ready(pod) or is_terminating(pod)):
            return
    for ordinal in sorted((one for one in pods if one >= wanted), reverse=True):
        if not is_terminating(pods[ordinal]):
            deletion.delete(world.store, PODS, pods[ordinal], {})
        if in_order:
            return


def _create(world: World, item: Json, ordinal: int, revision: Json) -> None:
    name = f"{item['metadata']['name']}-{ordinal}"
    labels = {
        HASH: revision["metadata"]["name"],
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
    }
    template = revisions.template_of(revision)
    template["spec"] = {**template["spec"], "hostname": name}
    world.create_pod(item, template, name=name, labels=labels)


def _update(world: World, item: Json, update: Json) -> None:
    """Delete the highest outdated pod, if every pod above and it itself is well or outdated."""
    if item["spec"]["updateStrategy"]["type"] != "RollingUpdate":
        return
    pods = _pods(world, item)
    if len(pods) < item["spec"]["replicas"]:
        return
    for ordinal in sorted(pods, reverse=True):
        pod = pods[ordinal]
        if ordinal < _partition(item) or ordinal >= item["spec"]["replicas"]:
            continue
        outdated = pod["metadata"]["labels"].get(HASH) != update["metadata"]["name"]
        if outdated and not is_terminating(pod):
            deletion.delete(world.store, PODS, pod, {})
            return
        if is_terminating(pod) or not is_ready(pod):
            return


def _tell(world: World, item: Json, current: Json, update: Json) -> None:
    pods = [pod for pod in world.pods_of(item) if not has_ended(pod)]
    active = [pod for pod in pods if is_active(pod)]
    names = [one["metadata"]["name"] for one in (current, update)]
    of = [len([p for p in active if p["metadata"]["labels"].get(HASH) == n]) for n in names]
    ready = len([pod for pod in pods if is_ready(pod)])
    wanted = item["spec"]["replicas"]
    rolling = item["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    if rolling and of[1] == wanted == ready == len(pods):
        # Readiness is enough here, minReadySeconds is not asked (kubernetes#136831).
        names[0], of[0] = names[1], of[1]
    status = {
        "observedGeneration": item["metadata"]["generation"],
        "replicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": count_available(
            world, active, item["spec"].get("minReadySeconds", 0)
        ),
        "currentReplicas": of[0],
        "updatedReplicas": of[1],
        "currentRevision": names[0],
        "updateRevision": names[1],
        "collisionCount": 0,
    }
    status = without_zeros(status, "replicas", "availableReplicas", "collisionCount")
    world.set_status(STATEFUL_SETS, item, status)
