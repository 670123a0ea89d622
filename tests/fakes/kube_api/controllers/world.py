"""What all controllers see and do: the store, the time, images, pods, conditions."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.fakes.kube_api import clock
from tests.fakes.kube_api.kinds import PODS, Json, Kind
from tests.fakes.kube_api.objects import admission
from tests.fakes.kube_api.rest.writing import suffix
from tests.fakes.kube_api.store import Store

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a container of an image behaves. Times are seconds.

    `stuck` is the reason for which it never starts: ErrImagePull, InvalidImageName,
    CreateContainerConfigError. `exits_after` lets it end with `exit_code`; a container that
    should run on then crash-loops.
    """

    start_after: float = 0.0
    ready_after: float = 0.0
    drain: float = 0.0
    stuck: str = ""
    exits_after: float | None = None
    exit_code: int = 0
    never_ready: bool = False
    unschedulable: bool = False

    @classmethod
    def crashing(cls, after: float = 0.0) -> "Behaviour":
        """Ends with 1 soon after each start."""
        return cls(exits_after=after, exit_code=1)


@dataclass(slots=True)
class ContainerLife:
    """One container's process: when it may start, and how it has gone so far."""

    starts: datetime
    started: datetime | None = None
    ended: datetime | None = None
    exit_code: int = 0
    restarts: int = 0
    last: Json | None = None


@dataclass(slots=True)
class World:
    """The cluster as controllers know it."""

    store: Store
    images: dict[str, Behaviour] = field(default_factory=dict)
    quotas: dict[str, int] = field(default_factory=dict)
    lost_nodes: dict[str, datetime] = field(default_factory=dict)
    lives: dict[tuple[str, str], ContainerLife] = field(default_factory=dict)
    wakes: list[datetime] = field(default_factory=list)
    addresses: int = 0

    @property
    def now(self) -> datetime:
        """The time."""
        return self.store.clock.now()

    def stamp(self) -> str:
        """The time as the API writes it."""
        return self.store.now()

    def wake(self, moment: datetime) -> None:
        """Something will follow at that time."""
        if moment > self.now:
            self.wakes.append(moment)

    def behaviour(self, image: str) -> Behaviour:
        """How the image behaves; one that nobody described runs at once and stays ready."""
        return self.images.get(image, Behaviour())

    def create(self, kind: Kind, item: Json) -> Json:
        """Create an object as a controller does."""
        item = {"kind": kind.kind, "apiVersion": kind.api_version, **item}
        item["metadata"]["uid"] = str(uuid4())
        admission.default(kind, item, new=True)
        if kind.generation and "status" in kind.subresources:
            item.setdefault("status", {})
        return self.store.create(kind, item)

    def create_pod(
        self,
        owner: Json,
        template: Json,
        *,
        name: str = "",
        labels: dict[str, str] | None = None,
    ) -> str:
        """Create a pod from a template; what stands in its way, or nothing."""
        namespace = owner["metadata"]["namespace"]
        limit = self.quotas.get(namespace)
        used = len([pod for pod in self.store.all(PODS, namespace) if is_active(pod)])
        prefix = f"{owner['metadata']['name']}-"
        if limit is not None and used >= limit:
            shown = name or prefix + hashed(prefix)[:5]  # no new words, else writing never ends
            return (
                f'pods "{shown}" is forbidden: exceeded quota: pods, requested: pods=1,'
                f" used: pods={used}, limited: pods={limit}"
            )
        copied = json.loads(json.dumps(template))
        metadata = {k: v for k, v in copied["metadata"].items() if k != "creationTimestamp"}
        metadata["labels"] = {**metadata.get("labels", {}), **(labels or {})}
        metadata.update(
            generateName=prefix,
            name=name or prefix + suffix(),
            namespace=namespace,
            ownerReferences=[reference(owner)],
        )
        self.create(PODS, {"metadata": metadata, "spec": copied["spec"]})
        return ""

    def pods_of(self, owner: Json) -> list[Json]:
        """The pods that it controls, terminating and ended ones included."""
        return [
            pod
            for pod in self.store.all(PODS, owner["metadata"]["namespace"])
            if is_controlled(pod, owner)
        ]

    def set_status(self, kind: Kind, item: Json, status: Json) -> None:
        """Store a status; an equal one is no write."""
        self.store.update(kind, item, lambda new: new.update(status=status), bump=False)

    def change(self, kind: Kind, item: Json, change: Callable[[Json], None]) -> Json:
        """Store a change of the specification or metadata."""
        return self.store.update(kind, item, change)


def reference(owner: Json) -> Json:
    """The reference by which an object says who controls it."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(item: Json) -> Json | None:
    """The controlling reference."""
    references = item["metadata"].get("ownerReferences") or []
    return next((one for one in references if one.get("controller")), None)


def is_controlled(item: Json, owner: Json) -> bool:
    """Whether that owner controls it."""
    found = controller_of(item)
    return found is not None and found["uid"] == owner["metadata"]["uid"]


def is_terminating(item: Json) -> bool:
    """Whether somebody deleted it."""
    return "deletionTimestamp" in item["metadata"]


def has_ended(pod: Json) -> bool:
    """Whether its phase is final."""
    return pod["status"].get("phase") in {"Succeeded", "Failed"}


def is_active(pod: Json) -> bool:
    """Whether controllers count it."""
    return not is_terminating(pod) and not has_ended(pod)


def condition(item: Json, name: str) -> Json | None:
    """A condition of the status."""
    conditions = item.get("status", {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == name), None)


def is_ready(pod: Json) -> bool:
    """Whether the pod says so."""
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def available_at(pod: Json, min_ready_seconds: int) -> datetime | None:
    """When a ready pod counts as available."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return None
    return clock.read(found["lastTransitionTime"]) + timedelta(seconds=min_ready_seconds)


def count_available(world: World, pods: list[Json], min_ready_seconds: int) -> int:
    """How many are available; wake up when the next one is."""
    moments = [at for pod in pods if (at := available_at(pod, min_ready_seconds)) is not None]
    for moment in moments:
        world.wake(moment)
    return len([moment for moment in moments if moment <= world.now])


def with_condition(conditions: list[Json], new: Json, now: str) -> list[Json]:
    """The conditions with this one set; its transition time moves only with its status."""
    result, found = [], False
    for old in conditions:
        if old["type"] != new["type"]:
            result.append(old)
            continue
        found = True
        same = old["status"] == new["status"]
        moved = old["lastTransitionTime"] if same else now
        result.append({**new, "lastTransitionTime": moved})
    return result if found else [*result, {**new, "lastTransitionTime": now}]


def without_zeros(status: Json, *keep: str) -> Json:
    """As Go writes counts: zeros are left out, apart from those always written."""
    return {k: v for k, v in status.items() if v or k in keep}


def bare(template: Json, label: str = "pod-template-hash") -> Json:
    """A pod template without the label that tells revisions apart."""
    metadata = {k: v for k, v in template.get("metadata", {}).items() if v is not None}
    metadata["labels"] = {k: v for k, v in metadata.get("labels", {}).items() if k != label}
    return {"metadata": metadata, "spec": template["spec"]}


def hashed(value: Any) -> str:
    """A short name for a value, in the server's letters."""
    number = int.from_bytes(hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest())
    letters = ""
    for _ in range(9):
        number, rest = divmod(number, len(_LETTERS))
        letters += _LETTERS[rest]
    return letters


def percent(value: Any, of: int, *, up: bool) -> int:
    """An absolute number from `2` or `25%`."""
    if isinstance(value, int):
        return value
    share = int(str(value).rstrip("%")) * of
    return -(-share // 100) if up else share // 100
