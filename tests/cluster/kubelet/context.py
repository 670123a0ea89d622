"""What the parts of one pod share."""

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.controlplane.api import Api, ApiError, Json
from tests.cluster.controlplane.reaper import MARK
from tests.cluster.kubelet import states

CONTAINER = "ZDM_TEST_CONTAINER"  # marks a container's processes, for its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The kubelet's own settings."""

    api: Api
    node: str
    folder: Path
    images: Path  # the allow-list
    cluster: str  # the cluster's folder, which marks every process
    subnet: int
    back_off: float = 10.0  # the kubelet's first wait for a restart or a pull
    most_back_off: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One pod: what it is, and what its containers need."""

    settings: Settings
    pod: Json
    pod_ip: str
    folder: Path

    @property
    def namespace(self) -> str:
        return str(self.pod["metadata"]["namespace"])

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def path(self) -> str:
        """The pod's path at the API server."""
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    def fetch(self, path: str) -> Json:
        """An object of the pod's namespace."""
        return self.settings.api.get(f"/api/v1/namespaces/{self.namespace}/{path}")

    def token(self, projection: Json) -> str:
        """A service account token that ends with the pod."""
        account = self.pod["spec"].get("serviceAccountName", "default")
        metadata = self.pod["metadata"]
        audience = projection.get("audience")
        spec = {
            "audiences": [audience] if audience else [],
            "expirationSeconds": projection.get("expirationSeconds", 3600),
            "boundObjectRef": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        }
        made = self.settings.api.post(
            f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{account}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec},
        )
        return str(made["status"]["token"])

    def base_environment(self, image: Mapping[str, str]) -> dict[str, str]:
        """What a container has before its own variables."""
        api = self.settings.api
        path = f"{sys.prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {
            "PATH": path,
            "HOME": os.environ.get("HOME", "/"),
            "HOSTNAME": self.name,
            "POD_IP": "127." + self.pod_ip.removeprefix("10."),
            "KUBERNETES_SERVICE_HOST": api.host,
            "KUBERNETES_SERVICE_PORT": str(api.port),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(api.port),
            MARK: self.settings.cluster,
            **image,
        }

    def event(self, reason: str, message: str, kind: str = "Normal") -> None:
        """Tell it; events may be lost."""
        metadata = self.pod["metadata"]
        now = states.moment(time.time())
        with contextlib.suppress(ApiError, OSError):
            self.settings.api.post(
                f"/api/v1/namespaces/{self.namespace}/events",
                {
                    "apiVersion": "v1",
                    "kind": "Event",
                    "metadata": {
                        "name": f"{self.name}.{time.time_ns():x}",
                        "namespace": self.namespace,
                    },
                    "involvedObject": {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "name": self.name,
                        "namespace": self.namespace,
                        "uid": metadata["uid"],
                    },
                    "reason": reason,
                    "message": message,
                    "type": kind,
                    "firstTimestamp": now,
                    "lastTimestamp": now,
                    "count": 1,
                    "source": {"component": "kubelet", "host": self.settings.node},
                },
            )
