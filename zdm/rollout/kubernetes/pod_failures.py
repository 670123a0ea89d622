"""Which pods of a new version cannot start, by their containers' states. Pure.

Init containers count. A container's state has no time of its own while it waits, so the time
runs from the container's last end, or from the pod's start.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from zdm.rollout.kubernetes import objects
from zdm.rollout.kubernetes.api import Json

AT_ONCE = {  # nothing but a change helps: a name that is none, a Secret that is missing
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
}
BLIPS = {  # a registry or a runtime may be itself again in a moment
    "ErrImagePull",
    "ImagePullBackOff",
    "ImageInspectError",
    "RegistryUnavailable",
    "CreateContainerError",
}
CRASHING = {"CrashLoopBackOff", "RunContainerError"}


class StartLimits(Struct, frozen=True, kw_only=True):
    """How long a start may be in trouble before the rollout has failed."""

    config_error_after: timedelta = timedelta(seconds=15)
    image_error_after: timedelta = timedelta(seconds=90)
    restarts: int = 3


def failure(pod: Json, now: datetime, limits: StartLimits) -> str:
    """Why the pod will not start; empty while it may."""
    for container in _containers(pod):
        said = _failure(pod, container, now, limits)
        if said:
            return f"{objects.ref('Pod', pod)}: container {container.get('name')} {said}"
    return ""


def trouble(pod: Json) -> str:
    """What keeps the pod from starting just now, failed or not; empty where nothing does."""
    scheduled = objects.conditions(pod).get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"cannot be scheduled: {scheduled.get('message') or scheduled.get('reason')}"
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason")
        if reason not in (None, "ContainerCreating", "PodInitializing"):
            return f"container {container.get('name')}: {_sentence(waiting)}"
    return ""


def _containers(pod: Json) -> Iterator[Json]:
    state = objects.status(pod)
    yield from state.get("initContainerStatuses") or ()
    yield from state.get("containerStatuses") or ()


def _failure(pod: Json, container: Json, now: datetime, limits: StartLimits) -> str:
    state = container.get("state") or {}
    waiting = state.get("waiting") or {}
    reason, restarts = waiting.get("reason"), int(container.get("restartCount") or 0)
    age = now - _in_trouble_since(pod, container)
    if reason in AT_ONCE and age >= limits.config_error_after:
        return f"cannot be made: {_sentence(waiting)}"
    if reason in BLIPS and age >= limits.image_error_after:
        return f"does not start: {_sentence(waiting)}"
    ended = state.get("terminated") or {}
    crashed = reason in CRASHING or bool(ended.get("exitCode"))
    if crashed and restarts >= limits.restarts:
        return f"crashed and was restarted {restarts} times{_exit(container, ended)}"
    return ""


def _in_trouble_since(pod: Json, container: Json) -> datetime:
    last = ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
    return objects.moment(last) or objects.since(pod)


def _exit(container: Json, ended: Json) -> str:
    last = ended or (container.get("lastState") or {}).get("terminated") or {}
    if "exitCode" not in last:
        return ""
    message = " ".join(str(last.get("message") or "").split())[-200:]
    return f" (exit code {last['exitCode']}{': ' + message if message else ''})"


def _sentence(waiting: Json) -> str:
    message = " ".join(str(waiting.get("message") or "").split())
    return f"{waiting.get('reason')}{': ' + message if message else ''}"
