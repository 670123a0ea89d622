"""What a container can be in, and the pod status that follows from it: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.cluster.controlplane.api import Json


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not running, with the kubelet's reason."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """Running since then."""

    started: float


@dataclass(frozen=True, slots=True)
class Terminated:
    """Ended with that exit code."""

    exit_code: int
    reason: str
    started: float
    finished: float
    message: str = ""


State = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One container as its status shows it."""

    name: str
    image: str
    image_id: str
    state: State
    last: Terminated | None
    restarts: int
    started: bool  # the startup probe has succeeded, or there is none
    ready: bool
    identity: str


def moment(seconds: float) -> str:
    """A time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def container_status(view: View) -> Json:
    """One entry of containerStatuses."""
    return {
        "name": view.name,
        "image": view.image,
        "imageID": view.image_id,
        "state": _state(view.state, view.identity),
        "lastState": {} if view.last is None else _state(view.last, view.identity),
        "restartCount": view.restarts,
        "ready": view.ready,
        "started": view.started,
        **({"containerID": view.identity} if view.identity else {}),
    }


def _state(state: State, identity: str) -> Json:
    match state:
        case Waiting():
            said = {"message": state.message} if state.message else {}
            return {"waiting": {"reason": state.reason, **said}}
        case Running():
            return {"running": {"startedAt": moment(state.started)}}
        case Terminated():
            said = {"message": state.message} if state.message else {}
            return {
                "terminated": {
                    "exitCode": state.exit_code,
                    "reason": state.reason,
                    "startedAt": moment(state.started),
                    "finishedAt": moment(state.finished),
                    "containerID": identity,
                    **said,
                }
            }


def phase(init: Sequence[View], main: Sequence[View], policy: str) -> str:
    """The pod's phase."""
    if any(_has_failed(view, policy) for view in init):
        return "Failed"
    if not all(_is_done(view) for view in init):
        return "Pending"
    ended = [view.state for view in main if isinstance(view.state, Terminated)]
    if len(ended) == len(main) and policy != "Always":
        good = all(state.exit_code == 0 for state in ended)
        if good:
            return "Succeeded"
        if policy == "Never":
            return "Failed"
        return "Running"
    begun = [view for view in main if not isinstance(view.state, Waiting) or view.last]
    return "Running" if len(begun) == len(main) else "Pending"


def _has_failed(view: View, policy: str) -> bool:
    return (
        policy == "Never" and isinstance(view.state, Terminated) and view.state.exit_code != 0
    )


def _is_done(view: View) -> bool:
    return isinstance(view.state, Terminated) and view.state.exit_code == 0


def conditions(
    init: Sequence[View], main: Sequence[View], found: str, before: Mapping[str, Json]
) -> list[Json]:
    """The kubelet's conditions; a transition time moves only with the status."""
    initialised = found == "Succeeded" or all(_is_done(view) for view in init)
    unready = [view.name for view in main if not view.ready]
    ready = not unready and found == "Running"
    if found in ("Succeeded", "Failed"):
        why = {"reason": "PodCompleted" if found == "Succeeded" else "PodFailed"}
    else:
        why = {
            "reason": "ContainersNotReady",
            "message": f"containers with unready status: [{' '.join(unready)}]",
        }
    wanted: list[tuple[str, bool, Json]] = [
        ("PodReadyToStartContainers", found not in ("Succeeded", "Failed"), {}),
        (
            "Initialized",
            initialised,
            {} if initialised else {"reason": "ContainersNotInitialized"},
        ),
        ("Ready", ready, {} if ready else why),
        ("ContainersReady", ready, {} if ready else why),
    ]
    return [_condition(kind, holds, said, before.get(kind)) for kind, holds, said in wanted]


def _condition(kind: str, holds: bool, said: Json, before: Json | None) -> Json:
    status = "True" if holds else "False"
    since = moment(datetime.now(UTC).timestamp())
    if before is not None and before["status"] == status:
        since = before["lastTransitionTime"]
    cleared = {"reason": None, "message": None}  # a strategic merge keeps what is not named
    return {"type": kind, "status": status, "lastTransitionTime": since, **cleared, **said}


def contradicts(shown: Json, wanted: Json) -> bool:
    """Whether a pod's status shows a condition otherwise than its kubelet knows it."""
    found = {c["type"]: c["status"] for c in shown.get("conditions") or ()}
    return any(found.get(c["type"]) != c["status"] for c in wanted["conditions"])


def seconds_since(written: str) -> float:
    """How long ago a time of the API is."""
    then = datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return datetime.now(UTC).timestamp() - then.timestamp()
