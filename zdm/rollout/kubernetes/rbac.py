"""What zdm may do in a cluster, verb by verb: Roles and access reviews come from one list.

Namespaced only; never `secrets`, never `exec`. Pods and controllers of every kind are listed in
each allowed namespace, since an undeclared workload on the same database must be found; only
declared workloads may be changed, each by its name. Pure.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec import Struct

from zdm.rollout.kubernetes.api import BY_KIND, EVENTS, JOBS, PODS, WATCHED, Resource
from zdm.rollout.kubernetes.settings import KubernetesSettings

Mode = Literal["patch", "observe", "command"]

IMMUTABLE = frozenset({"Job"})  # its template cannot be patched, so no right is needed


class WorkloadName(Struct, frozen=True, kw_only=True, order=True):
    """A declared workload, by the names that the cluster knows it by."""

    namespace: str
    kind: str
    name: str


class Access(Struct, frozen=True, kw_only=True, order=True):
    """One verb on one resource; a name narrows it to one object."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        one = f" {self.name}" if self.name else ""
        return f"{self.verb} {self.resource}{group}{one} in {self.namespace}"


class Scope(Struct, frozen=True, kw_only=True):
    """Where zdm looks, what it may change there, and where its own Job runs."""

    own: str  # empty: it is no Job of this cluster
    namespaces: tuple[str, ...]
    workloads: tuple[WorkloadName, ...]
    mode: Mode
    announce: bool = True  # Events, and annotations on the declared workloads


def scope_of(settings: KubernetesSettings, own: str) -> Scope:
    """What the settings make zdm do in the cluster; `own` is where zdm itself runs."""
    return Scope(
        own=own,
        namespaces=settings.namespaces,
        workloads=tuple(
            WorkloadName(namespace=one.namespace, kind=one.kind, name=one.name)
            for one in settings.workloads
        ),
        mode=settings.mode,
        announce=settings.announce,
    )


def needed(scope: Scope) -> tuple[Access, ...]:
    """Every access that zdm asks for, in a stable order."""
    return tuple(sorted({*_reading(scope), *_of_workloads(scope), *_telling(scope)}))


def useful(scope: Scope) -> tuple[Access, ...]:
    """What only makes a run quicker: without it zdm sees a change at the next poll."""
    return tuple(sorted({_access(PODS, "watch", space) for space in scope.namespaces}))


def _access(resource: Resource, verb: str, namespace: str, name: str = "") -> Access:
    return Access(
        namespace=namespace,
        group=resource.group,
        resource=resource.plural,
        verb=verb,
        name=name,
    )


def _reading(scope: Scope) -> Iterator[Access]:
    for namespace in scope.namespaces:
        for resource in WATCHED:
            yield _access(resource, "list", namespace)


def _of_workloads(scope: Scope) -> Iterator[Access]:
    """The image, where zdm moves it, and zdm's annotations on the workload itself."""
    for target in scope.workloads:
        moved = scope.mode == "patch" and target.kind not in IMMUTABLE
        for verb in ("get", "patch") if moved or scope.announce else ("get",):
            yield _access(BY_KIND[target.kind], verb, target.namespace, target.name)


def _telling(scope: Scope) -> Iterator[Access]:
    """Events about the workloads, and about zdm's own Job, which it finds by its own pod."""
    if not scope.announce:
        return
    for target in scope.workloads:
        yield _access(EVENTS, "create", target.namespace)
    if scope.own:
        yield _access(EVENTS, "create", scope.own)
        yield _access(PODS, "get", scope.own)
        yield _access(JOBS, "get", scope.own)


def rules(access: Iterable[Access]) -> list[dict[str, Any]]:
    """The rules of one Role: equal rights are grouped, and changes name their objects."""
    verbs: dict[tuple[str, str], set[str]] = {}  # of (group, resource)
    named: dict[tuple[str, str, str], set[str]] = {}  # of (group, resource, name)
    for one in access:
        if one.name:
            named.setdefault((one.group, one.resource, one.name), set()).add(one.verb)
        else:
            verbs.setdefault((one.group, one.resource), set()).add(one.verb)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), found in sorted(verbs.items()):
        alike.setdefault((group, tuple(sorted(found))), []).append(resource)
    objects: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), found in sorted(named.items()):
        objects.setdefault((group, resource, tuple(sorted(found))), []).append(name)
    return [
        {"apiGroups": [group], "resources": resources, "verbs": list(said)}
        for (group, said), resources in sorted(alike.items())
    ] + [
        {
            "apiGroups": [group],
            "resources": [resource],
            "resourceNames": names,
            "verbs": list(said),
        }
        for (group, resource, said), names in sorted(objects.items())
    ]
