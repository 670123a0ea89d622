"""The shop on the fake cluster: manifests, the driver, and the gate that waits on both."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from tests.case import Watching
from tests.fakes.clock import FakeClock
from tests.fakes.journal import JournalOnly
from tests.fakes.kube_api.kubectl import Kubectl, Said
from tests.fakes.kube_api.server import FakeKube
from zdm.config.settings import RolloutSettings
from zdm.errors import ZdmError
from zdm.execute.events import Waiting
from zdm.execute.gate.keeper import GateKeeper
from zdm.execute.ports import Database
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.model.release import Version
from zdm.rollout.kubernetes import client as kube_api
from zdm.rollout.kubernetes.api import Json
from zdm.rollout.kubernetes.client import KubeApi
from zdm.rollout.kubernetes.driver import Kubernetes
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload

V1, V2 = Version("v1"), Version("v2")
SPACE = "default"


def image(version: str) -> str:
    return f"registry.example/shop:{version}"


def pods(version: str, grace: int = 40, restart: str = "Always") -> Json:
    """A pod template that uses the database."""
    reference = {"secretKeyRef": {"name": "db", "key": "url"}}
    container = {
        "name": "web",
        "image": image(version),
        "env": [{"name": "DATABASE_URL", "valueFrom": reference}],
    }
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": grace,
            "restartPolicy": restart,
        },
    }


def manifest(kind: str, name: str, spec: Json) -> Json:
    group = "batch/v1" if kind in ("CronJob", "Job") else "apps/v1"
    metadata = {"name": name, "namespace": SPACE}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


def deployment(version: str, name: str = "web", replicas: int = 3, grace: int = 40) -> Json:
    template = pods(version, grace)
    template["metadata"]["labels"] = {"app": name}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": template,
    }
    return manifest("Deployment", name, spec)


def stateful_set(version: str, partition: int) -> Json:
    update = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    template = pods(version)
    template["metadata"]["labels"] = {"app": "store"}
    spec = {
        "replicas": 2,
        "serviceName": "store",
        "selector": {"matchLabels": {"app": "store"}},
        "template": template,
        "updateStrategy": update,
    }
    return manifest("StatefulSet", "store", spec)


def cron_job(version: str, **more: Any) -> Json:
    template = pods(version, restart="Never")
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}, **more}
    return manifest("CronJob", "nightly", spec)


def workload(kind: Any = "Deployment", name: str = "web") -> KubernetesWorkload:
    return KubernetesWorkload(kind=kind, namespace=SPACE, name=name)


@dataclass
class Shop:
    """A fake cluster with the shop in it, and zdm's gate before it."""

    kube: FakeKube
    folder: Path
    workloads: tuple[KubernetesWorkload, ...] = (workload(),)
    chosen: dict[str, Any] = field(default_factory=dict)
    rollout: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    watching: Watching = field(default_factory=Watching)
    at: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    read_seconds: float = 5.0
    page: int = 500  # objects of one LIST answer

    def __post_init__(self) -> None:
        self.began = self.kube.now()
        self.journal = JournalOnly(self.kube)

    def now(self) -> datetime:
        return self.kube.now()

    def monotonic(self) -> float:
        return self.kube.monotonic()

    def sleep(self, duration: timedelta) -> None:
        """Time passes in the cluster; what a test planned for then happens."""
        self.kube.sleep(duration)
        passed = (self.kube.now() - self.began).total_seconds()
        for moment, act in tuple(self.at):
            if passed >= moment:
                self.at.remove((moment, act))
                act()

    def in_seconds(self, seconds: float, act: Callable[[], object]) -> None:
        """Let something happen, so long after the beginning."""
        self.at.append((seconds, act))

    @property
    def settings(self) -> KubernetesSettings:
        return KubernetesSettings(
            namespaces=(SPACE,),
            workloads=self.workloads,
            secrets=("db",),
            **{"image": "registry.example/shop:{version}", **self.chosen},
        )

    @property
    def api(self) -> KubeApi:
        path = self.kube.kubeconfig(self.folder / "kubeconfig", token=self.token)
        client = kube_api.connect(kubeconfig=path, context=None, environ={})
        return KubeApi(
            client, read_seconds=self.read_seconds, page=self.page, clock=FakeClock()
        )

    @property
    def driver(self) -> Kubernetes:
        return Kubernetes(self.settings, self.api, self.kube)

    def keeper(self) -> GateKeeper:
        world = World(
            database=cast(Database, self.journal),
            platform=self.driver,
            observer=self.watching,
            clock=self,
            stop=StopFlag(),
        )
        settings = {"poll_interval": timedelta(seconds=2), **self.rollout}
        options = Options(old=V1, new=V2, rollout=RolloutSettings(**settings))
        return GateKeeper(world=world, options=options)

    def kubectl(self, *arguments: str) -> Said:
        path = self.kube.kubeconfig(self.folder / "kubeconfig")
        return Kubectl(path)(*arguments)

    def stopped(self, work: Callable[[], object]) -> ZdmError:
        """How it ends."""
        try:
            work()
        except ZdmError as error:
            return error
        raise AssertionError("it was clear")

    @property
    def waits(self) -> list[Waiting]:
        return [event for event in self.watching.events if isinstance(event, Waiting)]

    def versions(self) -> list[str]:
        """The tags of the pods there are."""
        found = self.kube.list("Pod", SPACE)
        return sorted(p["spec"]["containers"][0]["image"].rpartition(":")[2] for p in found)

    def seconds(self) -> float:
        """Since the beginning."""
        return (self.kube.now() - self.began).total_seconds()
