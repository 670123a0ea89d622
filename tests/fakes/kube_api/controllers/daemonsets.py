"""DaemonSets: one pod per node, replaced node by node."""

from tests.fakes.kube_api.controllers import revisions
from tests.fakes.kube_api.controllers.revisions import HASH
from tests.fakes.kube_api.controllers.world import (
    World,
    count_available,
    has_ended,
    is_active,
    is_ready,
    is_terminating,
    percent,
    without_zeros,
)
from tests.fakes.kube_api.kinds import DAEMON_SETS, NODES, PODS, Json
from tests.fakes.kube_api.objects import deletion

_COUNTS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
)


def reconcile(world: World) -> None:
    """Every DaemonSet that nobody deleted."""
    for item in world.store.all(DAEMON_SETS):
        if not is_terminating(item):
            update = revisions.present(world, item)["metadata"]["labels"][HASH]
            _place(world, item, update)
            _update(world, item, update)
            _tell(world, item, update)


def _place(world: World, item: Json, update: str) -> None:
    nodes = [node["metadata"]["name"] for node in world.store.all(NODES)]
    pods = world.pods_of(item)
    for pod in pods:
        if has_ended(pod) and not is_terminating(pod):
            deletion.delete(world.store, PODS, pod, {})
    taken = {pod["spec"].get("nodeName") for pod in pods if not has_ended(pod)}
    for node in nodes:
        if node not in taken:
            template = item["spec"]["template"]
            template = {**template, "spec": {**template["spec"], "nodeName": node}}
            world.create_pod(item, template, labels={HASH: update})


def _outdated(pods: list[Json], update: str) -> list[Json]:
    return [pod for pod in pods if pod["metadata"]["labels"].get(HASH) != update]


def _update(world: World, item: Json, update: str) -> None:
    if item["spec"]["updateStrategy"]["type"] != "RollingUpdate":
        return
    pods, nodes = world.pods_of(item), len(world.store.all(NODES))
    rolling = item["spec"]["updateStrategy"]["rollingUpdate"]
    allowed = percent(rolling["maxUnavailable"], nodes, up=True)
    well = [pod for pod in pods if is_active(pod) and is_ready(pod)]
    old = [pod for pod in _outdated(pods, update) if is_active(pod)]
    broken = [pod for pod in old if not is_ready(pod)]
    room = max(0, allowed - (nodes - len(well)))
    for pod in [*broken, *[one for one in old if is_ready(one)][:room]]:
        deletion.delete(world.store, PODS, pod, {})


def _tell(world: World, item: Json, update: str) -> None:
    nodes = len(world.store.all(NODES))
    active = [pod for pod in world.pods_of(item) if is_active(pod)]
    available = count_available(world, active, item["spec"].get("minReadySeconds", 0))
    status = {
        "currentNumberScheduled": len(active),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": nodes,
        "numberReady": len([pod for pod in active if is_ready(pod)]),
        "observedGeneration": item["metadata"]["generation"],
        "updatedNumberScheduled": len(active) - len(_outdated(active, update)),
        "numberAvailable": available,
        "numberUnavailable": nodes - available,
    }
    world.set_status(DAEMON_SETS, item, without_zeros(status, *_COUNTS))
