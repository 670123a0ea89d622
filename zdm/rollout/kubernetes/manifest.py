"""`zdm execute` as a Kubernetes Job, with the least rights it needs: values in, documents out.

The Job starts one pod at a time (a podFailurePolicy makes the replacement wait until the pod
before it is gone), fails permanently on the exit codes that a retry cannot fix, and is
named after release and attempt because a Job's template cannot be changed. The container's
entrypoint is zdm itself: a shell as process 1 would swallow SIGTERM. Pure.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from zdm.errors import InputError, PastReturnError, RefusedError, RolloutError, StoppedError
from zdm.rollout.kubernetes import rbac
from zdm.rollout.kubernetes.rbac import Scope
from zdm.rollout.kubernetes.settings import KubernetesSettings
from zdm.rollout.port import Document, JobRequest, PlanBesideImage, PlanInImage

FINAL = tuple(
    kind.exit_code
    for kind in (InputError, RefusedError, StoppedError, RolloutError, PastReturnError)
)
KEPT_SECONDS = 604_800  # a finished Job: long enough to look at, and for Argo CD (a day)
GRACE_SECONDS = 120  # to cancel a statement, write the checkpoint and send what is measured
USER = 65532
CONFIG = "/etc/zdm"
MAX_CONFIG = 1_000_000  # a ConfigMap holds one mebibyte
MAX_NAME = 63
HASH = 8
_DROPPED = re.compile(r"[^a-z0-9]+")


class Job(Struct, frozen=True, kw_only=True):
    """What differs from Job to Job."""

    request: JobRequest
    scope: Scope

    @property
    def name(self) -> str:
        """One name per plan and attempt, a DNS label."""
        seed = f"{self.request.digest}/{self.request.attempt}".encode()
        tail = hashlib.sha256(seed).hexdigest()[:HASH]
        head = _DROPPED.sub("-", self.request.plan.lower()).strip("-")
        room = MAX_NAME - len("zdm--") - HASH
        return f"zdm-{head[:room].strip('-') or 'plan'}-{tail}"

    @property
    def labels(self) -> dict[str, str]:
        """On everything that belongs to this Job."""
        return {**_owned(), "zdm.dev/release": label(self.request.release)}


def label(text: str) -> str:
    """The text as a label's value, cut and with what it may not hold replaced."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:MAX_NAME].strip("-_.")


def of_settings(settings: KubernetesSettings, request: JobRequest) -> dict[str, Document]:
    """The documents for the workloads of the settings."""
    beside = isinstance(request.content, PlanBesideImage)
    if beside and (settings.kubeconfig is not None or settings.context is not None):
        raise InputError(
            "[rollout.kubernetes] names a kubeconfig or a context, and the Job has neither: it"
            " uses its ServiceAccount",
            hint="take both out of zdm.toml, and set KUBECONFIG where you need it",
        )
    own = request.namespace or settings.namespaces[0]
    return documents(Job(request=request, scope=rbac.scope_of(settings, own)))


def documents(job: Job) -> dict[str, Document]:
    """The documents by a short word each, in the order in which they are applied."""
    found: dict[str, Document] = {"service-account": _account(job)}
    for namespace in sorted({one.namespace for one in rbac.needed(job.scope)}):
        found[f"role-{namespace}"] = _role(job, namespace)
        found[f"role-binding-{namespace}"] = _binding(job, namespace)
    if isinstance(job.request.content, PlanBesideImage):
        found["config-map"] = _config_map(job, job.request.content)
    found["network-policy"] = _network_policy(job)
    if job.request.metrics_port is not None:
        found["pod-monitor"] = _pod_monitor(job)
    found["job"] = _job(job)
    return found


def _owned() -> dict[str, str]:
    return {"app.kubernetes.io/name": "zdm"}


def _meta(job: Job, name: str, *, namespace: str = "", own: bool = False) -> Document:
    return {
        "name": name,
        "namespace": namespace or job.scope.own,
        "labels": job.labels if own else _owned(),
    }


def _account(job: Job) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _meta(job, job.request.account),
        "automountServiceAccountToken": False,  # the Job's pod asks for it
    }


def _role(job: Job, namespace: str) -> Document:
    wanted = (*rbac.needed(job.scope), *rbac.useful(job.scope))
    access = [one for one in wanted if one.namespace == namespace]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": _meta(job, job.request.account, namespace=namespace),
        "rules": rbac.rules(access),
    }


def _binding(job: Job, namespace: str) -> Document:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": _meta(job, job.request.account, namespace=namespace),
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": job.request.account,
        },
        "subjects": [
            {"kind": "ServiceAccount", "name": job.request.account, "namespace": job.scope.own}
        ],
    }


def _config_map(job: Job, content: PlanBesideImage) -> Document:
    data = {"zdm.toml": content.settings, content.plan_name: content.plan}
    size = sum(len(text.encode()) for text in data.values())
    if size > MAX_CONFIG:
        raise InputError(
            f"plan and settings have {size:,} bytes, and a ConfigMap holds {MAX_CONFIG:,}",
            hint="put both into the image, and give --plan-in-image",
        )
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _meta(job, job.name, own=True),
        "immutable": True,
        "data": data,
    }


def _network_policy(job: Job) -> Document:
    """Only what reads its metrics may call zdm; it calls DNS, API server and database."""
    ingress: list[Document] = []
    if job.request.metrics_port is not None:
        ingress = [{"ports": [{"protocol": "TCP", "port": job.request.metrics_port}]}]
    out = [
        ("UDP", 53),
        ("TCP", 53),
        ("TCP", 443),
        ("TCP", 6443),
        ("TCP", job.request.database_port),
    ]
    policy: Document = {"podSelector": {"matchLabels": _owned()}, "ingress": ingress}
    if job.scope.mode == "command":  # what the command talks to is not known
        policy["policyTypes"] = ["Ingress"]
    else:
        policy["policyTypes"] = ["Ingress", "Egress"]
        policy["egress"] = [
            {"ports": [{"protocol": protocol, "port": port} for protocol, port in out]}
        ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _meta(job, job.request.account),
        "spec": policy,
    }


def _pod_monitor(job: Job) -> Document:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": _meta(job, job.request.account),
        "spec": {
            "selector": {"matchLabels": _owned()},
            "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics"}],
        },
    }


def _job(job: Job) -> Document:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            **_meta(job, job.name, own=True),
            "annotations": {
                "zdm.dev/plan": job.request.plan,
                "zdm.dev/plan-digest": job.request.digest,
                "zdm.dev/attempt": str(job.request.attempt),
            },
        },
        "spec": {
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 6,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": "zdm",
                            "operator": "In",
                            "values": list(FINAL),
                        },
                    },
                ]
            },
            "template": {
                "metadata": {
                    "labels": job.labels,
                    "annotations": {
                        "sidecar.istio.io/inject": "false",  # a sidecar never lets it end
                        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
                    },
                },
                "spec": _pod(job),
            },
        },
    }


def _pod(job: Job) -> Document:
    volumes: list[Document] = [{"name": "scratch", "emptyDir": {}}]
    if isinstance(job.request.content, PlanBesideImage):
        volumes.append({"name": "config", "configMap": {"name": job.name}})
    return {
        "restartPolicy": "Never",
        "serviceAccountName": job.request.account,
        "automountServiceAccountToken": True,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job)],
        "volumes": volumes,
    }


def _container(job: Job) -> Document:
    mounts: list[Document] = [{"name": "scratch", "mountPath": "/scratch"}]
    place: Mapping[str, Any] = {}
    match job.request.content:
        case PlanBesideImage(plan_name=plan):
            mounts.append({"name": "config", "mountPath": CONFIG, "readOnly": True})
            place = {"workingDir": CONFIG}
        case PlanInImage(path=plan):
            pass
    ports: Mapping[str, Any] = {}
    if job.request.metrics_port is not None:
        ports = {"ports": [{"name": "metrics", "containerPort": job.request.metrics_port}]}
    return {
        "name": "zdm",
        "image": job.request.image,
        "args": ["execute", plan, "--expect", job.request.digest, *_listening(job)],
        **place,
        "env": _environment(job),
        **ports,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {
            "requests": {"cpu": "50m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "volumeMounts": mounts,
    }


def _listening(job: Job) -> list[str]:
    return (
        []
        if job.request.metrics_port is None
        else ["--listen", f"0.0.0.0:{job.request.metrics_port}"]
    )


def _environment(job: Job) -> list[Document]:
    def field(name: str, path: str) -> Document:
        return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}

    secret = {"name": job.request.secret, "key": job.request.secret_key}
    return [
        {"name": "ZDM_DATABASE_URL", "valueFrom": {"secretKeyRef": secret}},
        field("POD_NAME", "metadata.name"),
        field("POD_NAMESPACE", "metadata.namespace"),
        {"name": "TMPDIR", "value": "/scratch"},  # the client writes certificates there
    ]
