"""Small manifests for tests; what they leave open the server fills in."""

from typing import Any

from tests.fakes.kube_api.kinds import Json


def template(name: str, image: str, **spec: Any) -> Json:
    """A pod template with one container named like the workload."""
    containers = [{"name": name, "image": image}]
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": containers, **spec},
    }


def deployment(name: str, image: str, *, pod: Json | None = None, **spec: Any) -> Json:
    """A Deployment; `pod` goes into the pods' specification."""
    return _workload("Deployment", name, template(name, image, **(pod or {})), spec)


def stateful_set(name: str, image: str, *, pod: Json | None = None, **spec: Any) -> Json:
    """A StatefulSet."""
    return _workload("StatefulSet", name, template(name, image, **(pod or {})), spec)


def daemon_set(name: str, image: str, **spec: Any) -> Json:
    """A DaemonSet."""
    return _workload("DaemonSet", name, template(name, image), spec)


def _workload(kind: str, name: str, pods: Json, spec: Json) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": pods, **spec},
    }


def job(name: str, image: str, **spec: Any) -> Json:
    """A Job whose pod is not restarted in place."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"template": template(name, image, restartPolicy="Never"), **spec},
    }


def cron_job(name: str, image: str, schedule: str = "*/5 * * * *", **spec: Any) -> Json:
    """A CronJob."""
    inner = {"template": template(name, image, restartPolicy="Never")}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": inner}, **spec},
    }
