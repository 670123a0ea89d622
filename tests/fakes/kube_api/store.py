"""Where objects live: one counter of versions, one log of changes, one lock.

The store knows metadata only: uid, resourceVersion, generation, times. Stored objects are
never changed in place, so a reader that only reads needs no copy.
"""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from tests.fakes.kube_api import clock
from tests.fakes.kube_api.clock import SimulatedClock
from tests.fakes.kube_api.kinds import Json, Kind
from tests.fakes.kube_api.rest import answers

Key = tuple[str, str, str, str]  # group, plural, namespace, name

FIRST_REVISION = 200  # a fresh control plane has written its own objects before


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log: what the object was before and what it is after."""

    revision: int
    kind: Kind
    before: Json | None
    after: Json | None


@dataclass(slots=True)
class Store:
    """All objects of the cluster."""

    clock: SimulatedClock
    changed: threading.Condition = field(default_factory=threading.Condition)
    revision: int = FIRST_REVISION
    forgotten: int = FIRST_REVISION
    objects: dict[Key, Json] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    pages: dict[str, list[Json]] = field(default_factory=dict)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes."""
        with self.changed:
            yield

    def now(self) -> str:
        """The time as the API writes it."""
        return clock.stamp(self.clock.now())

    def find(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """The object, not to be changed."""
        return self.objects.get(_key(kind, namespace, name))

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        """A copy of the object, or 404."""
        found = self.find(kind, namespace, name)
        if found is None:
            raise answers.not_found(kind, name)
        return copy.deepcopy(found)

    def all(self, kind: Kind, namespace: str = "") -> list[Json]:
        """The objects of a kind in order of their names, not to be changed."""
        with self.locked():
            found = [
                (key, item)
                for key, item in self.objects.items()
                if key[:2] == (kind.group, kind.plural) and namespace in {"", key[2]}
            ]
        return [item for _, item in sorted(found, key=lambda pair: pair[0])]

    def create(self, kind: Kind, item: Json) -> Json:
        """Store a new object, whose name is free."""
        metadata = item["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if self.find(kind, namespace, name) is not None:
            raise answers.exists(kind, name)
        metadata.setdefault("uid", str(uuid4()))
        metadata["creationTimestamp"] = self.now()
        if kind.generation:
            metadata["generation"] = 1
        return self._write(kind, None, item)

    def replace(self, kind: Kind, old: Json, new: Json) -> Json:
        """Store a new state; an unchanged one is no write."""
        if old == new:
            return old
        if kind.generation and _raises_generation(kind, old, new):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        return self._write(kind, old, new)

    def update(
        self, kind: Kind, item: Json, change: Callable[[Json], None], *, bump: bool = True
    ) -> Json:
        """Change a copy of the present state and store it: how controllers write."""
        metadata = item["metadata"]
        old = self.find(kind, metadata.get("namespace", ""), metadata["name"])
        if old is None or old["metadata"]["uid"] != metadata["uid"]:
            return item
        new = copy.deepcopy(old)
        change(new)
        if bump:
            return self.replace(kind, old, new)
        return old if old == new else self._write(kind, old, new)

    def remove(self, kind: Kind, item: Json) -> Json:
        """Forget the object; the log keeps its last state."""
        metadata = item["metadata"]
        old = self.objects.pop(_key(kind, metadata.get("namespace", ""), metadata["name"]))
        last = copy.deepcopy(old)
        self.revision += 1
        last["metadata"]["resourceVersion"] = str(self.revision)
        self._tell(Change(self.revision, kind, last, None))
        return last

    def compact(self) -> None:
        """Forget the past: older watches and pages are answered with 410."""
        with self.locked():
            self.forgotten = self.revision
            self.log.clear()
            self.pages.clear()

    def _write(self, kind: Kind, old: Json | None, new: Json) -> Json:
        self.revision += 1
        metadata = new["metadata"]
        metadata["resourceVersion"] = str(self.revision)
        self.objects[_key(kind, metadata.get("namespace", ""), metadata["name"])] = new
        self._tell(Change(self.revision, kind, old, new))
        return new

    def _tell(self, change: Change) -> None:
        self.log.append(change)
        self.changed.notify_all()


def _key(kind: Kind, namespace: str, name: str) -> Key:
    return kind.group, kind.plural, namespace if kind.namespaced else "", name


def _raises_generation(kind: Kind, old: Json, new: Json) -> bool:
    """A Deployment's annotations count too, except through its status; see its strategy.go."""
    if old.get("spec") != new.get("spec"):
        return True
    annotations = [item["metadata"].get("annotations") for item in (old, new)]
    return kind.kind == "Deployment" and annotations[0] != annotations[1]
