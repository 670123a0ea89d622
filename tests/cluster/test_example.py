"""examples/kubernetes on the real control plane: what its README says, word for word.

The API server enforces the restricted Pod Security Standard in the example's namespace, the
Job has exactly the rights that were printed, and the images of the test registry are the
Dockerfiles' entrypoints. Only addresses of databases are put in place of the placeholders.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster.controlplane.api import Json
from tests.cluster.controlplane.cluster import Cluster
from tests.cluster.kubelet import mounts
from tests.cluster.kubelet.images import Image
from tests.cluster.workloads import holding
from tests.conftest import lasting
from zdm.config import settings as config
from zdm.demo import database, run
from zdm.postgres.session import connection
from zdm.render import manifest as rendering
from zdm.rollout import registry
from zdm.workflows import job_manifest, steer_run

pytestmark = [
    pytest.mark.more,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(not mounts.allowed(), reason="this user may not have mount namespaces"),
]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/kubernetes"
ZDM = "registry.example/zdm@sha256:" + "0" * 64
SECONDS = 240.0
ROWS = 500


def shop_image(version: str) -> Image:
    """As examples/kubernetes/shop.Dockerfile makes it."""
    return Image(
        entrypoint=("zdm", "guard", "--"),
        command=("python", f"{version}.py", "8080"),
        directory=str(ROOT / "examples/shop"),
        environment={
            "PGAPPNAME": f"zdm-app:{version}/shop",
            "ZDM_APP_VERSION": version,
            "ZDM_GUARD_WAIT": "5m",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The example in a cluster: version 1 runs."""

    cluster: Cluster
    folder: Path  # a copy of the example
    url: str  # of the database, as its owner

    def kubectl(self, *arguments: str) -> str:
        return self.cluster.kubectl("--namespace", "shop", *arguments)

    def value(self, query: str) -> object:
        with connection.connect(self.url, name="tests") as opened:
            row = opened.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def columns(self) -> set[str]:
        with connection.connect(self.url, name="tests") as opened:
            rows = opened.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass"
                " AND attnum > 0 AND NOT attisdropped"
            ).fetchall()
        return {name for (name,) in rows}

    def job(self) -> Json:
        [found] = self.cluster.api.get("/apis/batch/v1/namespaces/shop/jobs")["items"]
        return dict(found)

    def pods(self, labels: str) -> list[Json]:
        found = self.cluster.api.get("/api/v1/namespaces/shop/pods", labelSelector=labels)
        return list(found["items"])

    def log(self, pod: Json, container: str) -> str:
        folder = self.cluster.folder / "pods" / str(pod["metadata"]["uid"]) / "containers"
        logs = sorted((folder / container).glob("*.log"))
        return "".join(log.read_text() for log in logs)

    def complete(self) -> None:
        """Wait until the Job is; where it is not, say what its pods said."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            conditions = self.job().get("status", {}).get("conditions") or ()
            ended = {one["type"] for one in conditions if one["status"] == "True"}
            if "Complete" in ended:
                return
            if "Failed" in ended:
                break
            time.sleep(0.5)
        said = [self.log(pod, "zdm") for pod in self.pods("app.kubernetes.io/name=zdm")]
        raise AssertionError("the Job is not complete: " + "\n---\n".join(said))


@pytest.fixture(scope="module")
def server() -> str:
    """A server of the version that the example's plan was made for."""
    return lasting(18).dsn


def make_database(server: str) -> str:
    """The shop's database as version 1 has it, with some rows; its URL."""
    url = database.create_database(server, f"shop_{uuid4().hex[:8]}")
    run.alembic(run.shop_settings(), url, "upgrade", "0004")
    database.seed(url, ROWS)
    return url


@contextmanager
def running(cluster: Cluster, folder: Path, url: str) -> Iterator[Shop]:
    """The README's second chapter."""
    shutil.copytree(EXAMPLE, folder)
    secrets = folder / "app/secret.yaml"
    place = "postgresql://shop:CHANGE-ME@postgres.example:5432/shop"
    secrets.write_text(secrets.read_text().replace(place, url))
    for version in ("v1", "v2"):
        cluster.allow(f"registry.example/shop:{version}", shop_image(version))
    cluster.allow(ZDM, Image(entrypoint=("zdm",), directory="/tmp"))
    shop = Shop(cluster=cluster, folder=folder, url=url)
    try:
        cluster.kubectl("apply", "-k", str(folder / "app"))
        shop.kubectl("rollout", "status", "deployment/web", "--timeout=120s")
        yield shop
    finally:
        cluster.kubectl("delete", "namespace", "shop", "--wait", "--timeout=120s")


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path, server: str) -> Iterator[Shop]:
    with running(cluster, tmp_path / "example", make_database(server)) as found:
        yield found


def test_the_readme_moves_the_shop_to_version_2(shop: Shop) -> None:
    shop.kubectl("apply", "-k", str(shop.folder / "zdm"))
    shop.complete()
    [container] = shop.cluster.api.get("/apis/apps/v1/namespaces/shop/deployments/web")["spec"][
        "template"
    ]["spec"]["containers"]

    assert container["image"] == "registry.example/shop:v2"
    assert "email" not in shop.columns()
    assert shop.value("SELECT count(*) FROM users WHERE new_email IS NOT NULL") == ROWS
    assert {pod["spec"]["containers"][0]["image"] for pod in live(shop)} == {container["image"]}


def live(shop: Shop) -> list[Json]:
    return [
        pod
        for pod in shop.pods("app.kubernetes.io/name=shop")
        if pod["status"]["phase"] not in ("Succeeded", "Failed")
    ]


def test_the_guard_keeps_version_1_out_afterwards(shop: Shop) -> None:
    hurried(shop)
    shop.complete()
    shop.kubectl("rollout", "undo", "deployment/web")
    old: list[Json] = []

    def refused() -> bool:
        old[:] = [
            pod
            for pod in live(shop)
            if pod["spec"]["containers"][0]["image"].endswith(":v1")
            and "v1 is retired" in shop.log(pod, "shop")
        ]
        return bool(old)

    shop.cluster.until(refused, "a pod of version 1 that says why it does not start")
    [status] = old[0]["status"]["containerStatuses"]
    ready = [pod for pod in live(shop) if is_ready(pod)]

    assert not status["ready"]
    assert {pod["spec"]["containers"][0]["image"] for pod in ready} == {
        "registry.example/shop:v2"
    }


def is_ready(pod: Json) -> bool:
    found = {c["type"]: c["status"] for c in pod["status"].get("conditions") or ()}
    return found.get("Ready") == "True"


def hurried(shop: Shop, *, soak: str = "1s", window: str = "0s") -> None:
    """Print the Job anew with short pauses, and apply it."""
    file = shop.folder / "zdm.toml"
    text = file.read_text()
    for old, new in (
        ('soak = "30s"', f'soak = "{soak}"\npoll_interval = "500ms"'),
        ('revert_window = "0s"', f'revert_window = "{window}"'),
    ):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text + holding.GATES)
    settings = config.load(
        directory=shop.folder, environ={}, file=file, drivers=registry.tables()
    )
    asked = job_manifest.Asked(
        plan=ROOT / "plans/0007_drop_email.yaml", image=ZDM, settings_file=file
    )
    printed = rendering.stream(job_manifest.run(settings, asked))
    shop.cluster.kubectl("apply", "-f", "-", input=printed)


@contextmanager
def expanding(shop: Shop) -> Iterator[str]:
    with holding.lock(shop.url):
        hurried(shop)
        yield "w.gate = 'lock' AND r.point_of_no_return IS NULL"


@contextmanager
def backfilling(shop: Shop) -> Iterator[str]:
    with holding.session(shop.url, holding.HOLD):
        hurried(shop)
        yield "r.state = 'backfilling'"


@contextmanager
def deploying(shop: Shop) -> Iterator[str]:
    with holding.session(shop.url, holding.OLD_SESSION):
        hurried(shop)
        yield "r.state = 'deploying'"


@contextmanager
def soaking(shop: Shop) -> Iterator[str]:
    hurried(shop, soak="30s")
    yield "r.state = 'soaking'"


@contextmanager
def in_the_revert_window(shop: Shop) -> Iterator[str]:
    hurried(shop, window="1h")
    yield "w.gate = 'revert window'"
    steer_run.approve(shop.url)


@contextmanager
def contracting(shop: Shop) -> Iterator[str]:
    hurried(shop, soak="10s")
    shop.cluster.until(lambda: is_so(shop, 1, "r.state = 'soaking'"), "the soak", SECONDS)
    with holding.lock(shop.url):  # the point of no return is passed behind this lock
        yield "w.gate = 'lock' AND r.point_of_no_return IS NULL"


FEW = (backfilling, contracting)
REST = (expanding, deploying, soaking, in_the_revert_window)
PHASES = (*FEW, *(pytest.param(phase, marks=pytest.mark.thorough) for phase in REST))
Phase = Callable[[Shop], AbstractContextManager[str]]


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__)
def test_a_pod_that_is_deleted_in_a_phase_is_replaced_by_one_that_goes_on(
    shop: Shop, phase: Phase
) -> None:
    with phase(shop) as condition:
        deleted = delete_when(shop, condition)
        shop.cluster.until(lambda: is_so(shop, 2, "true"), "another executor", SECONDS)
        replaced = zdm_pod(shop)
    shop.complete()

    assert replaced != deleted
    assert shop.value("SELECT count(*) FROM zdm.run") == 1
    assert shop.value("SELECT epoch FROM zdm.run") == 2
    assert "email" not in shop.columns()
    assert shop.value("SELECT count(*) FROM users WHERE new_email IS NOT NULL") == ROWS


def is_so(shop: Shop, epoch: int, condition: str) -> bool:
    """Whether the run, in that epoch, is so."""
    if not shop.value("SELECT to_regclass('zdm.waiting') IS NOT NULL"):
        return False
    query = (
        "SELECT count(*) FROM zdm.run AS r LEFT JOIN zdm.waiting AS w ON w.run_id = r.id"
        f" WHERE r.epoch = {epoch} AND {condition}"
    )
    return shop.value(query) == 1


def zdm_pod(shop: Shop) -> str:
    """zdm's pod at work; one that ends does not count."""
    found: list[str] = []

    def there() -> bool:
        found[:] = [
            pod["metadata"]["name"]
            for pod in shop.pods("app.kubernetes.io/name=zdm")
            if pod["status"]["phase"] == "Running"
            and "deletionTimestamp" not in pod["metadata"]
        ]
        return len(found) == 1

    shop.cluster.until(there, "one running pod of zdm", SECONDS)
    return found[0]


def delete_when(shop: Shop, condition: str) -> str:
    """Delete zdm's pod once the run is so."""
    shop.cluster.until(lambda: is_so(shop, 1, condition), condition, SECONDS)
    found = zdm_pod(shop)
    shop.kubectl("delete", "pod", found, "--wait=false")
    return found
