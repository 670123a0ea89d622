"""Who else uses the database: everything that refers to its Secret and is not declared. Pure.

Looked at are the pods and the templates of all controllers in the allowed namespaces, so no
right to read Secrets is needed. Some tools copy Secrets with the suffix `-primary`; the copy
counts as the Secret. A connection string in a ConfigMap or in a file of the image is not seen.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from zdm.model.release import Spawner
from zdm.rollout.kubernetes import objects, versions, workloads
from zdm.rollout.kubernetes.api import Json
from zdm.rollout.kubernetes.objects import Ref, Scene

COPY = "-primary"
OWN = ("app.kubernetes.io/name", "zdm")  # label of zdm's own Job
KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "Pod")


def undeclared(
    scene: Scene, secrets: Iterable[str], declared: Collection[Ref], allowed: tuple[str, ...]
) -> tuple[Spawner, ...]:
    """What uses the database undeclared, by the name of its topmost owner."""
    wanted = frozenset(map(_stem, secrets))
    found: dict[Ref, str] = {}
    vanished: set[Ref] = set()  # the owner ended between two lists: the next look will show it
    for name, item in scene.all(*KINDS):
        if not _may_start(name.kind, item):
            continue
        head, body = objects.template(name.kind, item)
        used = sorted({secret for secret in references(body) if _stem(secret) in wanted})
        top = scene.top(name, item)
        known = top in declared or name in declared or _is_own(head)
        listed = any(workloads.is_listed(each, allowed) for each in (top, name))
        if used and not known and not listed:
            found.setdefault(top, used[0])
            if top != name and top.kind in KINDS and scene.find(top) is None:
                vanished.add(top)
    return tuple(
        Spawner(
            id=str(top),
            version=None,
            reason=""
            if top in vanished
            else f"uses the database's Secret {secret} and is not declared",
        )
        for top, secret in sorted(found.items())
    )


def _may_start(kind: str, item: Json) -> bool:
    """Whether anything of it can still run; a ReplicaSet of a Deployment has its owner."""
    match kind:
        case "Pod":
            return objects.is_alive(item)
        case "Job":
            return not objects.is_finished(item)
        case "ReplicaSet":
            return objects.controller(item) is None or _number_of_pods(item) > 0
        case _:
            return True


def _number_of_pods(replica_set: Json) -> int:
    wanted = objects.spec(replica_set).get("replicas")
    there = objects.status(replica_set).get("replicas")
    return int(1 if wanted is None else wanted) + int(there or 0)


def _is_own(head: Json) -> bool:
    key, value = OWN
    return bool((head.get("labels") or {}).get(key) == value)


def _stem(secret: str) -> str:
    return secret.removesuffix(COPY)


def references(body: Json) -> Iterator[str]:
    """Names of the Secrets (and SecretProviderClasses) that a pod's specification refers to."""
    for container in versions.containers(body):
        for variable in container.get("env") or ():
            yield from _name((variable.get("valueFrom") or {}).get("secretKeyRef"), "name")
        for source in container.get("envFrom") or ():
            yield from _name(source.get("secretRef"), "name")
    for volume in body.get("volumes") or ():
        yield from _name(volume.get("secret"), "secretName")
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield from _name(source.get("secret"), "name")
        yield from _csi(volume.get("csi") or {})


def _csi(driver: Json) -> Iterator[str]:
    yield from _name(driver.get("nodePublishSecretRef"), "name")
    yield from _name(driver.get("volumeAttributes"), "secretProviderClass")


def _name(holder: Any, key: str) -> Iterator[str]:
    if isinstance(holder, dict) and holder.get(key):
        yield str(holder[key])
