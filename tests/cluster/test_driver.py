"""The driver `kubernetes` on the real control plane: what kubectl calls done, zdm waits for."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.case import Watching
from tests.cluster.conftest import Space
from tests.cluster.workloads import objects
from tests.fakes.journal import JournalOnly
from zdm.config.settings import RolloutSettings
from zdm.errors import RolloutError, StoppedError, ZdmError
from zdm.execute.clock import SystemClock
from zdm.execute.events import RunStarted, StateChanged, Waiting
from zdm.execute.gate.keeper import GateKeeper
from zdm.execute.ports import Database
from zdm.execute.stop import StopFlag
from zdm.execute.world import Options, World
from zdm.model.release import RunState, Version
from zdm.rollout.kubernetes import client
from zdm.rollout.kubernetes.announcer import Announcing, Audience
from zdm.rollout.kubernetes.driver import Kubernetes
from zdm.rollout.kubernetes.objects import Ref
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

DRAIN = 10.0
V1, V2 = Version("v1"), Version("v1.1")


@dataclass
class Gate:
    """zdm's gate before the shop in a namespace."""

    space: Space
    new: Version = V2
    chosen: dict[str, Any] = field(default_factory=dict)
    rollout: dict[str, Any] = field(default_factory=dict)
    watching: Watching = field(default_factory=Watching)
    journal: JournalOnly = field(default_factory=lambda: JournalOnly(SystemClock()))

    @property
    def driver(self) -> Kubernetes:
        web = KubernetesWorkload(kind="Deployment", namespace=self.space.name, name="shop")
        settings = KubernetesSettings(
            **{
                "namespaces": (self.space.name,),
                "workloads": (web,),
                "secrets": ("shop-db",),
                "image": "shop:{version}",
                **self.chosen,
            }
        )
        return Kubernetes(settings, client.from_settings(self.space.cluster.kubeconfig, None))

    def keeper(self) -> GateKeeper:
        world = World(
            database=cast(Database, self.journal),
            platform=self.driver,
            observer=self.watching,
            clock=SystemClock(),
            stop=StopFlag(),
        )
        settings = {"poll_interval": timedelta(milliseconds=500), **self.rollout}
        return GateKeeper(
            world=world,
            options=Options(old=V1, new=self.new, rollout=RolloutSettings(**settings)),
        )

    @property
    def waits(self) -> list[Waiting]:
        return [event for event in self.watching.events if isinstance(event, Waiting)]

    def images(self) -> set[str]:
        pods = self.space.pods(app="shop")
        return {pod["spec"]["containers"][0]["image"] for pod in pods}

    def stopped(self, work: Callable[[], object]) -> ZdmError:
        try:
            work()
        except ZdmError as error:
            return error
        raise AssertionError("it was clear")


@pytest.fixture
def gate(shop_space: Space) -> Gate:
    container = objects.shop("shop:v1", drain=DRAIN)
    more = {"terminationGracePeriodSeconds": 60}
    shop_space.create(objects.deployment("shop", container, replicas=2, **more))
    shop_space.kubectl("rollout", "status", "deployment/shop", "--timeout=90s")
    return Gate(shop_space)


def test_zdm_waits_for_old_pods_after_kubectl_has_said_done(gate: Gate) -> None:
    gate.driver.check(V1, V2)
    gate.driver.deploy(V2)
    gate.space.kubectl("rollout", "status", "deployment/shop", "--timeout=90s")
    done = gate.images()
    gate.keeper().deploy_and_wait()
    names = [name for wait in gate.waits for name in wait.names]

    assert "shop:v1" in done
    assert any("v1, terminating" in name for name in names)
    assert any(wait.eta is not None for wait in gate.waits)
    assert gate.images() == {"shop:v1.1"}


def test_an_undo_is_refused(gate: Gate) -> None:
    keeper = gate.keeper()
    keeper.deploy_and_wait()
    gate.space.kubectl("rollout", "undo", "deployment/shop")
    error = gate.stopped(keeper.still_clear)

    assert isinstance(error, StoppedError)
    assert "(v1) would start another version than v1.1" in error.message


def test_an_image_that_cannot_be_pulled_goes_back_within_the_time_that_is_set(
    gate: Gate,
) -> None:
    gate.new = Version("v9")
    gate.chosen = {"image_error_after": timedelta(seconds=5)}
    began = time.monotonic()
    error = gate.stopped(gate.keeper().deploy_and_wait)
    took = time.monotonic() - began
    gate.space.kubectl("rollout", "status", "deployment/shop", "--timeout=90s")

    assert isinstance(error, RolloutError)
    assert "ErrImagePull" in error.message or "ImagePullBackOff" in error.message
    assert took < 60
    assert gate.journal.states == [RunState.FAILED_KEPT_EXPANDED]
    gate.space.until(lambda: gate.images() == {"shop:v1"}, "the old version alone")


def test_a_rollout_goes_on_when_the_api_server_was_away(gate: Gate) -> None:
    driver = gate.driver
    driver.deploy(V2)
    gate.space.cluster.stop_api()
    error = gate.stopped(lambda: driver.observe(V2).status)
    gate.space.cluster.start_api()
    gate.keeper().deploy_and_wait()

    assert error.exit_code == 75
    assert gate.images() == {"shop:v1.1"}


def test_a_server_side_apply_names_the_owner_of_the_image(gate: Gate) -> None:
    gate.chosen = {"patch": "apply"}
    error = gate.stopped(gate.keeper().deploy_and_wait)

    assert isinstance(error, StoppedError)
    assert "another client owns the image" in error.message
    gate.chosen = {"patch": "apply", "force": True}
    gate.keeper().deploy_and_wait()
    assert gate.images() == {"shop:v1.1"}


def test_an_undeclared_workload_is_named(gate: Gate) -> None:
    container = objects.shop("shop:v1")
    gate.space.create(objects.deployment("report", container, replicas=0))
    error = gate.stopped(gate.keeper().deploy_and_wait)

    assert isinstance(error, StoppedError)
    assert error.message == (
        f"Deployment {gate.space.name}/report uses the database's Secret shop-db and is not"
        " declared"
    )


def applied(gate: Gate, kind: str, group: str, name: str, spec: dict[str, Any]) -> None:
    item = {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec}
    gate.space.cluster.kubectl(
        "--namespace", gate.space.name, "apply", "-f", "-", input=json.dumps(item)
    )


def template(restart: str = "Always") -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "stale"}},
        "spec": {"containers": [objects.shop("shop:v1")], "restartPolicy": restart},
    }


LABELS = {"selector": {"matchLabels": {"app": "stale"}}}
STALE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a suspended CronJob": (
        "CronJob",
        "batch/v1",
        {
            "schedule": "0 3 * * *",
            "suspend": True,
            "jobTemplate": {"spec": {"template": template("Never")}},
        },
    ),
    "a Deployment scaled to zero": (
        "Deployment",
        "apps/v1",
        {"replicas": 0, **LABELS, "template": template()},
    ),
    "a StatefulSet": (
        "StatefulSet",
        "apps/v1",
        {"replicas": 0, "serviceName": "stale", **LABELS, "template": template()},
    ),
    "a DaemonSet": ("DaemonSet", "apps/v1", {**LABELS, "template": template()}),
}


@pytest.mark.parametrize(("kind", "group", "spec"), STALE.values(), ids=STALE.keys())
def test_a_stale_template_holds_the_contract_and_then_moves_with_the_rest(
    shop_space: Space, kind: Any, group: str, spec: dict[str, Any]
) -> None:
    gate = Gate(shop_space)
    applied(gate, kind, group, "stale", spec)
    stale = KubernetesWorkload(kind=kind, namespace=shop_space.name, name="stale")
    gate.chosen = {"workloads": (stale,)}
    error = gate.stopped(gate.keeper().still_clear)
    gate.keeper().deploy_and_wait()

    assert isinstance(error, StoppedError)
    assert f"{kind} {shop_space.name}/stale (v1) would start another version" in error.message
    assert [spawner.version for spawner in gate.driver.observe(V2).spawners] == [V2]


def test_a_partition_is_waited_for_until_somebody_sets_it_to_0(shop_space: Space) -> None:
    gate = Gate(shop_space, rollout={"deadline": timedelta(seconds=20)})
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    spec = {
        "replicas": 2,
        "serviceName": "stale",
        **LABELS,
        "template": template(),
        "updateStrategy": partition,
    }
    applied(gate, "StatefulSet", "apps/v1", "stale", spec)
    shop_space.kubectl("rollout", "status", "statefulset/stale", "--timeout=90s")
    stale = KubernetesWorkload(
        kind="StatefulSet", namespace=shop_space.name, name="stale", container="shop"
    )
    gate.chosen = {"workloads": (stale,)}
    error = gate.stopped(gate.keeper().deploy_and_wait)
    said = shop_space.kubectl("rollout", "status", "statefulset/stale", "--timeout=60s")
    patch = '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}'
    shop_space.kubectl("patch", "statefulset/stale", "-p", patch)
    gate.rollout = {}
    gate.keeper().deploy_and_wait()

    assert isinstance(error, StoppedError)
    assert "stale-0 not of its revision" in error.message
    assert "its partition is 1: set it to 0" in error.message
    assert "partitioned roll out complete" in said


def test_the_cluster_takes_the_events_and_the_annotations(gate: Gate) -> None:
    complaints: list[str] = []
    observer = Announcing(
        client.from_settings(gate.space.cluster.kubeconfig, None),
        Audience(workloads=(Ref("Deployment", gate.space.name, "shop"),)),
        SystemClock().now,
        complaints.append,
    )
    observer.notify(
        RunStarted(digest="4f" * 32, plan="0007", run=1, resumed=False, steps=3, done=0)
    )
    observer.notify(StateChanged(state=RunState.DEPLOYING))
    told = gate.space.kubectl("describe", "deployment/shop")
    found = gate.space.get("Deployment", "shop")

    assert complaints == []
    assert "ZdmPhaseStarted" in told
    assert "0007: deploying" in told
    assert found["metadata"]["annotations"]["zdm.dev/phase"] == "deploying"
    assert found["metadata"]["generation"] == found["status"]["observedGeneration"]
