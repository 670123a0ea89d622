"""`zdm execute` on the real control plane: the shop's rename under traffic.

ZDM_TEST_DRAIN is how many seconds an old pod takes to end (15), ZDM_TEST_AWAY how many the API
server is away (15, and with `make thorough` also 60 while deploying). After 60 seconds the node
is not heard of, its pods are called unready, and the controllers look again only after up to a
minute more; after less they are started anew, as a cluster's own leaders do.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cluster.conftest import Space
from tests.cluster.controlplane.cluster import REPOSITORY, Cluster
from tests.cluster.kubelet.images import Image
from tests.cluster.workloads import holding, objects, rights, services
from tests.cluster.workloads.traffic import Traffic
from zdm.config import settings as config
from zdm.demo import database as users_table
from zdm.demo import run as demo
from zdm.demo.ledger import Ledger, Row
from zdm.postgres.server.provider import Server
from zdm.rollout import registry
from zdm.rollout.kubernetes.settings import KubernetesSettings

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

PLAN = "plans/0007_drop_email.yaml"
ROWS = 2000
REPLICAS = 3
GRACE = 90
SETTINGS = """
plans = "plans"
server_version = 18

[alembic]
ini = "alembic.ini"
base = ["0004"]

[rollout]
driver = "kubernetes"
old = "v1"
new = "v2"
poll_interval = "500ms"
deadline = "5m"
soak = "{soak}"
revert_window = "{window}"

[rollout.kubernetes]
kubeconfig = "{kubeconfig}"
namespaces = ["{namespace}"]
secrets = ["shop-db"]
image = "shop:{{version}}"
workloads = [{{kind = "Deployment", namespace = "{namespace}", name = "shop"}}]
{gates}
"""


@dataclass
class Run:
    """One `zdm execute`, and what was true when it told something."""

    process: subprocess.Popen[str]
    events: list[dict[str, Any]] = field(default_factory=list)

    def read(self, on: Callable[[dict[str, Any]], None] = lambda _: None) -> int:
        """Read to the end; the exit code."""
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                self.events.append(json.loads(line))
                on(self.events[-1])
        return self.process.wait()

    def said(self, event: str) -> list[dict[str, Any]]:
        return [item for item in self.events if item["event"] == event]


@dataclass
class Shop:
    """The shop's old version in a namespace, its database, and a project folder."""

    space: Space
    dsn: str
    folder: Path

    def configure(self, *, soak: str = "0s", window: str = "0s") -> None:
        text = SETTINGS.format(
            kubeconfig=self.folder / "kubeconfig",
            namespace=self.space.name,
            soak=soak,
            window=window,
            gates=holding.GATES,
        )
        (self.folder / "zdm.toml").write_text(text)

    def cluster(self) -> KubernetesSettings:
        settings = config.load(directory=self.folder, environ={}, drivers=registry.tables())
        cluster = settings.of_driver(KubernetesSettings)
        assert cluster is not None
        return cluster

    def execute(self, *arguments: str) -> Run:
        command = [sys.executable, "-m", "zdm", "execute", PLAN, "--json", *arguments]
        with (self.folder / "stderr").open("ab") as complaint:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, "ZDM_DATABASE_URL": self.dsn},
                stdout=subprocess.PIPE,
                stderr=complaint,
                text=True,
            )
        return Run(process)

    def complaint(self) -> str:
        return (self.folder / "stderr").read_text()

    def images(self) -> list[str]:
        """The image of each pod object, terminating ones too."""
        return sorted(p["spec"]["containers"][0]["image"] for p in self.space.pods(app="shop"))

    def wanted(self) -> str:
        template = self.space.get("Deployment", "shop")["spec"]["template"]
        return str(template["spec"]["containers"][0]["image"])

    def columns(self) -> set[str]:
        sql = (
            "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass"
            " AND attnum > 0 AND NOT attisdropped"
        )
        with psycopg.connect(self.dsn) as conn:
            return {name for (name,) in conn.execute(sql).fetchall()}

    def ready(self) -> tuple[services.Address, ...]:
        return services.ready(self.space.cluster.api, self.space.name, "shop")

    @contextmanager
    def traffic(self) -> Iterator[Traffic]:
        self.space.until(lambda: len(self.ready()) == REPLICAS, "three ready endpoints")
        with Traffic(self.ready, Ledger(seeded=ROWS)) as traffic:
            yield traffic

    def wrong_rows(self, traffic: Traffic) -> tuple[str, ...]:
        found = users_table.users(self.dsn, "new_email")
        rows = (Row(id=i, email=e, name=n) for i, e, n in found)
        return traffic.ledger.check(rows).wrong


Start = Callable[[float], Shop]


@pytest.fixture
def start(space: Space, server: Server, tmp_path: Path) -> Start:
    """The shop's v1, whose pods drain for so many seconds."""

    def shop(drain: float) -> Shop:
        dsn = users_table.create_database(server.dsn, space.name.replace("-", "_"))
        demo.alembic(demo.shop_settings(), dsn, "upgrade", "0004")
        users_table.seed(dsn, ROWS)
        for name in ("migrations", "plans"):
            shutil.copytree(REPOSITORY / name, tmp_path / name)
        shutil.copy(REPOSITORY / "alembic.ini", tmp_path)
        made = Shop(space, dsn, tmp_path)
        made.configure()
        rights.kubeconfig(space, made.cluster(), tmp_path / "kubeconfig")
        space.create(objects.secret("shop-db", url=dsn))
        space.create(objects.service("shop"))
        container = objects.shop("shop:v1", drain=drain)
        more = {"terminationGracePeriodSeconds": GRACE}
        space.create(objects.deployment("shop", container, replicas=REPLICAS, **more))
        space.kubectl("rollout", "status", "deployment/shop", "--timeout=90s")
        return made

    return shop


def test_the_contract_waits_for_the_last_old_pod_while_kubectl_says_done(
    start: Start, record_property: Callable[[str, object], None]
) -> None:
    drain = float(os.environ.get("ZDM_TEST_DRAIN", "15"))
    shop = start(drain)
    moments: dict[str, float] = {}
    pods_then: list[str] = []

    def kubectl() -> None:
        shop.space.until(lambda: shop.wanted() == "shop:v2", "the deployment of v2")
        moments["deployed"] = time.monotonic()
        shop.space.kubectl("rollout", "status", "deployment/shop", "--timeout=120s")
        moments["kubectl"] = time.monotonic()
        pods_then.extend(shop.images())

    def look(event: dict[str, Any]) -> None:
        if event["event"] == "point_of_no_return" and "forward" not in moments:
            moments["forward"] = time.monotonic()
            assert shop.images() == ["shop:v2"] * REPLICAS

    with shop.traffic() as traffic:
        asking = threading.Thread(target=kubectl)
        asking.start()
        run = shop.execute()
        code = run.read(look)
        asking.join()

    record_property("kubectl said done after", moments["kubectl"] - moments["deployed"])
    record_property("contract began after", moments["forward"] - moments["deployed"])
    record_property("requests, the longest of them in ms", (traffic.requests, traffic.longest))
    assert code == 0, shop.complaint()
    assert "shop:v1" in pods_then
    assert moments["kubectl"] < moments["forward"]
    assert moments["forward"] - moments["deployed"] >= drain
    assert traffic.requests > drain
    assert traffic.faults == []
    assert shop.wrong_rows(traffic) == ()
    assert "email" not in shop.columns()


def test_a_crash_loop_brings_the_application_back(start: Start) -> None:
    shop = start(1)
    crashing = Image(entrypoint=("sh", "-c", "exit 3"))
    good = shop.space.cluster.allowed["shop:v2"]
    shop.space.cluster.allow("shop:v2", crashing)
    try:
        code = shop.execute().read()
    finally:
        shop.space.cluster.allow("shop:v2", good)

    assert code == 5, shop.complaint()
    assert "exit code 3" in shop.complaint()
    assert shop.wanted() == "shop:v1"
    assert {"email", "new_email"} <= shop.columns()


LONG, SHORT = timedelta(seconds=60), timedelta(seconds=15)


@dataclass
class Outage:
    """The API server is away once; when it is back, what held the run lets it go."""

    cluster: Cluster
    seconds: float
    holds: ExitStack
    thread: threading.Thread | None = None
    over: float = 0.0

    def begin(self) -> None:
        if self.thread is None:
            self.cluster.stop_api()
            self.thread = threading.Thread(target=self._end)
            self.thread.start()

    def _end(self) -> None:
        time.sleep(self.seconds)
        try:
            self.cluster.start_api()
            if self.seconds < LONG.total_seconds():
                self.cluster.restart_controllers()
        finally:
            self.over = time.monotonic()
            self.holds.close()


Event = dict[str, Any]
MOMENTS: dict[str, Callable[[Event], bool]] = {
    "expanding": lambda event: event.get("gate") == "lock",
    "backfilling": lambda event: event.get("state") == "backfilling",
    "deploying": lambda event: event["event"] == "deploy_started",
    "soaking": lambda event: event.get("state") == "soaking",
    "the revert window": lambda event: event.get("gate") == "revert window",
    "contracting": lambda event: event.get("gate") == "lock",
}
FEW = ("deploying", "contracting")  # the others with `make thorough`
OUTAGES = [
    *(
        pytest.param(phase, SHORT, marks=() if phase in FEW else pytest.mark.thorough, id=phase)
        for phase in MOMENTS
    ),  # the long one in the phase that cannot do without the API server
    pytest.param("deploying", LONG, marks=pytest.mark.thorough, id="deploying, for long"),
]


@pytest.mark.parametrize(("phase", "usual"), OUTAGES)
def test_an_api_server_that_is_away_only_delays_it(
    start: Start, phase: str, usual: timedelta, record_property: Callable[[str, object], None]
) -> None:
    away = os.environ.get("ZDM_TEST_AWAY", usual.total_seconds())
    shop = start(5)
    shop.configure(soak="5s", window="5s")
    with ExitStack() as holds:
        outage = Outage(shop.space.cluster, float(away), holds)
        if phase == "expanding":
            holds.enter_context(holding.lock(shop.dsn))
        if phase == "backfilling":
            holds.enter_context(holding.session(shop.dsn, holding.HOLD))

        def look(event: Event) -> None:
            if phase == "contracting" and event.get("state") == "soaking":
                holds.enter_context(holding.lock(shop.dsn))
            if MOMENTS[phase](event):
                outage.begin()

        run = shop.execute()
        code = run.read(look)
        assert outage.thread is not None, shop.complaint()
        outage.thread.join()

    record_property("seconds away", outage.seconds)
    record_property("seconds from its return to the end", time.monotonic() - outage.over)
    unanswered = [e for e in run.said("waiting") if "does not answer" in e["reason"]]
    assert code == 0, shop.complaint()
    assert unanswered or phase in ("expanding", "backfilling")
    assert shop.images() == ["shop:v2"] * REPLICAS
    assert "email" not in shop.columns()
