"""The declared workloads in one look at a cluster: their versions, pods and templates. Pure."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.release import Instance, InstanceState, Spawner, Version
from zdm.rollout.kubernetes import objects, versions
from zdm.rollout.kubernetes.api import Json
from zdm.rollout.kubernetes.objects import Ref, Scene
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload
from zdm.rollout.kubernetes.versions import Found, Images


class Declared(Struct, frozen=True, kw_only=True):
    """A workload of the settings, with the container's name where the cluster says it."""

    workload: KubernetesWorkload
    images: Images

    @property
    def ref(self) -> Ref:
        """Its name."""
        return Ref(self.workload.kind, self.workload.namespace, self.workload.name)

    def version_of(self, kind: str, item: Json) -> Found:
        """The version of its template, or of a pod or Job of it."""
        return versions.find(self.workload, self.images, *objects.template(kind, item))

    def resolved(self, item: Json) -> "Declared":
        """With its container's name: injected sidecars are in pods, not in templates."""
        name = versions.main_container(
            self.workload, objects.template(self.workload.kind, item)[1]
        )
        return replace(self, workload=replace(self.workload, container=name))


def declared(settings: KubernetesSettings) -> tuple[Declared, ...]:
    """The workloads of the settings."""
    return tuple(
        Declared(
            workload=workload,
            images=versions.images_of(workload, settings.image, settings.images),
        )
        for workload in settings.workloads
    )


def resolve(found: Iterable[Declared], scene: Scene) -> tuple[Declared, ...]:
    """The same, completed with what the cluster shows of them."""
    known = ((one, scene.find(one.ref)) for one in found)
    return tuple(one if item is None else one.resolved(item) for one, item in known)


def pods(one: Declared, scene: Scene) -> Iterator[tuple[Ref, Json]]:
    """Every live pod of the workload: by owner, or by selector if it has no owner."""
    item = scene.find(one.ref)
    selector = {} if item is None else objects.spec(item).get("selector") or {}
    for name, pod in scene.pods():
        top = scene.top(name, pod)
        labels = objects.metadata(pod).get("labels") or {}
        mine = top == one.ref
        loose = top == name or scene.find(top) is None  # it has no owner, or its owner is gone
        near = loose and name.namespace == one.ref.namespace
        if mine or (near and objects.selects(selector, labels)):
            yield name, pod


def instances(
    found: tuple[Declared, ...], scene: Scene, assume_dead: tuple[str, ...]
) -> tuple[Instance, ...]:
    """Everything alive of the declared workloads: pods, and Jobs that may start another."""
    alive: list[Instance] = []
    for one in found:
        moved = _moved_tags(one, scene)
        for name, pod in pods(one, scene):
            instance = _instance(one, name, pod, scene)
            if instance.state is InstanceState.UNKNOWN and _is(name, assume_dead):
                continue  # asserted by an operator; a pod that answers is alive nonetheless
            if instance.version in moved:
                instance = replace(instance, version=None, note=moved[instance.version])
            alive.append(instance)
        alive += _jobs(one, scene)
    return tuple(alive)


def _is(name: Ref, listed: tuple[str, ...]) -> bool:
    return f"{name.namespace}/{name.name}" in listed


def _instance(one: Declared, name: Ref, pod: Json, scene: Scene) -> Instance:
    found = one.version_of("Pod", pod)
    lost = objects.lost(pod, scene.now)
    state = InstanceState.STARTING
    if lost:
        lost += f"; if you know that it is dead: --assume-dead pod/{name.namespace}/{name.name}"
        state = InstanceState.UNKNOWN
    elif objects.is_terminating(pod):
        state = InstanceState.TERMINATING
    elif objects.is_condition(pod, "Ready", "True"):
        state = InstanceState.READY
    return Instance(
        id=f"{name.namespace}/{name.name}",
        workload=str(one.ref),
        version=found.version,
        state=state,
        since=objects.since(pod),
        eta=objects.eta(pod),
        note=lost or found.why,
    )


def _moved_tags(one: Declared, scene: Scene) -> dict[Version | None, str]:
    """Versions whose pods run different images under one tag: the tag was moved."""
    seen: dict[tuple[Version, str], set[str]] = {}
    for _, pod in pods(one, scene):
        version = one.version_of("Pod", pod).version
        for state in objects.status(pod).get("containerStatuses") or ():
            reference, pulled = _reference(pod, state), str(state.get("imageID") or "")
            mine = version is not None and state.get("name") == one.workload.container
            if mine and version and not versions.digest(reference):
                digest = versions.digest(pulled)
                seen.setdefault((version, reference), set()).update({digest} - {""})
    return {
        version: f"the tag {reference} means {len(digests)} images: pin it by digest"
        for (version, reference), digests in seen.items()
        if len(digests) > 1
    }


def _reference(pod: Json, state: Json) -> str:
    for container in versions.containers(objects.spec(pod)):
        if container.get("name") == state.get("name"):
            return str(container.get("image") or "")
    return ""


def _jobs(one: Declared, scene: Scene) -> Iterator[Instance]:
    """Active Jobs: between two pods of a Job, none is visible."""
    if one.workload.kind not in ("CronJob", "Job"):
        return
    for name, job in scene.all("Job"):
        mine = one.ref in (name, objects.controller(job))
        is_active = not objects.is_finished(job) and not objects.spec(job).get("suspend")
        if mine and is_active:
            found = one.version_of("Job", job)
            yield Instance(
                id=f"{name}",
                workload=str(one.ref),
                version=found.version,
                state=InstanceState.READY,
                since=objects.since(job),
                note=found.why or "a Job that is not finished",
            )


def spawners(found: tuple[Declared, ...], scene: Scene) -> tuple[Spawner, ...]:
    """The templates of the declared workloads; one that is scaled to zero or suspended too."""
    made: list[Spawner] = []
    for one in found:
        item = scene.find(one.ref)
        if item is None or objects.is_terminating(item):
            if not one.workload.optional:
                gone = "does not exist" if item is None else "is being deleted"
                made.append(Spawner(id=str(one.ref), version=None, reason=gone))
        elif one.workload.kind != "Job":
            made.append(_spawner(one, one.ref, item, scene))
        made += _suspended_jobs(one, scene)
    return tuple(made)


def _spawner(one: Declared, name: Ref, item: Json, scene: Scene) -> Spawner:
    found = one.version_of(name.kind, item)
    fault = found.why or _mutable_tag(one, item, found.version, scene)
    if fault:
        return Spawner(id=str(name), version=None, reason=f"shows no version: {fault}")
    return Spawner(id=str(name), version=found.version)


def _mutable_tag(one: Declared, item: Json, version: Version | None, scene: Scene) -> str:
    """A tag that was the same before and after: the node may run what it pulled before."""
    image = _image(one, one.workload.kind, item)
    for _, replica_set in scene.owned("ReplicaSet", one.ref):
        before = one.version_of("ReplicaSet", replica_set).version
        same = _image(one, "ReplicaSet", replica_set) == image
        if same and before not in (version, None) and image and not versions.digest(image):
            return f"the image {image} was that of {before} too; pin it by digest"
    return ""


def _image(one: Declared, kind: str, item: Json) -> str:
    for container in versions.containers(objects.template(kind, item)[1]):
        if container.get("name") == one.workload.container:
            return str(container.get("image") or "")
    return ""


def _suspended_jobs(one: Declared, scene: Scene) -> Iterator[Spawner]:
    for name, job in scene.all("Job"):
        mine = one.ref in (name, objects.controller(job))
        if mine and objects.spec(job).get("suspend") and not objects.is_finished(job):
            yield _spawner(one, name, job, scene)


def is_listed(name: Ref, globs: tuple[str, ...]) -> bool:
    """Whether `Kind namespace/name` is one of them."""
    return any(fnmatchcase(str(name), glob) for glob in globs)
