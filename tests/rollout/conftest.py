"""A supervised application, whose processes end with the test, and the shop on a cluster."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fakes.kube_api.server import FakeKube
from tests.rollout.kubernetes.kube_shop import Shop, deployment
from zdm.model.release import Instance, InstanceState, RolloutStatus, Version
from zdm.rollout.local.driver import Local
from zdm.rollout.local.settings import LocalWorkload

APPLICATION = Path(__file__).parent / "local/application.py"
PATIENCE = 60.0

V1, V2 = Version("v1"), Version("v2")


@dataclass
class Application:
    """What a test does with the application."""

    driver: Local
    go_on: Path  # makes a slow one end

    def wait_no_longer_than(self, seconds: float) -> None:
        """From the next rollout on; the first start may be slow on a busy machine."""
        workload = replace(self.driver.workload, start_timeout=timedelta(seconds=seconds))
        self.driver = Local(workload=workload)

    def until(self, what: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < end, self.driver.observe(V2)
            time.sleep(0.05)

    def until_status(self, version: Version, wanted: type[RolloutStatus]) -> RolloutStatus:
        self.until(lambda: isinstance(self.driver.observe(version).status, wanted))
        return self.driver.observe(version).status

    def live(self, version: Version) -> list[Instance]:
        return [i for i in self.driver.observe(V2).instances if i.version == version]

    def states(self, version: Version) -> list[InstanceState]:
        return [i.state for i in self.live(version)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with FakeKube() as kube:
        kube.apply(deployment("v1"))
        kube.settle()
        yield Shop(kube, tmp_path)


Make = Callable[..., Application]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Application] = []

    def application(
        faults: str = "",
        replicas: int = 1,
        grace: float = 10,
        environment: tuple[tuple[str, str], ...] = (),
    ) -> Application:
        workload = LocalWorkload(
            command=(sys.executable, str(APPLICATION), "{port}", "{version}", faults),
            replicas=replicas,
            first_port=0,
            ready_path="/ready",
            directory=tmp_path / "local",
            grace=timedelta(seconds=grace),
            environment=(*environment, ("GO_ON", str(tmp_path / "go_on"))),
            name="shop",
        )
        made.append(Application(Local(workload=workload), tmp_path / "go_on"))
        return made[-1]

    yield application
    for one in made:
        one.go_on.touch()
        one.driver.stop()
        one.until(lambda one=one: not one.driver.is_supervised())  # type: ignore[misc]  # bound now
