"""ReplicaSets: as many active pods as the specification says, and the counts of them."""

from tests.fakes.kube_api.controllers.world import (
    World,
    controller_of,
    count_available,
    has_ended,
    is_active,
    is_controlled,
    is_ready,
    is_terminating,
    reference,
    with_condition,
    without_zeros,
)
from tests.fakes.kube_api.kinds import PODS, REPLICA_SETS, Json
from tests.fakes.kube_api.objects import deletion
from tests.fakes.kube_api.objects.selectors import selected_by


def reconcile(world: World) -> None:
    """Every ReplicaSet that nobody deleted."""
    for item in world.store.all(REPLICA_SETS):
        if not is_terminating(item):
            _claim(world, item)
            trouble = _scale(world, item)
            _tell(world, item, trouble)


def _claim(world: World, item: Json) -> None:
    """Adopt pods that the selector finds, release those that it no longer does."""
    for pod in world.store.all(PODS, item["metadata"]["namespace"]):
        labels = pod["metadata"].get("labels") or {}
        selected = selected_by(item["spec"]["selector"], labels)
        if is_controlled(pod, item) and not selected and not is_terminating(pod):
            world.change(PODS, pod, lambda new: new["metadata"].pop("ownerReferences"))
        elif selected and controller_of(pod) is None and is_active(pod):
            _adopt(world, pod, item)


def _adopt(world: World, pod: Json, item: Json) -> None:
    owners = [reference(item)]
    world.change(PODS, pod, lambda new: new["metadata"].update(ownerReferences=owners))


def _scale(world: World, item: Json) -> str:
    active = [pod for pod in world.pods_of(item) if is_active(pod)]
    missing = item["spec"]["replicas"] - len(active)
    for _ in range(missing):
        if trouble := world.create_pod(item, item["spec"]["template"]):
            return trouble
    if missing < 0:
        for pod in sorted(active, key=_first_to_go)[:-missing]:
            deletion.delete(world.store, PODS, pod, {})
    return ""


def _first_to_go(pod: Json) -> tuple[bool, bool, int]:
    """Unscheduled before scheduled, not ready before ready, new before old."""
    return (
        bool(pod["spec"].get("nodeName")),
        is_ready(pod),
        -int(pod["metadata"]["resourceVersion"]),
    )


def _tell(world: World, item: Json, trouble: str) -> None:
    pods = world.pods_of(item)
    active = [pod for pod in pods if is_active(pod)]
    conditions = [
        one for one in item["status"].get("conditions", []) if one["type"] != "ReplicaFailure"
    ]
    if trouble:
        failure = {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": trouble,
        }
        known = item["status"].get("conditions", [])
        same = any(one["type"] == "ReplicaFailure" for one in known)
        # the message names a pod that is another at each try; the real one keeps the first
        conditions = known if same else with_condition(known, failure, world.stamp())
    min_ready = item["spec"].get("minReadySeconds", 0)
    status = {
        "replicas": len(active),
        "fullyLabeledReplicas": len(active),
        "readyReplicas": len([pod for pod in active if is_ready(pod)]),
        "availableReplicas": count_available(world, active, min_ready),
        "terminatingReplicas": len([p for p in pods if is_terminating(p) and not has_ended(p)]),
        "observedGeneration": item["metadata"]["generation"],
        "conditions": conditions,
    }
    status = without_zeros(status, "replicas", "terminatingReplicas")
    world.set_status(REPLICA_SETS, item, status)
