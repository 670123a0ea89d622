"""Jobs: pods until enough have succeeded, too many have failed, or somebody suspends them."""

from datetime import datetime, timedelta

from tests.fakes.kube_api import clock
from tests.fakes.kube_api.controllers.world import (
    World,
    condition,
    has_ended,
    is_active,
    is_ready,
    is_terminating,
    with_condition,
    without_zeros,
)
from tests.fakes.kube_api.kinds import JOBS, PODS, Json
from tests.fakes.kube_api.objects import deletion

_BACK_OFF = timedelta(seconds=10)
_LONGEST_BACK_OFF = timedelta(seconds=600)


def reconcile(world: World) -> None:
    """Every Job that nobody deleted."""
    for item in world.store.all(JOBS):
        if is_terminating(item):
            continue
        if is_finished(item):
            _expire(world, item)
            continue
        pods = world.pods_of(item)
        verdict = _verdict(item, pods)
        if verdict is not None or item["spec"]["suspend"]:
            for pod in filter(is_active, pods):
                deletion.delete(world.store, PODS, pod, {})
        else:
            _start(world, item, pods)
        _tell(world, item, verdict)


def is_finished(item: Json) -> bool:
    """Whether it is Complete or Failed."""
    found = [condition(item, name) for name in ("Complete", "Failed")]
    return any(one is not None and one["status"] == "True" for one in found)


def _expire(world: World, item: Json) -> None:
    seconds = item["spec"].get("ttlSecondsAfterFinished")
    if seconds is None:
        return
    done = next(c for c in item["status"]["conditions"] if c["type"] in {"Complete", "Failed"})
    end = clock.read(done["lastTransitionTime"]) + timedelta(seconds=seconds)
    if world.now >= end:
        world.store.remove(JOBS, item)
    else:
        world.wake(end)


def _in_phase(pods: list[Json], phase: str) -> list[Json]:
    return [pod for pod in pods if pod["status"].get("phase") == phase]


def _ignored(item: Json, pod: Json) -> bool:
    return _action(item, pod) == "Ignore"


def _action(item: Json, pod: Json) -> str:
    """What the pod failure policy says about a failed pod."""
    for rule in (item["spec"].get("podFailurePolicy") or {}).get("rules", []):
        if "onExitCodes" in rule:
            codes = _codes(pod, rule["onExitCodes"].get("containerName"))
            inside = codes & set(rule["onExitCodes"]["values"])
            hit = inside if rule["onExitCodes"]["operator"] == "In" else codes - inside
        else:
            wanted = {one["type"] for one in rule["onPodConditions"]}
            hit = {one["type"] for one in pod["status"].get("conditions", [])} & wanted
        if hit:
            action: str = rule["action"]
            return action
    return "Count"


def _codes(pod: Json, container: str | None) -> set[int]:
    return {
        status["state"]["terminated"]["exitCode"]
        for status in pod["status"].get("containerStatuses", [])
        if container in {None, status["name"]} and "terminated" in status["state"]
    } - {0}


def _verdict(item: Json, pods: list[Json]) -> tuple[str, str] | None:
    """Complete or Failed with its reason, or None while it goes on."""
    failed = _in_phase(pods, "Failed")
    if len(_in_phase(pods, "Succeeded")) >= item["spec"]["completions"]:
        return "Complete", "CompletionsReached"
    if any(_action(item, pod) == "FailJob" for pod in failed):
        return "Failed", "PodFailurePolicy"
    if len([pod for pod in failed if not _ignored(item, pod)]) > item["spec"]["backoffLimit"]:
        return "Failed", "BackoffLimitExceeded"
    return None


def _start(world: World, item: Json, pods: list[Json]) -> None:
    spec = item["spec"]
    done = len(_in_phase(pods, "Succeeded"))
    running = [
        pod
        for pod in pods
        if not has_ended(pod) and (is_active(pod) or spec["podReplacementPolicy"] == "Failed")
    ]
    missing = min(spec["parallelism"], spec["completions"] - done) - len(running)
    not_before = _not_before(item, pods)
    if missing > 0 and not_before and world.now < not_before:
        world.wake(not_before)
        return
    for _ in range(missing):
        world.create_pod(item, spec["template"])


def _not_before(item: Json, pods: list[Json]) -> datetime | None:
    failed = [pod for pod in _in_phase(pods, "Failed") if not _ignored(item, pod)]
    if not failed:
        return None
    doubled: int = 2 ** (len(failed) - 1)
    pause = min(_BACK_OFF * doubled, _LONGEST_BACK_OFF)
    return max(_moved(pod) for pod in failed) + pause


def _moved(pod: Json) -> datetime:
    found = condition(pod, "Ready")
    moment: str = (found or {}).get("lastTransitionTime") or pod["metadata"][
        "creationTimestamp"
    ]
    return clock.read(moment)


def _tell(world: World, item: Json, verdict: tuple[str, str] | None) -> None:
    pods = world.pods_of(item)
    conditions = list(item["status"].get("conditions") or [])
    suspended = condition(item, "Suspended")
    if item["spec"]["suspend"] or suspended:
        state = "True" if item["spec"]["suspend"] else "False"
        why = "suspended" if item["spec"]["suspend"] else "resumed"
        entry = {
            "type": "Suspended",
            "status": state,
            "reason": f"Job{why.title()}",
            "message": f"Job {why}",
        }
        conditions = with_condition(conditions, entry, world.stamp())
    status = {
        "active": len([pod for pod in pods if is_active(pod)]),
        "ready": len([pod for pod in pods if is_active(pod) and is_ready(pod)]),
        "terminating": len([p for p in pods if is_terminating(p) and not has_ended(p)]),
        "succeeded": len(_in_phase(pods, "Succeeded")),
        "failed": len(_in_phase(pods, "Failed")),
        "uncountedTerminatedPods": {},
    }
    if not item["spec"]["suspend"]:
        status["startTime"] = item["status"].get("startTime") or world.stamp()
    if verdict is not None:
        name, reason = verdict
        for kind in ("SuccessCriteriaMet" if name == "Complete" else "FailureTarget", name):
            entry = {"type": kind, "status": "True", "reason": reason}
            conditions = with_condition(conditions, entry, world.stamp())
        if name == "Complete":
            status["completionTime"] = world.stamp()
    status["conditions"] = conditions
    kept = ("terminating", "ready", "uncountedTerminatedPods")
    world.set_status(JOBS, item, without_zeros(status, *kept))
