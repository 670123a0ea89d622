"""The conditions of a Deployment: Available, Progressing with its deadline, ReplicaFailure."""

from datetime import timedelta

from tests.fakes.kube_api import clock
from tests.fakes.kube_api.controllers.world import World, condition, with_condition
from tests.fakes.kube_api.kinds import Json

NO_DEADLINE = 2**31 - 1


def conditions(
    world: World, item: Json, told: tuple[Json, Json | None], *, least: int
) -> list[Json]:
    """The conditions that follow from the new status and the new ReplicaSet."""
    status, new = told
    result: list[Json] = list(item["status"].get("conditions") or [])
    if not item["spec"].get("paused"):
        result = _set(world, result, _available(status, least))
    found = condition(item, "Progressing")
    if item["spec"].get("progressDeadlineSeconds") == NO_DEADLINE:
        result = [one for one in result if one["type"] != "Progressing"]
    else:
        result = _set(world, result, _progressing(world, item, (status, new), found))
    if item["spec"].get("paused"):
        result = _set(world, result, _available(status, least))
    failure = None if new is None else condition(new, "ReplicaFailure")
    if failure is not None:
        return _set(world, result, (failure["reason"], failure["message"], "ReplicaFailure"))
    return [one for one in result if one["type"] != "ReplicaFailure"]


Verdict = tuple[str, str, str]  # reason, message, type; the status follows from the reason

_STATUS = {
    "MinimumReplicasUnavailable": "False",
    "ProgressDeadlineExceeded": "False",
    "DeploymentPaused": "Unknown",
    "DeploymentResumed": "Unknown",
}


def _set(world: World, present: list[Json], verdict: Verdict | None) -> list[Json]:
    if verdict is None:
        return present
    reason, message, name = verdict
    entry = {
        "type": name,
        "status": _STATUS.get(reason, "True"),
        "reason": reason,
        "message": message,
        "lastUpdateTime": world.stamp(),
    }
    old = next((one for one in present if one["type"] == name), None)
    if old is not None and name != "Progressing" and old["reason"] == reason:
        return present
    return last(present, entry, world.stamp())


def last(present: list[Json], entry: Json, now: str) -> list[Json]:
    """The conditions with this one at their end, where this controller puts what it sets."""
    ordered = sorted(present, key=lambda one: one["type"] == entry["type"])
    return with_condition(ordered, entry, now)


def created(name: str, now: str) -> Json:
    """Progressing, because a ReplicaSet was made."""
    return {
        "type": "Progressing",
        "status": "True",
        "reason": "NewReplicaSetCreated",
        "message": f'Created new replica set "{name}"',
        "lastUpdateTime": now,
    }


def _available(status: Json, least: int) -> Verdict:
    if status["availableReplicas"] >= least:
        return (
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            "Available",
        )
    message = "Deployment does not have minimum availability."
    return "MinimumReplicasUnavailable", message, "Available"


def _progressing(
    world: World, item: Json, told: tuple[Json, Json | None], found: Json | None
) -> Verdict | None:
    """None leaves the condition as it is, times included."""
    status, new = told
    old, name = item["status"], item["metadata"]["name"]
    reason = found["reason"] if found else ""
    if item["spec"].get("paused"):
        paused = ("DeploymentPaused", "Deployment is paused", "Progressing")
        return None if reason in {"DeploymentPaused", "ProgressDeadlineExceeded"} else paused
    if reason == "DeploymentPaused":
        return "DeploymentResumed", "Deployment is resumed", "Progressing"
    which = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{name}"'
    if found is None:
        return "FoundNewReplicaSet", f"Found new replica set {which[11:]}", "Progressing"
    if _complete(item, status):
        done = f"{which} has successfully progressed."
        same = reason == "NewReplicaSetAvailable" and found["message"] == done
        return None if same else ("NewReplicaSetAvailable", done, "Progressing")
    settled = reason == "NewReplicaSetAvailable"
    if settled and status["replicas"] == status["updatedReplicas"]:
        return None
    if _moves(old, status):
        return "ReplicaSetUpdated", f"{which} is progressing.", "Progressing"
    return _timed_out(world, item, found, which)


def _complete(item: Json, status: Json) -> bool:
    wanted = item["spec"]["replicas"]
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status[count] == wanted for count in counts)


def _moves(old: Json, new: Json) -> bool:
    def before(field: str) -> int:
        return int(old.get(field, 0))

    outdated = before("replicas") - before("updatedReplicas")
    return bool(
        new["updatedReplicas"] > before("updatedReplicas")
        or new["replicas"] - new["updatedReplicas"] < outdated
        or new["readyReplicas"] > before("readyReplicas")
        or new["availableReplicas"] > before("availableReplicas")
    )


def _timed_out(world: World, item: Json, found: Json, which: str) -> Verdict | None:
    if found["reason"] in {"NewReplicaSetAvailable", "ProgressDeadlineExceeded"}:
        return None
    patience = timedelta(seconds=item["spec"]["progressDeadlineSeconds"])
    deadline = clock.read(found["lastUpdateTime"]) + patience
    if world.now <= deadline:
        world.wake(deadline + timedelta(milliseconds=1))
        return None
    return "ProgressDeadlineExceeded", f"{which} has timed out progressing.", "Progressing"
