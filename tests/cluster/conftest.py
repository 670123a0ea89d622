"""One cluster for all tests of this folder, and a namespace of its own for each."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.cluster.controlplane import cluster as clusters
from tests.cluster.controlplane import programs
from tests.cluster.controlplane.api import Json
from tests.cluster.controlplane.cluster import Cluster
from tests.cluster.controlplane.programs import MissingPrograms, Programs
from tests.cluster.workloads import registry
from zdm.postgres.session import connection

BACK_OFF = 1.0  # seconds instead of the kubelet's 10
PATHS: dict[str, str] = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Service": "/api/v1/namespaces/{}/services",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
}
SHOP_TABLES = """
    CREATE TABLE users (
        id serial PRIMARY KEY, email text NOT NULL, name text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    INSERT INTO users (email, name) VALUES ('ada@example.org', 'Ada');
"""


@dataclass
class Space:
    """A namespace of one test."""

    cluster: Cluster
    name: str

    def path(self, kind: str, name: str = "") -> str:
        whole = PATHS[kind].format(self.name)
        return f"{whole}/{name}" if name else whole

    def create(self, item: Json) -> Json:
        return self.cluster.api.post(self.path(item["kind"]), item)

    def get(self, kind: str, name: str) -> Json:
        return self.cluster.api.get(self.path(kind, name))

    def pods(self, **labels: str) -> list[Json]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found = self.cluster.api.get(self.path("Pod"), labelSelector=selector)
        items: list[Json] = found["items"]
        return items

    def kubectl(self, *arguments: str) -> str:
        return self.cluster.kubectl("--namespace", self.name, *arguments)

    def until(self, holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
        self.cluster.until(holds, what, seconds)

    def log(self, pod: Json, container: str = "main", start: int = 0) -> str:
        """What a container has written."""
        folder = self.cluster.folder / "pods" / str(pod["metadata"]["uid"]) / "containers"
        return (folder / container / f"{start}.log").read_text()

    def finished(self, name: str) -> Json:
        """The pod when it has ended."""

        def ended() -> bool:
            return self.get("Pod", name)["status"]["phase"] in ("Succeeded", "Failed")

        self.until(ended, f"the end of pod {name}")
        return self.get("Pod", name)


@pytest.fixture(scope="session")
def cluster_programs() -> Programs:
    """What a control plane needs; without it the tests skip, which CI counts as a failure."""
    try:
        return programs.find()
    except MissingPrograms as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="package")  # it is never idle, so it ends with the folder
def cluster(cluster_programs: Programs) -> Iterator[Cluster]:
    """The real control plane with the process kubelet."""
    images = registry.everything()
    with clusters.running(cluster_programs, images, back_off=BACK_OFF) as running:
        yield running


@pytest.fixture
def space(cluster: Cluster) -> Iterator[Space]:
    """A namespace of this test's own; what runs in it is ended by force afterwards."""
    name = cluster.namespace(f"t-{uuid4().hex[:8]}")
    yield Space(cluster, name)
    options: dict[str, Any] = {"gracePeriodSeconds": 0}
    cluster.api.delete(f"/api/v1/namespaces/{name}")
    for kind in ("Deployment", "ReplicaSet", "Job", "Pod"):
        cluster.api.delete(PATHS[kind].format(name), **options)


@pytest.fixture
def shop_space(space: Space, database: str) -> Space:
    """A namespace with the shop's Secret, and its tables in a real PostgreSQL."""
    with connection.connect(database, name="tests") as conn:
        conn.execute(SHOP_TABLES.encode())
    metadata = {"name": "shop-db"}
    space.create({"kind": "Secret", "metadata": metadata, "stringData": {"url": database}})
    return space
