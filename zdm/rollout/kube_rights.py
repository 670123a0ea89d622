"""What zdm may do in a cluster, verb by verb: Roles and access reviews come from one list.

Namespaced only; never `secrets`, never `exec`. Pods and controllers of every kind are read in
each allowed namespace, since an undeclared workload on the same database must be found; only
declared workloads may be changed, each by its name. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["patch", "observe", "command"]

READ = ("get", "list", "watch")
OBSERVED = {  # API group → resources
    "": ("pods",),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
}
KINDS = {  # declared kind → where it is
    "CronJob": ("batch", "cronjobs"),
    "DaemonSet": ("apps", "daemonsets"),
    "Deployment": ("apps", "deployments"),
    "Job": ("batch", "jobs"),
    "StatefulSet": ("apps", "statefulsets"),
}
IMMUTABLE = frozenset({"Job"})  # a Job's template cannot be patched, so nobody needs to


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """A declared workload, by the names that the cluster knows it by."""

    namespace: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Access:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where zdm looks, what it may change there, and where its own Job runs."""

    own: str
    namespaces: tuple[str, ...]
    workloads: tuple[Target, ...]
    mode: Mode
    announce: bool = True  # Events, and annotations on the declared workloads
    may_be_gone: frozenset[Target] = frozenset()


def needed(scope: Scope) -> tuple[Access, ...]:
    """Every access that zdm asks for, in a stable order."""
    return tuple(sorted({*_reading(scope), *_changing(scope), *_telling(scope)}))


def _reading(scope: Scope) -> Iterator[Access]:
    for namespace in scope.namespaces:
        for group, resources in OBSERVED.items():
            for resource in resources:
                for verb in READ:
                    yield Access(namespace=namespace, group=group, resource=resource, verb=verb)


def _changing(scope: Scope) -> Iterator[Access]:
    """The image, where zdm moves it, and zdm's annotations on the workload itself."""
    if not (scope.mode == "patch" or scope.announce):
        return
    for target in scope.workloads:
        if target.kind in IMMUTABLE and not scope.announce:
            continue
        group, resource = KINDS[target.kind]
        yield Access(
            namespace=target.namespace,
            group=group,
            resource=resource,
            verb="patch",
            name=target.name,
        )


def _telling(scope: Scope) -> Iterator[Access]:
    if not scope.announce:
        return
    for namespace in {scope.own, *scope.namespaces}:
        for verb in ("create", "patch"):
            yield Access(namespace=namespace, group="", resource="events", verb=verb)


def rules(access: Iterable[Access]) -> list[dict[str, Any]]:
    """The rules of one Role: what is alike stands together, and changes name their objects."""
    verbs: dict[tuple[str, str], set[str]] = {}  # of (group, resource)
    names: dict[tuple[str, str, str], set[str]] = {}  # of (group, resource, verb)
    for one in access:
        if one.name:
            names.setdefault((one.group, one.resource, one.verb), set()).add(one.name)
        else:
            verbs.setdefault((one.group, one.resource), set()).add(one.verb)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), found in sorted(verbs.items()):
        alike.setdefault((group, tuple(sorted(found))), []).append(resource)
    return [
        {"apiGroups": [group], "resources": resources, "verbs": list(said)}
        for (group, said), resources in sorted(alike.items())
    ] + [
        {
            "apiGroups": [group],
            "resources": [resource],
            "resourceNames": sorted(objects),
            "verbs": [verb],
        }
        for (group, resource, verb), objects in sorted(names.items())
    ]
