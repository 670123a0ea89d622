"""The Node object and its heartbeat: a lease in kube-node-lease, renewed as a kubelet does."""

import contextlib
import threading
import time
from datetime import UTC, datetime

from tests.cluster.controlplane.api import ApiError, Json
from tests.cluster.kubelet import states
from tests.cluster.kubelet.context import Settings

RENEWAL = 10.0  # seconds
LIFE = 40  # seconds
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
CAPACITY = {"cpu": "64", "memory": "64Gi", "pods": "500", "ephemeral-storage": "64Gi"}
READY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID"),
    ("Ready", "True", "KubeletReady"),
)


def register(settings: Settings, port: int) -> Json:
    """The Node, made anew or found again, and said to be ready."""
    metadata = {
        "name": settings.node,
        "labels": {"kubernetes.io/hostname": settings.node, "kubernetes.io/os": "linux"},
    }
    body = {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
    try:
        settings.api.post("/api/v1/nodes", body)
    except ApiError as error:
        if error.status != 409:
            raise
    return settings.api.patch(
        f"/api/v1/nodes/{settings.node}/status", {"status": _status(port)}
    )


def _tell(settings: Settings, port: int) -> Json:
    path = f"/api/v1/nodes/{settings.node}/status"
    return settings.api.patch(path, {"status": _status(port)})


def _status(port: int) -> Json:
    now = states.moment(time.time())
    return {
        "capacity": CAPACITY,
        "allocatable": CAPACITY,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "addresses": [
            {"type": "InternalIP", "address": "127.0.0.1"},
            {"type": "Hostname", "address": "localhost"},
        ],
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": "the process kubelet runs",
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
            for kind, status, reason in READY
        ],
        "nodeInfo": {
            "kubeletVersion": "v1.36.3-process",
            "containerRuntimeVersion": "process://1",
            "operatingSystem": "linux",
            "architecture": "amd64",
            "osImage": "processes of this machine",
            **dict.fromkeys(("bootID", "machineID", "systemUUID", "kernelVersion"), ""),
            "kubeProxyVersion": "",
        },
    }


def beat(settings: Settings, node: Json, stopped: threading.Event) -> None:
    """Renew the lease until asked to stop; a NotReady node says that it is ready again."""
    while True:
        with contextlib.suppress(ApiError, OSError):
            _renew(settings, node)
            port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]
            settings.api.patch(
                f"/api/v1/nodes/{settings.node}/status", {"status": _status(port)}
            )
        if stopped.wait(RENEWAL):
            return


def _renew(settings: Settings, node: Json) -> None:
    spec = {
        "holderIdentity": settings.node,
        "leaseDurationSeconds": LIFE,
        "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    owner = {
        "apiVersion": "v1",
        "kind": "Node",
        "name": settings.node,
        "uid": node["metadata"]["uid"],
    }
    try:
        settings.api.patch(f"{LEASES}/{settings.node}", {"spec": spec})
    except ApiError as error:
        if error.status != 404:
            raise
        metadata = {"name": settings.node, "ownerReferences": [owner]}
        kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        settings.api.post(LEASES, {**kind, "metadata": metadata, "spec": spec})
