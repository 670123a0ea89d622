"""What the server adds to a new object, and what it does not let pass.

Defaults follow the API reference of 1.36 for the fields that rollouts depend on; validation
covers what tests and kubectl can get wrong, not all.
"""

import secrets
from collections.abc import Callable
from typing import Any

from tests.fakes.kube_api.kinds import Json, Kind
from tests.fakes.kube_api.objects.selectors import selected_by
from tests.fakes.kube_api.rest import answers


def _fill(target: Json, **defaults: Any) -> None:
    for key, value in defaults.items():
        target.setdefault(key, value)


def _container(container: Json) -> None:
    image = container.get("image", "")
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    latest = "@" not in image and tag in {"", "latest"}
    _fill(
        container,
        imagePullPolicy="Always" if latest else "IfNotPresent",
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    for port in container.get("ports") or []:
        _fill(port, protocol="TCP")
    for variable in container.get("env") or []:
        if "fieldRef" in (variable.get("valueFrom") or {}):
            _fill(variable["valueFrom"]["fieldRef"], apiVersion="v1")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _fill(
                container[probe],
                failureThreshold=3,
                periodSeconds=10,
                successThreshold=1,
                timeoutSeconds=1,
            )
            if "httpGet" in container[probe]:
                _fill(container[probe]["httpGet"], path="/", scheme="HTTP")


def _pod(spec: Json) -> None:
    _fill(
        spec,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        securityContext={},
        terminationGracePeriodSeconds=30,
    )
    if account := spec.get("serviceAccountName"):
        _fill(spec, serviceAccount=account)
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        _container(container)
    for volume in spec.get("volumes") or []:
        for source in ("secret", "configMap", "projected"):
            if source in volume:
                _fill(volume[source], defaultMode=420)


def _created_pod(item: Json) -> None:
    _pod(item["spec"])
    spec = item["spec"]
    _fill(
        spec,
        serviceAccountName="default",
        serviceAccount="default",
        enableServiceLinks=True,
        preemptionPolicy="PreemptLowerPriority",
        priority=0,
        tolerations=[_stays_for_a_while("not-ready"), _stays_for_a_while("unreachable")],
    )
    if spec.get("automountServiceAccountToken", True):
        _mount_token(spec)
    item["status"] = {"phase": "Pending", "qosClass": "BestEffort"}


def _stays_for_a_while(trouble: str) -> Json:
    return {
        "key": f"node.kubernetes.io/{trouble}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }


def _mount_token(spec: Json) -> None:
    name = f"kube-api-access-{secrets.token_hex(3)[:5]}"
    path = "/var/run/secrets/kubernetes.io/serviceaccount"
    key = {"key": "ca.crt", "path": "ca.crt"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [key]}},
    ]
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 420}}
    spec.setdefault("volumes", []).append(volume)
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        mount = {"name": name, "readOnly": True, "mountPath": path}
        container.setdefault("volumeMounts", []).append(mount)


def _template(spec: Json) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    _pod(template.setdefault("spec", {}))


def _deployment(item: Json) -> None:
    spec = item["spec"]
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    if not spec.get("paused"):
        spec.pop("paused", None)
    _fill(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _fill(spec["strategy"], rollingUpdate={})
        _fill(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    _template(spec)


def _replica_set(item: Json) -> None:
    _fill(item["spec"], replicas=1)
    _template(item["spec"])


def _stateful_set(item: Json) -> None:
    spec = item["spec"]
    _fill(
        spec,
        replicas=1,
        serviceName="",
        podManagementPolicy="OrderedReady",
        revisionHistoryLimit=10,
        updateStrategy={},
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
    )
    _fill(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _fill(spec["updateStrategy"], rollingUpdate={})
        _fill(spec["updateStrategy"]["rollingUpdate"], partition=0)
    _template(spec)


def _daemon_set(item: Json) -> None:
    spec = item["spec"]
    _fill(spec, revisionHistoryLimit=10, updateStrategy={})
    _fill(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _fill(spec["updateStrategy"], rollingUpdate={})
        _fill(spec["updateStrategy"]["rollingUpdate"], maxSurge=0, maxUnavailable=1)
    _template(spec)


def _job_spec(spec: Json) -> None:
    policy = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    _fill(
        spec,
        completions=1,
        parallelism=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        manualSelector=False,
        podReplacementPolicy=policy,
    )
    _template(spec)


def _job(item: Json) -> None:
    spec = item["spec"]
    _job_spec(spec)
    uid = item["metadata"].get("uid")
    if uid and "selector" not in spec:
        labels = {"controller-uid": uid, "job-name": item["metadata"]["name"]}
        labels.update({f"batch.kubernetes.io/{key}": value for key, value in labels.items()})
        spec["template"]["metadata"].setdefault("labels", {}).update(labels)
        item["metadata"].setdefault("labels", {}).update(labels)
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _cron_job(item: Json) -> None:
    spec = item["spec"]
    _fill(
        spec,
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    spec.setdefault("jobTemplate", {}).setdefault("metadata", {})
    _template(spec["jobTemplate"].setdefault("spec", {}))


def _service(item: Json) -> None:
    spec = item["spec"]
    _fill(
        spec,
        type="ClusterIP",
        sessionAffinity="None",
        internalTrafficPolicy="Cluster",
        ipFamilies=["IPv4"],
        ipFamilyPolicy="SingleStack",
    )
    if spec["type"] != "ExternalName" and "clusterIP" not in spec:
        spec["clusterIP"] = f"10.96.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"
        spec["clusterIPs"] = [spec["clusterIP"]]
    for port in spec.get("ports") or []:
        _fill(port, protocol="TCP", targetPort=port["port"])
    item.setdefault("status", {"loadBalancer": {}})


def _namespace(item: Json) -> None:
    item.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    item["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = item["metadata"][
        "name"
    ]
    item.setdefault("status", {"phase": "Active"})


_DEFAULTS: dict[str, Callable[[Json], None]] = {
    "Pod": lambda item: _pod(item["spec"]),
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "Namespace": _namespace,
    "HorizontalPodAutoscaler": lambda item: _fill(item["spec"], minReplicas=1),
}
_WITH_SELECTOR = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}


def default(kind: Kind, item: Json, *, new: bool = False) -> None:
    """Fill in what the manifest leaves open."""
    if kind.kind == "Pod" and new:
        _created_pod(item)
    elif kind.kind in _DEFAULTS:
        item.setdefault("spec", {})
        _DEFAULTS[kind.kind](item)


def validate(kind: Kind, old: Json | None, new: Json) -> None:
    """Refuse what the real server refuses; `old` is None for a new object."""
    name = new["metadata"]["name"]
    if kind.kind in _WITH_SELECTOR:
        _check_selector(kind, name, old, new["spec"])
    if kind.kind == "Deployment":
        _check_strategy(kind, name, new["spec"]["strategy"])
    template = new.get("spec", {}).get("template")
    if template is not None:
        _check_containers(kind, name, "spec.template.spec", template["spec"])
    elif kind.kind == "Pod":
        _check_containers(kind, name, "spec", new["spec"])
    if kind.kind == "Job" and old and old["spec"]["template"] != template:
        raise answers.invalid(
            kind, name, "spec.template", "Invalid value: {}: field is immutable"
        )


def _check_selector(kind: Kind, name: str, old: Json | None, spec: Json) -> None:
    selector = spec.get("selector")
    if selector is None:
        raise answers.invalid(kind, name, "spec.selector", "Required value")
    if old and old["spec"]["selector"] != selector:
        raise answers.invalid(
            kind, name, "spec.selector", "Invalid value: {}: field is immutable"
        )
    if not selected_by(selector, spec["template"]["metadata"].get("labels") or {}):
        why = "Invalid value: {}: `selector` does not match template `labels`"
        raise answers.invalid(kind, name, "spec.template.metadata.labels", why)


def _check_strategy(kind: Kind, name: str, strategy: Json) -> None:
    if strategy["type"] == "Recreate" and strategy.get("rollingUpdate"):
        raise answers.invalid(
            kind,
            name,
            "spec.strategy.rollingUpdate",
            "Forbidden: may not be specified when strategy `type` is 'Recreate'",
        )


def _check_containers(kind: Kind, name: str, where: str, spec: Json) -> None:
    if not spec.get("containers"):
        raise answers.invalid(kind, name, f"{where}.containers", "Required value")
    for index, container in enumerate(spec["containers"]):
        if not container.get("image"):
            raise answers.invalid(
                kind, name, f"{where}.containers[{index}].image", "Required value"
            )
