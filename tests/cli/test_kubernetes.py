"""`zdm execute` with the driver `kubernetes`: a real database, an API server, exit codes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Answer, Zdm
from tests.fakes.kube_api.controllers.world import Behaviour
from tests.fakes.kube_api.kinds import PODS
from tests.fakes.kube_api.server import FakeKube
from tests.rollout.kubernetes.kube_shop import SPACE, deployment, image
from zdm.postgres.session import connection

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
INSERT INTO users SELECT g, 'a' || g FROM generate_series(1, 100) AS g;
"""
SETTINGS = """
[rollout]
driver = "kubernetes"
old = "v1"
new = "v2"
polls = 2
poll_interval = "100ms"
sessions = "warn"
revert_window = "0s"

[rollout.kubernetes]
kubeconfig = "kubeconfig"
namespaces = ["default"]
secrets = ["db"]
image = "registry.example/shop:{version}"
workloads = [{kind = "Deployment", namespace = "default", name = "web"}]
"""
CRASHING = Behaviour(exits_after=1, exit_code=1, never_ready=True)
SPEED = 10.0  # the cluster's time against ours
BEFORE, BOTH, AFTER = ["id", "email"], ["id", "email", "new_email"], ["id", "new_email"]


@dataclass
class Shop:
    """A database with a plan, a cluster with the old version."""

    zdm: Zdm
    url: str
    kube: FakeKube
    folder: Path

    def execute(self, *arguments: str) -> Answer:
        return self.zdm("execute", "plan.yaml", *arguments, "--database", self.url)

    def columns(self) -> list[str]:
        with connection.connect(self.url, name="tests") as opened:
            rows = opened.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass"
                " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
            )
            return [name for (name,) in rows]

    def images(self) -> set[str]:
        pods = self.kube.list("Pod", SPACE)
        return {pod["spec"]["containers"][0]["image"] for pod in pods}

    def events(self) -> list[str]:
        return [event["reason"] for event in self.kube.list("Event", SPACE)]

    def web(self) -> dict[str, Any]:
        return self.kube.get("Deployment", SPACE, "web")


@pytest.fixture
def shop(zdm: Zdm, database: str, tmp_path: Path) -> Iterator[Shop]:
    with connection.connect(database, name="tests") as opened:
        opened.execute(SCHEMA.encode())
    (tmp_path / "0007.sql").write_text("ALTER TABLE users RENAME email TO new_email;\n")
    (tmp_path / "zdm.toml").write_text(SETTINGS)
    with FakeKube() as kube:
        kube.kubeconfig(tmp_path / "kubeconfig")
        kube.apply(deployment("v1"))
        kube.settle()
        kube.run_in_background(SPEED)
        planned = zdm(
            "plan", "--no-verify", "0007.sql", "-o", "plan.yaml", "--database", database
        )
        assert planned.code == 0, planned.err
        yield Shop(zdm, database, kube, tmp_path)


def test_the_contract_begins_when_the_last_old_pod_is_gone(shop: Shop) -> None:
    shop.kube.images[image("v1")] = Behaviour(drain=30)
    answer = shop.execute("--json")
    told = [json.loads(line) for line in answer.out.splitlines()]
    old = [
        n
        for n, e in enumerate(told)
        if (e.get("gate"), e["event"]) == ("old version", "waiting")
    ]
    forward = [n for n, e in enumerate(told) if e["event"] == "point_of_no_return"]

    assert answer.code == 0, answer.err
    assert old
    assert max(old) < min(forward)
    assert shop.images() == {image("v2")}
    assert shop.columns() == AFTER
    assert {"ZdmWaitingForOldPods", "ZdmPointOfNoReturn", "ZdmRollout"} <= set(shop.events())
    assert shop.web()["metadata"]["annotations"]["zdm.dev/phase"] == "contracted"
    assert "annotations" not in shop.web()["spec"]["template"]["metadata"]


def test_an_undo_between_deploy_and_contract_refuses_the_contract(shop: Shop) -> None:
    deployed = shop.execute("--until", "deployed")
    shop.kube.set_image("Deployment", "web", image("v1"))
    answer = shop.execute("--from", "deployed")

    assert deployed.code == 0, deployed.err
    assert answer.code == 4
    assert "Deployment default/web (v1) would start another version than v2" in answer.err
    assert shop.columns() == BOTH
    assert "ZdmGateRefused" in shop.events()


def test_a_crash_loop_brings_the_application_back_and_keeps_the_expand(shop: Shop) -> None:
    shop.kube.images[image("v2")] = CRASHING
    answer = shop.execute()
    status = shop.zdm("status", "--json", "--database", shop.url)
    wanted = shop.web()["spec"]["template"]["spec"]["containers"][0]["image"]

    assert answer.code == 5
    assert "crashed and was restarted" in answer.err
    assert "the application goes back to v1 and the expand is kept" in answer.err
    assert json.loads(status.out)["state"] == "failed, expand kept"
    assert wanted == image("v1")
    assert shop.columns() == BOTH


def test_an_application_that_was_mended_goes_on_from_there(shop: Shop) -> None:
    shop.kube.images[image("v2")] = CRASHING
    failed = shop.execute()
    del shop.kube.images[image("v2")]
    answer = shop.execute()

    assert (failed.code, answer.code) == (5, 0), answer.err
    assert shop.columns() == AFTER


def test_a_missing_permission_is_refused_before_anything_is_changed(shop: Shop) -> None:
    shop.kube.bind("zdm", "zdm")
    shop.kube.kubeconfig(shop.folder / "kubeconfig", token="zdm")
    answer = shop.execute()

    assert answer.code == 3
    assert "zdm may not: list pods in default" in answer.err
    assert "resources: [deployments], verbs: [list]}" in answer.err
    assert shop.columns() == BEFORE


def test_a_rollback_brings_the_application_back_first(shop: Shop) -> None:
    shop.execute("--until", "deployed")
    answer = shop.zdm("rollback", "--database", shop.url)

    assert answer.code == 0, answer.err
    assert shop.images() == {image("v1")}
    assert shop.columns() == BEFORE


def lose_the_node(kube: FakeKube) -> list[str]:
    """Nobody hears of the pods' node any more; another one is there. The pods' names."""
    kube.add_node("node-2")
    pods = kube.list("Pod", SPACE)
    kube.lose_node("node-1")
    for pod in pods:
        with kube.store.locked():
            found = kube.store.get(PODS, SPACE, pod["metadata"]["name"])
            kube.world.set_status(PODS, found, {**found["status"], "reason": "NodeLost"})
    return [pod["metadata"]["name"] for pod in pods]


def test_a_pod_on_a_lost_node_holds_the_contract_until_somebody_gives_his_word(
    shop: Shop,
) -> None:
    lost = lose_the_node(shop.kube)
    settings = SETTINGS.replace("polls = 2", 'polls = 2\ndeadline = "5s"')
    (shop.folder / "zdm.toml").write_text(settings)
    half = shop.execute("--assume-dead", f"pod/{lost[0]}")
    columns = shop.columns()
    answer = shop.execute(*(f"--assume-dead=pod/{name}" for name in lost))

    assert (half.code, answer.code) == (4, 0), answer.err
    assert "its node node-1 does not report" in half.err
    assert f"{SPACE}/{lost[0]}" not in half.err
    assert columns == BOTH
    assert shop.columns() == AFTER


def test_a_word_about_no_pod_is_an_input_error(shop: Shop) -> None:
    answer = shop.execute("--assume-dead", "web-1")

    assert answer.code == 2
    assert "--assume-dead web-1 names no pod" in answer.err
    assert shop.columns() == BEFORE


def test_settings_without_a_cluster_are_an_input_error(shop: Shop) -> None:
    (shop.folder / "zdm.toml").write_text('[rollout]\ndriver = "kubernetes"\n')
    answer = shop.execute()

    assert answer.code == 2
    assert "[rollout.kubernetes] is missing" in answer.err
