"""Objects as an API server of 1.36 shows them, a cluster that stands still, and its gate."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.clock import FakeClock
from zdm.execute.gate import decision
from zdm.model.release import Version
from zdm.rollout.kubernetes.api import Json, PatchKind, Resource
from zdm.rollout.kubernetes.driver import Kubernetes
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
V1, V2 = Version("v1"), Version("v2")
SPACE = "shop"


def stamp(seconds: float) -> str:
    """A time, so many seconds from now."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def image(version: str) -> str:
    return f"registry.example/shop:{version}"


def template(version: str, **more: Any) -> Json:
    """A pod template of the application, as the server completes it."""
    return {
        "metadata": {"labels": {"app": "web", **more.get("labels", {})}},
        "spec": {
            "containers": [
                {
                    "name": "web",
                    "image": more.get("image", image(version)),
                    "env": [
                        {
                            "name": "DATABASE_URL",
                            "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}},
                        }
                    ],
                    "terminationMessagePath": "/dev/termination-log",
                    "imagePullPolicy": "IfNotPresent",
                }
            ],
            "restartPolicy": more.get("restart", "Always"),
            "terminationGracePeriodSeconds": 40,
        },
    }


def head(name: str, owner: tuple[str, str] | None = None, **more: Any) -> Json:
    found: Json = {
        "name": name,
        "namespace": SPACE,
        "uid": f"uid-of-{name}",
        "creationTimestamp": stamp(-3600),
        "resourceVersion": "7",
        "generation": 3,
        "labels": {},
        "annotations": {},
        **more,
    }
    if owner:
        kind, owner_name = owner
        found["ownerReferences"] = [
            {
                "kind": kind,
                "name": owner_name,
                "uid": f"uid-of-{owner_name}",
                "controller": True,
            }
        ]
    return found


def condition(kind: str, value: str, reason: str = "", message: str = "") -> Json:
    return {"type": kind, "status": value, "reason": reason, "message": message}


def deployment(version: str, name: str = "web", replicas: int = 1, **more: Any) -> Json:
    """A Deployment that kubectl would call successfully rolled out."""
    return {
        "kind": "Deployment",
        "metadata": head(name),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": more.get("template") or template(version),
            **more.get("spec", {}),
        },
        "status": {
            "observedGeneration": 3,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
            "conditions": [
                condition("Available", "True", "MinimumReplicasAvailable"),
                condition("Progressing", "True", "NewReplicaSetAvailable"),
                *more.get("conditions", ()),
            ],
            **more.get("status", {}),
        },
    }


def replica_set(version: str, replicas: int = 1, owner: str = "web", **more: Any) -> Json:
    made = deepcopy(more.get("template") or template(version))
    made["metadata"]["labels"]["pod-template-hash"] = f"hash{version}"
    return {
        "kind": "ReplicaSet",
        "metadata": head(f"{owner}-hash{version}", more.get("owned", ("Deployment", owner))),
        "spec": {"replicas": replicas, "selector": {}, "template": made},
        "status": {"replicas": replicas, **more.get("status", {})},
    }


def pod(
    version: str, name: str = "", owner: tuple[str, str] | None = None, **more: Any
) -> Json:
    """A pod that is ready, owned by the ReplicaSet of its version unless told otherwise."""
    made = template(version, **more)
    labels = {"pod-template-hash": f"hash{version}", **made["metadata"]["labels"]}
    about: Json = {"labels": more.get("only_labels", labels)}
    if "deleted" in more:  # the request's time plus the grace time, as the server writes it
        about |= {"deletionTimestamp": stamp(more["deleted"])}
        about |= {"deletionGracePeriodSeconds": 40}
    owner = owner or ("ReplicaSet", f"web-hash{version}")
    return {
        "kind": "Pod",
        "metadata": head(name or f"web-{version}-x", owner, **about)
        if owner[0]
        else head(name or f"web-{version}-x", None, **about),
        "spec": {**made["spec"], "nodeName": "node-1"},
        "status": {
            "phase": more.get("phase", "Running"),
            "startTime": stamp(-more.get("age", 600)),
            "conditions": [condition("Ready", more.get("ready", "True"))],
            "containerStatuses": [
                {"name": "web", "image": image(version), "restartCount": 0, "ready": True}
                | more.get("container", {})
            ],
            **more.get("status", {}),
        },
    }


def waiting(reason: str, message: str = "", restarts: int = 0) -> Json:
    """A container that does not start."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"state": state, "restartCount": restarts, "ready": False}


def stateful_set(version: str, **more: Any) -> Json:
    return {
        "kind": "StatefulSet",
        "metadata": head("web"),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(version),
            "updateStrategy": more.get(
                "strategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
            ),
            **more.get("spec", {}),
        },
        "status": {
            "observedGeneration": 3,
            "replicas": 1,
            "availableReplicas": 1,
            "updatedReplicas": 1,
            "currentRevision": "web-rev2",
            "updateRevision": "web-rev2",
            **more.get("status", {}),
        },
    }


def daemon_set(version: str, **more: Any) -> Json:
    return {
        "kind": "DaemonSet",
        "metadata": head("web"),
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(version),
            "updateStrategy": more.get("strategy", {"type": "RollingUpdate"}),
        },
        "status": {
            "observedGeneration": 3,
            "desiredNumberScheduled": 1,
            "updatedNumberScheduled": 1,
            "numberAvailable": 1,
            **more.get("status", {}),
        },
    }


def job(version: str, name: str, owner: tuple[str, str] | None = None, **more: Any) -> Json:
    return {
        "kind": "Job",
        "metadata": head(name, owner),
        "spec": {"template": template(version, restart="Never"), **more.get("spec", {})},
        "status": {"conditions": more.get("conditions", [])},
    }


def cron_job(version: str, name: str = "nightly", **spec: Any) -> Json:
    return {
        "kind": "CronJob",
        "metadata": head(name),
        "spec": {
            "schedule": "0 3 * * *",
            "suspend": False,
            "jobTemplate": {"spec": {"template": template(version, restart="Never")}},
            **spec,
        },
        "status": {},
    }


def rolled_out(version: str = "v2") -> list[Json]:
    """Everything is there, and nothing else."""
    return [deployment(version), replica_set("v1", 0), replica_set("v2"), pod(version)]


@dataclass
class Still:
    """Satisfies ClusterApi: a cluster that stands still and notes what is asked of it."""

    objects: list[Json]
    denied: set[tuple[str, str]] = field(default_factory=set)
    patched: list[tuple[Json, PatchKind]] = field(default_factory=list)
    created: list[Json] = field(default_factory=list)

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        for item in self.list(resource, namespace):
            if item["metadata"]["name"] == name:
                return item
        return None

    def list(self, resource: Resource, namespace: str) -> tuple[Json, ...]:
        return tuple(
            item
            for item in self.objects
            if (item["kind"], item["metadata"]["namespace"]) == (resource.kind, namespace)
        )

    def patch(
        self, resource: Resource, place: tuple[str, str], body: Json, how: PatchKind
    ) -> Json | None:
        self.patched.append((body, how))
        return self.get(resource, *place)

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        del resource, namespace
        self.created.append(body)
        return body

    def may(self, verb: str, resource: Resource, namespace: str, name: str = "") -> bool:
        del namespace, name
        return (verb, resource.plural) not in self.denied


def workload(kind: Any = "Deployment", name: str = "web", **more: Any) -> KubernetesWorkload:
    return KubernetesWorkload(kind=kind, namespace=SPACE, name=name, **more)


def settings(*workloads: KubernetesWorkload, **more: Any) -> KubernetesSettings:
    chosen = {"image": "registry.example/shop:{version}", **more}
    return KubernetesSettings(
        namespaces=(SPACE,), workloads=workloads or (workload(),), secrets=("db",), **chosen
    )


def driver(
    objects: Iterable[Json], chosen: KubernetesSettings | None = None
) -> tuple[Kubernetes, Still]:
    cluster = Still(list(objects))
    return Kubernetes(chosen or settings(), cluster, FakeClock(NOW)), cluster


def answer(
    objects: Iterable[Json],
    chosen: KubernetesSettings | None = None,
    target: Version = V2,
    purpose: decision.Purpose = decision.Purpose.CONTRACT,
) -> decision.Answer:
    """What the gate says to one poll of such a cluster."""
    platform, _ = driver(objects, chosen)
    evidence = decision.Evidence(
        purpose=purpose,
        target=target,
        platform=platform.observe(target),
        sessions=(),
        others_deploy=not platform.deploys,
    )
    return decision.decide(evidence)


def reason(
    objects: Iterable[Json], chosen: KubernetesSettings | None = None, target: Version = V2
) -> str:
    """Its reason, after the word for the answer."""
    found = answer(objects, chosen, target)
    word = type(found).__name__.lower()
    if isinstance(found, decision.Clear):
        return word
    names = (
        f" {', '.join(found.names)}" if isinstance(found, decision.Wait) and found.names else ""
    )
    return f"{word}: {found.reason}{names}"
