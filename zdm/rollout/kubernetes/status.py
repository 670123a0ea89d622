"""How far the rollout of each declared workload is, from one look at the cluster. Pure.

`kubectl rollout status` compares counters; it reports success while old pods terminate, while
nothing is wanted (replicas 0), and with another client's template. Here the counters only say
"not yet": the rollout is not done while another ReplicaSet has a pod, and the pods decide.
`replicas` is read at every look and never written: autoscalers move it meanwhile.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.release import (
    RolloutComplete,
    RolloutFailed,
    RolloutProgress,
    RolloutStatus,
    Version,
)
from zdm.rollout.kubernetes import objects, pod_failures, workloads
from zdm.rollout.kubernetes.api import Json
from zdm.rollout.kubernetes.objects import Ref, Scene
from zdm.rollout.kubernetes.pod_failures import StartLimits
from zdm.rollout.kubernetes.workloads import Declared

HASH = "pod-template-hash"
REVISION = "controller-revision-hash"
SHOWN = 3  # names in one sentence


class Question(Struct, frozen=True, kw_only=True):
    """What the objects are compared with."""

    target: Version
    limits: StartLimits
    scene: Scene


def status(found: tuple[Declared, ...], question: Question) -> RolloutStatus:
    """All workloads together: failed if one is, complete if all are."""
    waiting: list[RolloutProgress] = []
    for one in found:
        item = question.scene.find(one.ref)
        if item is None or objects.is_terminating(item):
            continue  # the templates say what that means
        answer = _workload(one, item, question)
        match answer:
            case RolloutFailed():
                return RolloutFailed(reason=f"{one.ref}: {answer.reason}")
            case RolloutProgress():
                waiting.append(replace(answer, waiting_for=f"{one.ref}: {answer.waiting_for}"))
            case RolloutComplete():
                pass
    if not waiting:
        return RolloutComplete()
    return RolloutProgress(
        waiting_for="; ".join(each.waiting_for for each in waiting),
        by_hand=all(each.by_hand for each in waiting),
    )


def _workload(one: Declared, item: Json, question: Question) -> RolloutStatus:
    version = one.version_of(one.workload.kind, item).version
    if one.workload.kind in ("CronJob", "Job") or version is None:
        return RolloutComplete()  # templates and active Jobs are looked at elsewhere
    if version != question.target:
        return RolloutProgress(waiting_for=f"its template is not at {question.target}")
    failed = _refusals(item) or _failed_pods(one, question)
    if failed:
        return RolloutFailed(reason=failed)
    waiting = next(_waiting(one, item, question), None)
    if waiting is None:
        return RolloutComplete()
    troubles = "".join(_troubles(one, question))
    return replace(waiting, waiting_for=f"{waiting.waiting_for}{troubles}")


def _is_observed(item: Json) -> bool:
    """Whether the controller has seen this specification; its status is old until then."""
    generation = int(objects.metadata(item).get("generation") or 0)
    return int(objects.status(item).get("observedGeneration") or 0) >= generation


def _refusals(item: Json) -> str:
    """Conditions that end a rollout; both speak of an older template until it is observed."""
    if not _is_observed(item):
        return ""
    known = objects.conditions(item)
    progressing, failing = known.get("Progressing", {}), known.get("ReplicaFailure", {})
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return f"no progress within its deadline: {progressing.get('message')}"
    if failing.get("status") == "True":
        return f"its pods cannot be made: {failing.get('message')}"
    return ""


def _new_pods(one: Declared, question: Question) -> Iterator[tuple[Ref, Json]]:
    for name, pod in workloads.pods(one, question.scene):
        new = one.version_of("Pod", pod).version == question.target
        if new and not objects.is_terminating(pod):
            yield name, pod


def _failed_pods(one: Declared, question: Question) -> str:
    said = (
        pod_failures.failure(pod, question.scene.now, question.limits)
        for _, pod in _new_pods(one, question)
    )
    return next(filter(None, said), "")


def _troubles(one: Declared, question: Question) -> Iterator[str]:
    for name, pod in _new_pods(one, question):
        trouble = pod_failures.trouble(pod)
        if trouble:
            yield f"; {name} {trouble}"
            return


def _waiting(one: Declared, item: Json, question: Question) -> Iterator[RolloutProgress]:
    """What is missing, the first first."""
    if not _is_observed(item):
        yield _moving("its controller has not seen the change yet")
    match one.workload.kind:
        case "Deployment":
            yield from _deployment(one, item, question)
        case "StatefulSet":
            yield from _stateful_set(one, item, question.scene)
        case "DaemonSet":
            yield from _daemon_set(item)
    yield from _not_ready(one, item, question)


def _not_ready(one: Declared, item: Json, question: Question) -> Iterator[RolloutProgress]:
    """The pods decide: a controller that was cut off keeps counting those it knew."""
    want = _number(objects.spec(item), "replicas", 1)
    if one.workload.kind == "DaemonSet":
        want = _number(objects.status(item), "desiredNumberScheduled")
    pods = _new_pods(one, question)
    ready = sum(objects.is_condition(pod, "Ready", "True") for _, pod in pods)
    if ready < want:
        yield _moving(f"{ready} of {want} new pods are ready")


def _moving(text: str, by_hand: str = "") -> RolloutProgress:
    return RolloutProgress(waiting_for=f"{text}{by_hand}", by_hand=bool(by_hand))


def _deployment(one: Declared, item: Json, question: Question) -> Iterator[RolloutProgress]:
    if objects.spec(item).get("paused"):
        yield _moving(
            "it is paused",
            ": resume it (kubectl rollout resume"
            f" -n {one.ref.namespace} deployment/{one.ref.name})",
        )
    yield from map(_moving, _counters(item))
    new = [
        name
        for name, replica_set in question.scene.owned("ReplicaSet", one.ref)
        if _same_template(item, replica_set)
    ]
    if not new:
        yield _moving("its new ReplicaSet is not there yet")
    for name, replica_set in question.scene.owned("ReplicaSet", one.ref):
        if name not in new and _has_pods(replica_set) and not _shows_old(one, name, question):
            yield _moving(f"the other ReplicaSet {name.name} still has pods")
    counted = objects.status(item).get("terminatingReplicas")
    pods = workloads.pods(one, question.scene)
    seen = sum(objects.is_terminating(pod) for _, pod in pods)
    if isinstance(counted, int) and counted > seen:  # absent means unknown, never 0
        yield _moving(f"it counts {counted} terminating pods, and {seen} are seen")


def _shows_old(one: Declared, replica_set: Ref, question: Question) -> bool:
    """Whether its pods are seen, so that the gate names them and says until when."""
    return any(
        objects.controller(pod) == replica_set
        and one.version_of("Pod", pod).version != question.target
        for _, pod in workloads.pods(one, question.scene)
    )


def _counters(item: Json) -> Iterator[str]:
    state = objects.status(item)
    want = _number(objects.spec(item), "replicas", 1)
    updated, there = _number(state, "updatedReplicas"), _number(state, "replicas")
    ready = _number(state, "availableReplicas")
    if updated < want:
        yield f"{updated} of {want} pods are new"
    if there > updated:
        yield f"{there - updated} pods of another template are not yet stopping"
    if ready < want:
        yield f"{ready} of {want} pods are available"


def _number(of: Json, key: str, default: int = 0) -> int:
    value = of.get(key)
    return default if value is None else int(value)


def _same_template(item: Json, replica_set: Json) -> bool:
    return _bare(item) == _bare(replica_set)


def _bare(item: Json) -> tuple[Json, Json]:
    """The template without the label that the controller adds, and without empty tables."""
    head, body = objects.template("Deployment", item)
    labels = {k: v for k, v in (head.get("labels") or {}).items() if k != HASH}
    full = {**head, "labels": labels}
    return {key: value for key, value in full.items() if value}, body


def _has_pods(replica_set: Json) -> bool:
    state = objects.status(replica_set)
    return bool(
        _number(objects.spec(replica_set), "replicas", 1)
        or _number(state, "replicas")
        or _number(state, "terminatingReplicas")
    )


def _stateful_set(one: Declared, item: Json, scene: Scene) -> Iterator[RolloutProgress]:
    strategy = objects.spec(item).get("updateStrategy") or {}
    by_hand = _by_hand(strategy)
    revision = objects.status(item).get("updateRevision")
    old = [
        name.name
        for name, pod in workloads.pods(one, scene)
        if (objects.metadata(pod).get("labels") or {}).get(REVISION) != revision
    ]
    if old:  # the pods decide: currentRevision may be promoted too early
        yield _moving(f"{', '.join(old[:SHOWN])} not of its revision {revision}", by_hand)
    want = _number(objects.spec(item), "replicas", 1)
    ready = _number(objects.status(item), "availableReplicas")
    if ready < want:
        yield _moving(f"{ready} of {want} pods are available")
    stays = objects.status(item).get("currentRevision") != revision
    if _partition(strategy) and stays:  # a pod below it comes back with the old template
        yield _moving("pods below its partition come back old", by_hand)


def _partition(strategy: Json) -> int:
    return _number(strategy.get("rollingUpdate") or {}, "partition")


def _by_hand(strategy: Json) -> str:
    """Why it will not continue by itself."""
    if strategy.get("type") == "OnDelete":
        return "; its strategy is OnDelete: delete the old pods by hand"
    if _partition(strategy):
        return f"; its partition is {_partition(strategy)}: set it to 0"
    return ""


def _daemon_set(item: Json) -> Iterator[RolloutProgress]:
    state = objects.status(item)
    want = _number(state, "desiredNumberScheduled")
    updated, ready = _number(state, "updatedNumberScheduled"), _number(state, "numberAvailable")
    by_hand = _by_hand(objects.spec(item).get("updateStrategy") or {})
    if updated < want:
        yield _moving(f"{updated} of {want} nodes have the new pod", by_hand)
    if ready < want:
        yield _moving(f"{ready} of {want} pods are available")
