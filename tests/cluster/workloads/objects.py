"""Kubernetes objects that the tests create."""

from typing import Any

from tests.cluster.controlplane.api import Json
from tests.cluster.workloads.registry import PORT


def deployment(name: str, container: Json, *, replicas: int = 1, **spec: Any) -> Json:
    """A Deployment with one container; more goes into the pod's spec."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], **spec},
            },
        },
    }


def service(name: str) -> Json:
    """A Service in front of the Deployment of that name."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": PORT}]},
    }


def secret(name: str, **content: str) -> Json:
    """A Secret with text."""
    metadata = {"name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": content}


def shop(image: str, *, drain: float = 1) -> Json:
    """The shop's container: its database from the Secret `shop-db`, ready by its own word."""
    return {
        "name": "shop",
        "image": image,
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": [
            {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "DRAIN_SECONDS", "value": str(drain)},
            {
                "name": "DATABASE_URL",
                "valueFrom": {"secretKeyRef": {"name": "shop-db", "key": "url"}},
            },
        ],
        "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": "http"},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
        },
    }


def python(code: str, *, name: str = "main", **more: Any) -> Json:
    """A container that runs some lines of Python."""
    return {"name": name, "image": "python:3", "args": ["python", "-c", code], **more}


def pod(name: str, container: Json, **spec: Any) -> Json:
    """A bare pod that runs once."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], "restartPolicy": "Never", **spec},
    }


def job(name: str, container: Json, **spec: Any) -> Json:
    """A Job with one container that is not restarted in place."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "template": {"spec": {"containers": [container], "restartPolicy": "Never"}},
            **spec,
        },
    }
