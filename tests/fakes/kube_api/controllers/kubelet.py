"""The scheduler and the kubelets: a pod from Pending to its end, as its images behave."""

from datetime import datetime, timedelta

from tests.fakes.kube_api import clock
from tests.fakes.kube_api.controllers.world import (
    Behaviour,
    ContainerLife,
    World,
    has_ended,
    is_terminating,
    with_condition,
)
from tests.fakes.kube_api.kinds import NODES, PODS, Json
from tests.fakes.kube_api.objects import deletion

_BACK_OFF = timedelta(seconds=10)
_LONGEST_BACK_OFF = timedelta(seconds=300)
_PULL_ONCE = timedelta(seconds=1)
_EVICTED_AFTER = timedelta(seconds=300)
_PULLS = {"ErrImagePull", "ImagePullBackOff"}


def reconcile(world: World) -> None:
    """Move every pod on."""
    nodes = {node["metadata"]["name"] for node in world.store.all(NODES)}
    for pod in world.store.all(PODS):
        node = pod["spec"].get("nodeName", "")
        if not node:
            if pod["spec"]["schedulerName"] == "default-scheduler":
                _schedule(world, pod)
        elif node in world.lost_nodes:
            _lost(world, pod, world.lost_nodes[node])
        elif node not in nodes:
            continue
        elif is_terminating(pod):
            _drain(world, pod)
        elif not has_ended(pod):
            _run(world, pod)


def _behaviours(world: World, pod: Json) -> list[Behaviour]:
    return [world.behaviour(container["image"]) for container in pod["spec"]["containers"]]


def _schedule(world: World, pod: Json) -> None:
    free = [
        node["metadata"]["name"]
        for node in world.store.all(NODES)
        if node["metadata"]["name"] not in world.lost_nodes
        and not node.get("spec", {}).get("unschedulable")
    ]
    fits = bool(free) and not any(one.unschedulable for one in _behaviours(world, pod))
    total = len(world.store.all(NODES))
    load = [one["spec"].get("nodeName") for one in world.store.all(PODS)]

    def change(new: Json) -> None:
        found: Json = {"type": "PodScheduled", "status": "True"}
        if fits:
            new["spec"]["nodeName"] = min(free, key=load.count)
        else:
            found["status"], found["reason"] = "False", "Unschedulable"
            found["message"] = f"0/{total} nodes are available: {total} Insufficient cpu."
        conditions = new["status"].get("conditions") or []
        new["status"]["conditions"] = with_condition(conditions, found, world.stamp())

    world.store.update(PODS, pod, change, bump=False)


def _lost(world: World, pod: Json, since: datetime) -> None:
    """Nobody reports any more: not ready at once, deleted after the toleration, never gone."""
    if is_terminating(pod) or has_ended(pod):
        return

    def change(new: Json) -> None:
        not_ready = {"type": "Ready", "status": "False"}
        conditions = new["status"].get("conditions") or []
        new["status"]["conditions"] = with_condition(conditions, not_ready, world.stamp())

    world.store.update(PODS, pod, change, bump=False)
    if world.now >= since + _EVICTED_AFTER:
        deletion.delete(world.store, PODS, pod, {})
    else:
        world.wake(since + _EVICTED_AFTER)


def _drain(world: World, pod: Json) -> None:
    """SIGTERM at the request, SIGKILL at the deletion time, then the object goes."""
    metadata = pod["metadata"]
    end = clock.read(metadata["deletionTimestamp"])
    asked = end - timedelta(seconds=metadata["deletionGracePeriodSeconds"])
    running = [
        world.behaviour(container["image"]).drain
        for container in pod["spec"]["containers"]
        if (life := world.lives.get((metadata["uid"], container["name"])))
        and life.started
        and not life.ended
    ]
    gone = min(end, asked + timedelta(seconds=max(running, default=0.0)))
    if world.now >= gone and not metadata.get("finalizers"):
        world.store.remove(PODS, pod)
        for key in [key for key in world.lives if key[0] == metadata["uid"]]:
            del world.lives[key]
    else:
        world.wake(gone)


def _run(world: World, pod: Json) -> None:
    spec, policy = pod["spec"], pod["spec"]["restartPolicy"]
    first, statuses = [], []
    initialised = True
    for container in spec.get("initContainers") or []:
        if initialised:
            behaviour = world.behaviour(container["image"])
            behaviour = _once(behaviour)
            again = "Never" if policy == "Never" else "OnFailure"
            first.append(_container(world, pod, container, (behaviour, again)))
            initialised = first[-1]["state"].get("terminated", {}).get("exitCode") == 0
        else:
            first.append(_status(container, None, {"waiting": {"reason": "PodInitializing"}}))
    for container in spec["containers"]:
        if initialised:
            behaviour = world.behaviour(container["image"])
            statuses.append(_container(world, pod, container, (behaviour, policy)))
        else:
            waiting = {"waiting": {"reason": "PodInitializing"}}
            statuses.append(_status(container, None, waiting))
    _report(world, pod, first, statuses)


def _once(behaviour: Behaviour) -> Behaviour:
    """An init container runs to its end."""
    if behaviour.exits_after is not None:
        return behaviour
    return Behaviour(start_after=behaviour.start_after, stuck=behaviour.stuck, exits_after=0.0)


def _container(world: World, pod: Json, container: Json, manner: tuple[Behaviour, str]) -> Json:
    """Move one container on, and tell its state."""
    behaviour, policy = manner
    key = (pod["metadata"]["uid"], container["name"])
    life = world.lives.get(key)
    if life is None:
        starts = world.now + timedelta(seconds=behaviour.start_after)
        life = world.lives[key] = ContainerLife(starts)
    if behaviour.stuck and life.started is None:
        return _status(container, life, _stuck(world, life, container, behaviour))
    if life.started is None:
        world.wake(life.starts)
        if world.now < life.starts:
            reason = "CrashLoopBackOff" if life.restarts else "ContainerCreating"
            return _status(container, life, {"waiting": {"reason": reason}})
        life.started, life.ended = world.now, None
    _end(world, life, behaviour, policy)
    return _told(world, container, life, behaviour)


def _end(world: World, life: ContainerLife, behaviour: Behaviour, policy: str) -> None:
    """Let the process end when its time has come, and plan its next start."""
    assert life.started is not None
    if behaviour.exits_after is None or life.ended is not None:
        return
    ends = life.started + timedelta(seconds=behaviour.exits_after)
    world.wake(ends)
    if world.now < ends:
        return
    life.ended, life.exit_code = ends, behaviour.exit_code
    if policy == "Never" or (policy == "OnFailure" and behaviour.exit_code == 0):
        return
    life.last = {"terminated": _terminated(life)}
    pause = min(_BACK_OFF * 2 ** (life.restarts - 1), _LONGEST_BACK_OFF)
    life.starts = ends if life.restarts == 0 else ends + pause
    life.restarts += 1
    life.started = None
    world.wake(life.starts)


def _terminated(life: ContainerLife) -> Json:
    assert life.started is not None
    assert life.ended is not None
    return {
        "exitCode": life.exit_code,
        "reason": "Error" if life.exit_code else "Completed",
        "startedAt": clock.stamp(life.started),
        "finishedAt": clock.stamp(life.ended),
    }


def _told(world: World, container: Json, life: ContainerLife, behaviour: Behaviour) -> Json:
    if life.started is None:
        message = f"back-off restarting failed container={container['name']}"
        waiting = {"reason": "CrashLoopBackOff", "message": message}
        return _status(container, life, {"waiting": waiting})
    if life.ended is not None:
        return _status(container, life, {"terminated": _terminated(life)})
    status = _status(container, life, {"running": {"startedAt": clock.stamp(life.started)}})
    ready = life.started + timedelta(seconds=behaviour.ready_after)
    world.wake(ready)
    status["ready"] = world.now >= ready and not behaviour.never_ready
    status["started"] = True
    return status


def _stuck(world: World, life: ContainerLife, container: Json, behaviour: Behaviour) -> Json:
    reason, message = behaviour.stuck, f"{behaviour.stuck}: {container['image']}"
    if reason in _PULLS:
        backs_off = life.starts + _PULL_ONCE
        world.wake(backs_off)
        reason = "ErrImagePull" if world.now < backs_off else "ImagePullBackOff"
        message = f'Back-off pulling image "{container["image"]}"'
    return {"waiting": {"reason": reason, "message": message}}


def _status(container: Json, life: ContainerLife | None, state: Json) -> Json:
    image = container["image"]
    return {
        "name": container["name"],
        "image": image,
        "imageID": f"fake://{image}" if "running" in state else "",
        "ready": False,
        "started": False,
        "restartCount": life.restarts if life else 0,
        "state": state,
        "lastState": (life.last or {}) if life else {},
    }


def _phase(pod: Json, first: list[Json], statuses: list[Json]) -> str:
    codes = [
        status["state"]["terminated"]["exitCode"]
        for status in statuses
        if "terminated" in status["state"]
    ]
    failed = any(one["state"].get("terminated", {}).get("exitCode") for one in first)
    if failed and pod["spec"]["restartPolicy"] == "Never":
        return "Failed"
    if len(codes) == len(statuses):
        return "Failed" if any(codes) else "Succeeded"
    begun = [one for one in statuses if "running" in one["state"] or one["restartCount"]]
    return "Running" if begun or codes else "Pending"


def _report(world: World, pod: Json, first: list[Json], statuses: list[Json]) -> None:
    phase = _phase(pod, first, statuses)
    initialised = all("terminated" in status["state"] for status in first)
    ready = all(status["ready"] for status in statuses) and phase == "Running"

    def change(new: Json) -> None:
        status = new["status"]
        if first:
            status["initContainerStatuses"] = first
        status.update(phase=phase, containerStatuses=statuses, hostIP="10.0.0.1")
        status.setdefault("startTime", world.stamp())
        if "podIP" not in status and phase == "Running":
            world.addresses += 1
            status["podIP"] = f"10.244.{world.addresses // 250}.{world.addresses % 250 + 1}"
            status["podIPs"] = [{"ip": status["podIP"]}]
        conditions = status.get("conditions") or []
        for name, true in (
            ("Initialized", initialised),
            ("ContainersReady", ready),
            ("Ready", ready),
        ):
            entry = {"type": name, "status": str(true), **_why_not(name, phase, true=true)}
            conditions = with_condition(conditions, entry, world.stamp())
        status["conditions"] = conditions

    world.store.update(PODS, pod, change, bump=False)


def _why_not(name: str, phase: str, *, true: bool) -> Json:
    if true or name == "Initialized":
        return {}
    return {"reason": "PodCompleted" if phase == "Succeeded" else "ContainersNotReady"}
