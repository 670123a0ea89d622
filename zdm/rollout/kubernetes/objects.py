"""Kubernetes objects as plain dicts: one look at a cluster, who owns whom, who is alive. Pure.

A pod is alive until its phase is Succeeded or Failed, or until the object is gone. A
deletionTimestamp does not make it dead: it is the request's time plus the grace time, so it
is the moment when the pod should be gone.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from zdm.rollout.kubernetes.api import Json

LOST_AFTER = timedelta(seconds=60)  # past its deletionTimestamp; a kubelet needs seconds
EPOCH = datetime.fromtimestamp(0, UTC)


class Ref(Struct, frozen=True, order=True):
    """An object by kind, namespace and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Scene(Struct, frozen=True, kw_only=True):
    """What one look at the allowed namespaces showed, by kind."""

    objects: Mapping[str, Mapping[Ref, Json]]
    now: datetime

    def all(self, *kinds: str) -> Iterator[tuple[Ref, Json]]:
        """Objects of these kinds with their names."""
        for kind in kinds:
            yield from self.objects.get(kind, {}).items()

    def find(self, wanted: Ref) -> Json | None:
        """One object."""
        return self.objects.get(wanted.kind, {}).get(wanted)

    def pods(self) -> Iterator[tuple[Ref, Json]]:
        """Every pod that is alive."""
        return ((name, pod) for name, pod in self.all("Pod") if is_alive(pod))

    def owned(self, kind: str, owner: Ref) -> Iterator[tuple[Ref, Json]]:
        """Objects that the owner controls, by its name: a namesake's leftovers count."""
        return ((name, item) for name, item in self.all(kind) if controller(item) == owner)

    def top(self, name: Ref, item: Json) -> Ref:
        """Who is at the upper end of the chain of owners."""
        seen = {name}
        owner = controller(item)
        while owner is not None and owner not in seen:  # a circle is possible
            seen.add(owner)
            name, found = owner, self.find(owner)
            owner = None if found is None else controller(found)
        return name


def scene(found: Mapping[str, Iterable[Json]], now: datetime) -> Scene:
    """A look from lists of objects, by kind."""
    by_name = {kind: {ref(kind, item): item for item in items} for kind, items in found.items()}
    return Scene(objects=by_name, now=now)


def metadata(item: Json) -> Json:
    """The object's metadata."""
    return dict(item.get("metadata") or {})


def spec(item: Json) -> Json:
    """What is wanted."""
    return dict(item.get("spec") or {})


def status(item: Json) -> Json:
    """What is."""
    return dict(item.get("status") or {})


def ref(kind: str, item: Json) -> Ref:
    """The object's name."""
    head = metadata(item)
    return Ref(kind, str(head.get("namespace") or ""), str(head.get("name") or ""))


def controller(item: Json) -> Ref | None:
    """Who owns the object and acts for it."""
    head = metadata(item)
    for owner in head.get("ownerReferences") or ():
        if owner.get("controller"):
            namespace = str(head.get("namespace") or "")
            return Ref(str(owner.get("kind")), namespace, str(owner.get("name")))
    return None


def template(kind: str, item: Json) -> tuple[Json, Json]:
    """Metadata and specification of the pods that the object makes, or of the pod itself."""
    if kind == "Pod":
        return metadata(item), spec(item)
    inner = spec(item)
    if kind == "CronJob":
        inner = dict((inner.get("jobTemplate") or {}).get("spec") or {})
    found = dict(inner.get("template") or {})
    return metadata(found), spec(found)


def moment(text: Any) -> datetime | None:
    """A time of the API."""
    if not isinstance(text, str) or not text:
        return None
    return datetime.fromisoformat(text)


def conditions(item: Json) -> dict[str, Json]:
    """The object's conditions by type."""
    return {str(c.get("type")): c for c in status(item).get("conditions") or ()}


def is_condition(item: Json, kind: str, value: str) -> bool:
    """Whether a condition has that value: True, False or Unknown."""
    return conditions(item).get(kind, {}).get("status") == value


def is_alive(pod: Json) -> bool:
    """Whether its containers may still run."""
    return status(pod).get("phase") not in ("Succeeded", "Failed")


def eta(pod: Json) -> datetime | None:
    """When a terminating pod should be gone."""
    return moment(metadata(pod).get("deletionTimestamp"))


def is_terminating(item: Json) -> bool:
    """Whether its deletion was requested."""
    return bool(metadata(item).get("deletionTimestamp"))


def lost(pod: Json, now: datetime) -> str:
    """Why it is unknown whether the pod still runs; empty if its kubelet reports."""
    node = spec(pod).get("nodeName") or "no node"
    due = eta(pod)
    if due is not None and now - due > LOST_AFTER:
        return f"it should have been gone at {due:%H:%M:%S}; its node {node} may be lost"
    if status(pod).get("reason") == "NodeLost" or is_condition(pod, "Ready", "Unknown"):
        return f"its node {node} does not report"
    return ""


def since(item: Json) -> datetime:
    """Since when it exists, or runs."""
    start = moment(status(item).get("startTime"))
    return start or moment(metadata(item).get("creationTimestamp")) or EPOCH


def is_finished(job: Json) -> bool:
    """Whether a Job will start no more pods."""
    return is_condition(job, "Complete", "True") or is_condition(job, "Failed", "True")


def selects(selector: Json, labels: Json) -> bool:
    """Whether a label selector takes an object; an empty one takes none here."""
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    if not wanted and not expressions:
        return False
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_fits(expression, labels) for expression in expressions)


def _fits(expression: Json, labels: Json) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return True  # an unknown operator may take it: rather one pod too many
