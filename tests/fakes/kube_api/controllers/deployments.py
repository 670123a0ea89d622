"""Deployments: revisions, rolling updates, Recreate, pauses, and the conditions people read.

The order of decisions follows the controller of 1.36: scaling before rolling, new up before old
down, and progress measured on the counts of the ReplicaSets. Terminating pods are in none of
the counts but `terminatingReplicas`, which is why "rolled out" is not "gone".
"""

from dataclasses import dataclass

from tests.fakes.kube_api.controllers import progress
from tests.fakes.kube_api.controllers.world import (
    World,
    bare,
    has_ended,
    hashed,
    is_controlled,
    is_terminating,
    percent,
    reference,
    without_zeros,
)
from tests.fakes.kube_api.kinds import DEPLOYMENTS, REPLICA_SETS, Json

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
LARGEST = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY}


def reconcile(world: World) -> None:
    """Every Deployment that nobody deleted."""
    for item in world.store.all(DEPLOYMENTS):
        if not is_terminating(item):
            _reconcile(world, item)


@dataclass(frozen=True, slots=True)
class Roll:
    """A Deployment with its ReplicaSets as they are now."""

    world: World
    item: Json
    new: Json | None
    old: tuple[Json, ...]

    @property
    def sets(self) -> tuple[Json, ...]:
        """All of them."""
        return self.old if self.new is None else (*self.old, self.new)

    @property
    def wanted(self) -> int:
        """The replicas asked for."""
        count: int = self.item["spec"]["replicas"]
        return count

    @property
    def surge(self) -> int:
        """How many pods may be there beyond that."""
        rolling = self.item["spec"]["strategy"].get("rollingUpdate") or {}
        return percent(rolling.get("maxSurge", 0), self.wanted, up=True)

    @property
    def unavailable(self) -> int:
        """How many may be missing; one, if nothing may be there beyond either."""
        rolling = self.item["spec"]["strategy"].get("rollingUpdate") or {}
        count = percent(rolling.get("maxUnavailable", 0), self.wanted, up=False)
        return min(count, self.wanted) if count or self.surge else 1


def _look(world: World, item: Json) -> Roll:
    mine = sorted(
        (
            one
            for one in world.store.all(REPLICA_SETS, item["metadata"]["namespace"])
            if is_controlled(one, item) and not is_terminating(one)
        ),
        key=lambda one: (one["metadata"]["creationTimestamp"], _revision(one)),
    )
    template = bare(item["spec"]["template"])
    new = next((one for one in mine if bare(one["spec"]["template"]) == template), None)
    return Roll(world, item, new, tuple(one for one in mine if one is not new))


def _reconcile(world: World, item: Json) -> None:
    roll = _look(world, item)
    recreate = item["spec"]["strategy"]["type"] == "Recreate"
    if item["spec"].get("paused"):
        _resize(roll)
    elif recreate:
        _recreate(roll)
    else:
        roll = _with_new(roll)
        if not _resize(roll):
            _roll(roll)
        _forget(roll)
    found = world.store.find(
        DEPLOYMENTS, item["metadata"]["namespace"], item["metadata"]["name"]
    )
    if found is not None:
        _tell(_look(world, found))


def _revision(item: Json) -> int:
    return int((item["metadata"].get("annotations") or {}).get(REVISION, 0))


def _with_new(roll: Roll) -> Roll:
    """The roll with a ReplicaSet of the present template, whose revision is the highest."""
    revision = max((_revision(one) for one in roll.old), default=0) + 1
    if roll.new is None:
        _create(roll, revision)
    else:
        _annotate(roll, roll.new, max(revision, _revision(roll.new)))
    return _look(roll.world, _same(roll))


def _same(roll: Roll) -> Json:
    metadata = roll.item["metadata"]
    return roll.world.store.get(DEPLOYMENTS, metadata["namespace"], metadata["name"])


def _create(roll: Roll, revision: int) -> None:
    item, template = roll.item, bare(roll.item["spec"]["template"])
    name = hashed(template)
    labels = {**template["metadata"]["labels"], "pod-template-hash": name}
    selector = item["spec"]["selector"]
    matched = {**(selector.get("matchLabels") or {}), "pod-template-hash": name}
    room = roll.wanted + roll.surge - sum(one["spec"]["replicas"] for one in roll.old)
    recreate = item["spec"]["strategy"]["type"] == "Recreate"
    replicas = roll.wanted if recreate else max(0, min(roll.wanted, room))
    template["metadata"] = {**template["metadata"], "labels": labels}
    spec = {
        "replicas": replicas,
        "selector": {**selector, "matchLabels": matched},
        "template": template,
    }
    if "minReadySeconds" in item["spec"]:
        spec["minReadySeconds"] = item["spec"]["minReadySeconds"]
    metadata = {
        "name": f"{item['metadata']['name']}-{name}",
        "namespace": item["metadata"]["namespace"],
        "labels": labels,
        "annotations": _annotations(roll, revision),
        "ownerReferences": [reference(item)],
    }
    roll.world.create(REPLICA_SETS, {"metadata": metadata, "spec": spec})
    _note_revision(roll, revision)
    _note_creation(roll, metadata["name"])


def _annotations(roll: Roll, revision: int) -> dict[str, str]:
    own = roll.item["metadata"].get("annotations") or {}
    return {
        **{key: value for key, value in own.items() if key not in _NOT_COPIED},
        REVISION: str(revision),
        DESIRED: str(roll.wanted),
        LARGEST: str(roll.wanted + roll.surge),
    }


def _annotate(roll: Roll, one: Json, revision: int) -> None:
    before = _revision(one)

    def change(new: Json) -> None:
        annotations = new["metadata"].setdefault("annotations", {})
        if revision > before:
            passed = [*filter(None, annotations.get(HISTORY, "").split(",")), str(before)]
            annotations[HISTORY] = ",".join(passed)
        fresh = _annotations(roll, revision)
        annotations.update({k: v for k, v in fresh.items() if k not in {DESIRED, LARGEST}})

    roll.world.change(REPLICA_SETS, one, change)
    _note_revision(roll, revision)


def _note_revision(roll: Roll, revision: int) -> None:
    """Through the status, so that the generation stays."""

    def change(new: Json) -> None:
        new["metadata"].setdefault("annotations", {})[REVISION] = str(revision)

    roll.world.store.update(DEPLOYMENTS, roll.item, change, bump=False)


def _note_creation(roll: Roll, name: str) -> None:
    """A new ReplicaSet is progress: the deadline starts anew."""

    def change(new: Json) -> None:
        conditions = new["status"].get("conditions") or []
        created = progress.created(name, roll.world.stamp())
        new["status"]["conditions"] = progress.last(conditions, created, roll.world.stamp())

    if roll.item["spec"]["progressDeadlineSeconds"] != progress.NO_DEADLINE:
        roll.world.store.update(DEPLOYMENTS, roll.item, change, bump=False)


def _set_replicas(roll: Roll, one: Json, replicas: int) -> None:
    def change(new: Json) -> None:
        new["spec"]["replicas"] = replicas
        new["metadata"].setdefault("annotations", {}).update(
            {DESIRED: str(roll.wanted), LARGEST: str(roll.wanted + roll.surge)}
        )

    roll.world.change(REPLICA_SETS, one, change)


def _resize(roll: Roll) -> bool:
    """Spread a changed number of replicas; whether that was what there was to do."""
    active = [one for one in roll.sets if one["spec"]["replicas"] > 0]
    scaled = [
        one for one in active if one["metadata"]["annotations"].get(DESIRED) != str(roll.wanted)
    ]
    if not scaled:
        return False
    if len(active) == 1 and (active[0] is roll.new or roll.item["spec"].get("paused")):
        _set_replicas(roll, active[0], roll.wanted)
        return True
    allowed = roll.wanted + roll.surge if roll.wanted else 0
    total = sum(one["spec"]["replicas"] for one in active)
    left = allowed - total
    for place, one in enumerate(sorted(active, key=lambda o: -o["spec"]["replicas"])):
        share = round(one["spec"]["replicas"] * (allowed - total) / total)
        share = left if place == len(active) - 1 else share
        left -= share
        _set_replicas(roll, one, max(0, one["spec"]["replicas"] + share))
    return True


def _roll(roll: Roll) -> None:
    new = roll.new
    if new is None:
        return
    total = sum(one["spec"]["replicas"] for one in roll.sets)
    count = new["spec"]["replicas"]
    if count < roll.wanted:
        up = min(roll.wanted - count, roll.wanted + roll.surge - total)
        if up > 0:
            _set_replicas(roll, new, count + up)
            return
    elif count > roll.wanted:
        _set_replicas(roll, new, roll.wanted)
        return
    _shrink_old(roll, new, total)


def _shrink_old(roll: Roll, new: Json, total: int) -> None:
    least = roll.wanted - roll.unavailable
    new_missing = new["spec"]["replicas"] - new["status"].get("availableReplicas", 0)
    spare = total - least - new_missing
    left = {one["metadata"]["name"]: one["spec"]["replicas"] for one in roll.old}
    for one in roll.old:  # those that do not work go first
        broken = one["spec"]["replicas"] - one["status"].get("availableReplicas", 0)
        down = max(0, min(broken, spare))
        left[one["metadata"]["name"]] -= down
        spare -= down
    available = sum(one["status"].get("availableReplicas", 0) for one in roll.sets)
    room = available - least
    for one in roll.old:
        down = max(0, min(left[one["metadata"]["name"]], room))
        left[one["metadata"]["name"]] -= down
        room -= down
    for one in roll.old:
        if left[one["metadata"]["name"]] != one["spec"]["replicas"]:
            _set_replicas(roll, one, left[one["metadata"]["name"]])


def _recreate(roll: Roll) -> None:
    """All old pods away, wholly, before the first new one."""
    running = [one for one in roll.old if one["spec"]["replicas"] > 0]
    for one in running:
        _set_replicas(roll, one, 0)
    alive = [pod for one in roll.old for pod in roll.world.pods_of(one) if not has_ended(pod)]
    if running or alive:
        return
    roll = _with_new(roll)
    if roll.new is not None and roll.new["spec"]["replicas"] != roll.wanted:
        _set_replicas(roll, roll.new, roll.wanted)
    _forget(roll)


def _forget(roll: Roll) -> None:
    """Drop revisions beyond the limit, once the roll is complete."""
    limit = roll.item["spec"]["revisionHistoryLimit"]
    empty = [one for one in roll.old if _is_empty(one)]
    for one in sorted(empty, key=_revision)[: max(0, len(empty) - limit)]:
        roll.world.store.remove(REPLICA_SETS, one)


def _is_empty(one: Json) -> bool:
    status = one["status"]
    return not (
        one["spec"]["replicas"] or status.get("replicas") or status.get("terminatingReplicas")
    )


def _tell(roll: Roll) -> None:
    item = roll.item

    def total(field: str) -> int:
        return sum(one["status"].get(field, 0) for one in roll.sets)

    asked = sum(one["spec"]["replicas"] for one in roll.sets)
    new_status = {} if roll.new is None else roll.new["status"]
    status: Json = {
        "observedGeneration": item["metadata"]["generation"],
        "replicas": total("replicas"),
        "updatedReplicas": new_status.get("replicas", 0),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": total("availableReplicas"),
        "unavailableReplicas": max(0, asked - total("availableReplicas")),
        "terminatingReplicas": total("terminatingReplicas"),
    }
    status["conditions"] = progress.conditions(
        roll.world, item, (status, roll.new), least=roll.wanted - roll.unavailable
    )
    if "collisionCount" in item["status"]:
        status["collisionCount"] = item["status"]["collisionCount"]
    status = without_zeros(status, "terminatingReplicas")
    roll.world.set_status(DEPLOYMENTS, item, status)
