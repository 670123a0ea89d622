"""The printed manifest in a cluster that enforces Roles: enough for zdm, and no more.

kubectl itself applies it. The API server of the tests answers access reviews from the stored
Roles, as the real one does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.kube_api.kubectl import Kubectl
from tests.fakes.kube_api.server import FakeKube
from zdm.errors import RefusedError
from zdm.model.diagnosis import Diagnosis, Verdict
from zdm.model.release import Version
from zdm.render import manifest as rendering
from zdm.rollout.kubernetes import client, manifest, rbac
from zdm.rollout.kubernetes.api import DEPLOYMENTS, PODS, Resource
from zdm.rollout.kubernetes.doctor import checks as doctor_checks
from zdm.rollout.kubernetes.doctor.cluster import ClusterOfSettings
from zdm.rollout.kubernetes.driver import Kubernetes
from zdm.rollout.kubernetes.manifest import Job
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload
from zdm.rollout.port import JobRequest, PlanBesideImage

OLD, NEW = Version("v1"), Version("v2")
IMAGE = "registry.example/shop:{version}"
SETTINGS = KubernetesSettings(
    namespaces=("mail", "shop"),
    secrets=("db",),
    image=IMAGE,
    workloads=(
        KubernetesWorkload(kind="Deployment", namespace="shop", name="web"),
        KubernetesWorkload(kind="CronJob", namespace="mail", name="digest"),
    ),
)


NEEDED = rbac.needed(rbac.scope_of(SETTINGS, "shop"))


def pod_template(name: str, **container: object) -> dict[str, object]:
    secret = {"secretKeyRef": {"name": "db", "key": "url"}}
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "restartPolicy": "OnFailure" if name != "web" else "Always",
            "containers": [
                {
                    "name": name,
                    "image": "registry.example/shop:v1",
                    "env": [{"name": "DATABASE_URL", "valueFrom": secret}],
                    **container,
                }
            ],
        },
    }


def deployment(**container: object) -> dict[str, object]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": pod_template("web", **container),
        },
    }


def cron_job(name: str, namespace: str) -> dict[str, object]:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "schedule": "0 3 * * *",
            "jobTemplate": {"spec": {"template": pod_template(name)}},
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster with the application and zdm's manifest in it."""

    fake: FakeKube
    admin: Kubectl
    kubeconfig: Path  # of zdm's ServiceAccount

    def as_zdm(self) -> ClusterOfSettings:
        """As the Job would ask."""
        return ClusterOfSettings(SETTINGS, self.api(), (OLD, NEW))

    def api(self) -> client.KubeApi:
        return client.from_settings(self.kubeconfig, None)

    def examine(self) -> dict[str, Diagnosis]:
        scope = rbac.scope_of(SETTINGS, "shop")
        return {one.name: one for one in doctor_checks.examine(self.as_zdm(), scope)}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """kubectl has applied what `zdm manifest` prints; zdm has its ServiceAccount's token."""
    printed = manifest.documents(
        Job(
            request=JobRequest(
                plan="p",
                digest="d",
                release="v2",
                image="zdm:1",
                content=PlanBesideImage(settings="", plan_name="p.yaml", plan="format: 1\n"),
            ),
            scope=rbac.scope_of(SETTINGS, "shop"),
        )
    )
    with FakeKube() as fake:
        for namespace in SETTINGS.namespaces:
            fake.add_namespace(namespace)
        fake.apply(deployment())
        fake.apply(cron_job("digest", "mail"))
        fake.settle()
        admin = Kubectl(fake.kubeconfig(tmp_path / "admin"))
        applied = admin("apply", "-f", "-", stdin=rendering.stream(printed))
        assert applied.code == 0, applied.err
        fake.bind("zdm's token", "zdm", "shop")
        kubeconfig = fake.kubeconfig(tmp_path / "zdm", token="zdm's token")
        yield Cluster(fake=fake, admin=admin, kubeconfig=kubeconfig)


def test_with_the_printed_roles_nothing_is_missing(cluster: Cluster) -> None:
    found = cluster.examine()

    assert {one.verdict for one in found.values()} == {Verdict.OK}, found
    assert list(found) == [
        "cluster rights",
        "declared workloads",
        "migrating at start (cluster)",
        "undeclared workloads",
    ]


def test_with_the_printed_roles_the_driver_moves_the_application(cluster: Cluster) -> None:
    driver = Kubernetes(SETTINGS, cluster.api())
    driver.check(OLD, NEW)
    driver.deploy(NEW)
    cluster.fake.settle()

    assert {spawner.version for spawner in driver.observe(NEW).spawners} == {NEW}


SECRETS = Resource(plural="secrets", kind="Secret")


@pytest.mark.parametrize(
    ("verb", "resource", "name"),
    [
        pytest.param("get", SECRETS, "", id="reading Secrets"),
        pytest.param("get", SECRETS, "db", id="reading the database's Secret"),
        pytest.param("patch", DEPLOYMENTS, "other", id="somebody else's workload"),
        pytest.param("patch", DEPLOYMENTS, "", id="any workload"),
        pytest.param("update", DEPLOYMENTS, "web", id="replacing"),
        pytest.param("delete", PODS, "", id="deleting"),
        pytest.param("create", PODS, "", id="starting"),
    ],
)
def test_the_printed_roles_give_no_more(
    cluster: Cluster, verb: str, resource: Resource, name: str
) -> None:
    assert not cluster.api().may(verb, resource, "shop", name)


@pytest.mark.parametrize("access", NEEDED, ids=str)
def test_each_right_is_missed_by_name(cluster: Cluster, access: rbac.Access) -> None:
    rest = [one for one in NEEDED if one != access]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "zdm", "namespace": access.namespace},
        "rules": rbac.rules(one for one in rest if one.namespace == access.namespace),
    }
    cluster.fake.apply(role)
    found = cluster.examine()

    assert list(found) == ["cluster rights"]
    assert found["cluster rights"].said == f"zdm may not {access}"


def test_without_the_right_to_watch_nothing_is_missed(cluster: Cluster) -> None:
    for namespace in SETTINGS.namespaces:
        here = (one for one in NEEDED if one.namespace == namespace)
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "zdm", "namespace": namespace},
            "rules": rbac.rules(here),
        }
        cluster.fake.apply(role)
    found = cluster.examine()
    Kubernetes(SETTINGS, cluster.api()).check(OLD, NEW)

    assert {one.verdict for one in found.values()} == {Verdict.OK}, found
    assert "without watch pods in mail, watch pods in shop" in found["cluster rights"].said


def test_with_the_printed_roles_it_may_watch(cluster: Cluster) -> None:
    assert cluster.api().may("watch", PODS, "mail")


def test_the_driver_refuses_before_anything_is_changed(cluster: Cluster) -> None:
    cluster.fake.delete("rolebindings", "mail", "zdm")
    with pytest.raises(RefusedError, match=r"patch cronjobs\.batch digest in mail"):
        Kubernetes(SETTINGS, cluster.api()).check(OLD, NEW)


def test_who_uses_the_secret_and_is_not_declared_is_named(cluster: Cluster) -> None:
    cluster.fake.apply(cron_job("report", "shop"))
    found = cluster.examine()["undeclared workloads"]

    assert found.verdict is Verdict.FAILED
    assert found.said.startswith("CronJob shop/report uses the database's Secret")


def test_a_workload_that_migrates_at_its_start_is_named(cluster: Cluster) -> None:
    cluster.fake.apply(deployment(command=["sh", "-c", "alembic upgrade head && exec shop"]))
    found = cluster.examine()["migrating at start (cluster)"]

    assert found.verdict is Verdict.WARNING
    assert found.said.startswith("Deployment shop/web (container web) runs")


def test_a_declared_workload_that_is_gone_is_named(cluster: Cluster) -> None:
    cluster.fake.delete("cronjobs", "mail", "digest")
    found = cluster.examine()["declared workloads"]

    assert found.verdict is Verdict.FAILED
    assert found.said.startswith("CronJob mail/digest does not exist")
