"""The driver `kubernetes` against an API server: what goes wrong, and what the gate says."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.kube_api.controllers.world import Behaviour
from tests.fakes.kube_api.rest.failures import Answer, Drop, Hang
from tests.rollout.kubernetes.kube_shop import (
    SPACE,
    V1,
    V2,
    Shop,
    cron_job,
    deployment,
    image,
    pods,
    stateful_set,
    workload,
)
from zdm.errors import InputError, RefusedError, RolloutError, StoppedError, TemporaryError
from zdm.execute.events import GateClear
from zdm.model.release import InstanceState, RolloutComplete, RunState
from zdm.rollout.kubernetes import client
from zdm.rollout.kubernetes.api import DEPLOYMENTS, PODS


def test_a_slow_drain_is_waited_for_while_kubectl_says_done(shop: Shop) -> None:
    shop.kube.images[image("v1")] = Behaviour(drain=40)
    said: list[str] = []

    def ask_kubectl() -> None:
        status = shop.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        said.append(status.out.strip().splitlines()[-1])

    shop.in_seconds(10, ask_kubectl)
    shop.keeper().deploy_and_wait()
    waits = [wait for wait in shop.waits if wait.gate == "old version"]

    assert said == ['deployment "web" successfully rolled out']
    assert len(waits) > 10
    assert all("v1, terminating" in name for name in waits[-1].names)
    assert waits[-1].eta is not None
    assert shop.versions() == ["v2", "v2", "v2"]
    assert shop.seconds() >= 40


FAILING = {
    "an image that never pulls": (
        Behaviour(stuck="ErrImagePull"),
        r"ErrImagePull|ImagePullBackOff",
    ),
    "a crash loop": (
        Behaviour.crashing(after=1),
        r"crashed and was restarted 3 times \(exit code 1",
    ),
}


@pytest.mark.parametrize(("new", "reason"), FAILING.values(), ids=FAILING.keys())
def test_a_version_that_never_runs_goes_back_and_keeps_the_expand(
    shop: Shop, new: Behaviour, reason: str
) -> None:
    shop.kube.images[image("v2")] = new
    error = shop.stopped(shop.keeper().deploy_and_wait)
    shop.kube.advance(60)

    assert isinstance(error, RolloutError)
    assert error.exit_code == 5
    assert re.search(reason, error.message)
    assert "goes back to v1 and the expand is kept" in error.message
    assert shop.journal.states[-1] == RunState.FAILED_KEPT_EXPANDED
    assert shop.versions() == ["v1", "v1", "v1"]
    assert shop.seconds() < 90 + 60 + 60


def test_going_back_survives_a_killed_executor(shop: Shop) -> None:
    pinned = image("v1") + "@sha256:" + "a" * 64
    shop.kube.set_image("Deployment", "web", pinned)
    shop.kube.settle()
    shop.driver.deploy(V2)

    shop.driver.rollback(V1)
    found = shop.kube.get("Deployment", SPACE, "web")

    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == pinned


def test_an_undo_by_somebody_else_is_refused(shop: Shop) -> None:
    keeper = shop.keeper()
    keeper.deploy_and_wait()
    undone = shop.kubectl("rollout", "undo", "deployment/web")
    error = shop.stopped(keeper.still_clear)

    assert undone.code == 0
    assert isinstance(error, StoppedError)
    assert error.message == ("Deployment default/web (v1) would start another version than v2")


def test_a_lost_node_holds_the_gate_until_somebody_decides(shop: Shop) -> None:
    shop.kube.add_node("node-2")
    lost = shop.kube.list("Pod", SPACE)[0]
    shop.kube.lose_node(lost["spec"]["nodeName"])
    name = lost["metadata"]["name"]
    shop.rollout = {"deadline": timedelta(minutes=10), "poll_interval": timedelta(seconds=10)}
    error = shop.stopped(shop.keeper().deploy_and_wait)
    left = {i.id for i in shop.driver.observe(V2).instances if i.version == V1}

    assert isinstance(error, StoppedError)
    assert f"--assume-dead pod/{SPACE}/{name}" in error.message
    assert "node node-1" in error.message
    assert {i.state for i in shop.driver.observe(V2).instances if i.version == V1} == {
        InstanceState.UNKNOWN
    }
    shop.chosen = {"assume_dead": tuple(left)}
    shop.keeper().wait_until_clear()


STALE = {
    "a CronJob": (cron_job("v1"), workload("CronJob", "nightly")),
    "a suspended CronJob": (cron_job("v1", suspend=True), workload("CronJob", "nightly")),
    "a Deployment scaled to zero": (
        deployment("v1", "worker", replicas=0),
        workload("Deployment", "worker"),
    ),
}


@pytest.mark.parametrize(("stale", "declared"), STALE.values(), ids=STALE.keys())
def test_a_stale_template_holds_the_contract_back(
    shop: Shop, stale: dict[str, object], declared: object
) -> None:
    name = f"{declared.kind} default/{declared.name}"  # type: ignore[attr-defined]  # a workload
    shop.kube.apply(stale)
    shop.chosen = {"mode": "observe"}
    shop.workloads = (workload(), declared)  # type: ignore[assignment]
    shop.kube.set_image("Deployment", "web", image("v2"))
    shop.kube.advance(60)
    error = shop.stopped(shop.keeper().still_clear)

    assert error.message == f"{name} (v1) would start another version than v2"


@pytest.mark.parametrize(("stale", "declared"), STALE.values(), ids=STALE.keys())
def test_what_is_declared_moves_with_the_rest(
    shop: Shop, stale: dict[str, object], declared: object
) -> None:
    shop.kube.apply(stale)
    shop.workloads = (workload(), declared)  # type: ignore[assignment]  # a workload
    shop.keeper().deploy_and_wait()

    assert all(spawner.version == V2 for spawner in shop.driver.observe(V2).spawners)


def test_a_partition_holds_the_contract_back_and_says_who_must_act(shop: Shop) -> None:
    shop.kube.apply(stateful_set("v1", partition=1))
    shop.kube.advance(30)
    shop.workloads = (workload(), workload("StatefulSet", "store"))
    shop.rollout = {"deadline": timedelta(minutes=5), "poll_interval": timedelta(seconds=10)}
    error = shop.stopped(shop.keeper().deploy_and_wait)

    assert isinstance(error, StoppedError)
    assert "StatefulSet default/store: store-0 not of its revision" in error.message
    assert "its partition is 1: set it to 0" in error.message
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    shop.kube.patch("StatefulSet", SPACE, "store", {"spec": {"updateStrategy": rolling}})
    shop.keeper().deploy_and_wait()


def test_an_undeclared_workload_on_the_same_secret_is_named(shop: Shop) -> None:
    shop.kube.apply(deployment("v7", "report", replicas=1))
    shop.kube.settle()
    error = shop.stopped(shop.keeper().deploy_and_wait)

    assert error.exit_code == 4
    assert error.message == (
        "Deployment default/report uses the database's Secret db and is not declared"
    )
    shop.chosen = {"allowed_undeclared": ("Deployment default/report",)}
    shop.keeper().deploy_and_wait()


def test_a_relabelled_pod_is_found(shop: Shop) -> None:
    name = shop.kube.list("Pod", SPACE)[0]["metadata"]["name"]
    shop.kube.patch("Pod", SPACE, name, {"metadata": {"labels": {"app": "debug"}}})
    shop.kube.settle()
    error = shop.stopped(shop.keeper().deploy_and_wait)

    assert error.message.startswith(f"Pod default/{name} uses the database's Secret db")


def test_an_autoscaler_in_the_middle_is_left_alone(shop: Shop) -> None:
    shop.in_seconds(4, lambda: shop.kube.scale("Deployment", SPACE, "web", 6))
    shop.keeper().deploy_and_wait()

    assert shop.versions() == ["v2"] * 6
    written = [r for r in shop.kube.requests if r.method == "PATCH"]
    assert all(b"replicas" not in request.body for request in written)


def test_a_quota_fails_the_rollout_at_once(shop: Shop) -> None:
    shop.kube.limit_pods(3)
    error = shop.stopped(shop.keeper().deploy_and_wait)

    assert isinstance(error, RolloutError)
    assert "exceeded quota" in error.message


def test_a_paused_deployment_waits_for_a_person(shop: Shop) -> None:
    shop.kube.patch("Deployment", SPACE, "web", {"spec": {"paused": True}})
    shop.in_seconds(
        20, lambda: shop.kube.patch("Deployment", SPACE, "web", {"spec": {"paused": False}})
    )
    shop.keeper().deploy_and_wait()

    assert any(wait.gate == "a person" and "resume it" in wait.reason for wait in shop.waits)
    assert shop.versions() == ["v2"] * 3


def test_no_room_is_said_and_goes_back_at_the_deadline(shop: Shop) -> None:
    shop.kube.images[image("v2")] = Behaviour(unschedulable=True)
    shop.rollout = {"deadline": timedelta(minutes=5), "poll_interval": timedelta(seconds=10)}
    error = shop.stopped(shop.keeper().deploy_and_wait)

    assert isinstance(error, RolloutError)
    assert "cannot be scheduled" in error.message
    assert any("cannot be scheduled" in wait.reason for wait in shop.waits)


def test_in_observe_mode_somebody_else_deploys(shop: Shop) -> None:
    shop.chosen = {"mode": "observe"}
    shop.in_seconds(30, lambda: shop.kube.set_image("Deployment", "web", image("v2")))
    shop.keeper().deploy_and_wait()

    assert shop.waits[0].gate == "version"
    assert shop.waits[0].reason == ("not yet moved to v2: Deployment default/web (v1)")
    assert not [r for r in shop.kube.requests if r.method in ("PATCH", "PUT", "DELETE")]


def test_a_command_deploys(shop: Shop) -> None:
    path = shop.kube.kubeconfig(shop.folder / "kubeconfig")
    program = ("kubectl", "--kubeconfig", str(path), "set", "image", "deployment/web")
    shop.chosen = {
        "mode": "command",
        "command": (*program, "web=registry.example/shop:{version}"),
    }
    shop.keeper().deploy_and_wait()

    assert shop.versions() == ["v2"] * 3


def test_an_apply_is_refused_by_the_fields_owner_unless_forced(shop: Shop) -> None:
    shop.chosen = {"patch": "apply"}
    error = shop.stopped(shop.keeper().deploy_and_wait)

    assert isinstance(error, StoppedError)
    assert "another client owns the image of Deployment default/web" in error.message
    shop.chosen = {"patch": "apply", "force": True}
    shop.keeper().deploy_and_wait()
    assert shop.versions() == ["v2"] * 3


# the API server


@pytest.mark.parametrize("moment", [0, 4, 20], ids=["deploying", "rolling", "draining"])
def test_an_api_server_that_is_away_for_a_minute_is_waited_for(shop: Shop, moment: int) -> None:
    shop.kube.images[image("v1")] = Behaviour(drain=30)
    shop.in_seconds(moment + 60, shop.kube.start)
    if moment:
        shop.in_seconds(moment, shop.kube.stop)
    else:
        keeper = shop.keeper()
        shop.kube.stop()
    (shop.keeper() if moment else keeper).deploy_and_wait()

    assert any("the API server does not answer" in wait.reason for wait in shop.waits)
    assert shop.versions() == ["v2"] * 3


@pytest.mark.parametrize("back", [40, 90], ids=["before the soak ends", "after it"])
def test_an_api_server_that_is_away_while_it_soaks_is_waited_for(shop: Shop, back: int) -> None:
    shop.rollout = {"soak": timedelta(seconds=60)}
    shop.in_seconds(30, shop.kube.stop)
    shop.in_seconds(back, shop.kube.start)
    shop.keeper().deploy_and_wait()

    assert any("the API server does not answer" in wait.reason for wait in shop.waits)
    assert shop.journal.states == [RunState.SOAKING]
    assert shop.seconds() > back
    assert shop.versions() == ["v2"] * 3


def test_pods_that_are_unready_while_their_node_is_not_heard_of_are_waited_for(
    shop: Shop,
) -> None:
    shop.rollout = {"soak": timedelta(seconds=60)}
    shop.in_seconds(30, lambda: shop.kube.lose_node("node-1"))
    shop.in_seconds(150, lambda: shop.kube.restore_node("node-1"))
    shop.keeper().deploy_and_wait()

    assert any("0 of 3 pods are available" in wait.reason for wait in shop.waits)
    assert shop.journal.states == [RunState.SOAKING]
    assert shop.seconds() > 150


FAILURES = {
    "overloaded": Answer(429),
    "broken": Answer(500),
    "starting": Answer(503),
    "cut": Drop(),
    "silent": Hang(),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_server_in_trouble_is_asked_again(shop: Shop, failure: Answer | Drop | Hang) -> None:
    shop.read_seconds = 2.0
    api = shop.api
    shop.kube.fail_next(failure, times=2)

    assert api.get(DEPLOYMENTS, SPACE, "web") is not None


def test_a_server_that_stays_in_trouble_is_given_up_for_now(shop: Shop) -> None:
    shop.kube.fail_next(Answer(503), times=10)

    with pytest.raises(TemporaryError, match=r"answers 503 to get deployments.apps web in"):
        shop.api.get(DEPLOYMENTS, SPACE, "web")


def test_a_forbidden_list_names_verb_resource_namespace_and_role(shop: Shop) -> None:
    shop.kube.bind("zdm", "zdm")
    shop.token = "zdm"

    with pytest.raises(RefusedError) as caught:
        shop.api.list(PODS, SPACE)
    assert caught.value.message.startswith("zdm may not list pods in namespace default: ")
    assert caught.value.hint == (
        'give it a Role in namespace default with {apiGroups: [""], resources: [pods],'
        " verbs: [list]}"
    )


def test_before_a_run_every_permission_is_asked_for(shop: Shop) -> None:
    shop.kube.bind("zdm", "zdm")
    shop.token = "zdm"
    error = shop.stopped(shop.keeper().check)

    assert error.exit_code == 3
    assert "list pods in default" in error.message
    assert "patch deployments.apps web in default" in error.message


def test_permission_that_goes_away_for_a_moment_is_waited_for(shop: Shop) -> None:
    shop.kube.fail_next(Answer(403), method="GET", path="/pods", times=3)
    shop.keeper().deploy_and_wait()

    assert "zdm may not list pods" in shop.waits[0].reason


def test_permission_to_deploy_that_comes_late_is_waited_for(shop: Shop) -> None:
    keeper = shop.keeper()
    shop.kube.stop()
    shop.in_seconds(60, shop.kube.start)
    shop.kube.fail_next(Answer(403), method="GET", path="/deployments/web", times=2)
    shop.kube.fail_next(Answer(403), method="PATCH", path="/deployments/web", times=2)
    keeper.deploy_and_wait()
    said = " ".join(wait.reason for wait in shop.waits)

    assert "zdm may not get deployments.apps web" in said
    assert "zdm may not patch deployments.apps web" in said
    assert shop.versions() == ["v2"] * 3


def test_permission_to_go_back_that_comes_late_is_waited_for(shop: Shop) -> None:
    shop.kube.images[image("v2")] = Behaviour.crashing(after=1)
    keeper = shop.keeper()
    shop.driver.deploy(V2)
    shop.kube.fail_next(Answer(403), method="PATCH", path="/deployments/web", times=3)
    error = shop.stopped(keeper.deploy_and_wait)
    shop.kube.advance(60)

    assert isinstance(error, RolloutError)
    assert "goes back to v1 and the expand is kept" in error.message
    assert shop.versions() == ["v1"] * 3


def test_what_may_not_go_back_is_left_to_a_person(shop: Shop) -> None:
    shop.kube.images[image("v2")] = Behaviour.crashing(after=1)
    keeper = shop.keeper()
    shop.driver.deploy(V2)
    shop.kube.fail_next(Answer(403), method="PATCH", path="/deployments/web", times=1000)
    error = shop.stopped(keeper.deploy_and_wait)

    assert isinstance(error, RolloutError)
    assert "you must bring Deployment default/web to v1: zdm may not" in error.message
    assert shop.journal.states[-1] == RunState.FAILED_KEPT_EXPANDED


def test_permission_that_stays_away_stops_the_run(shop: Shop) -> None:
    shop.kube.fail_next(Answer(403), method="GET", path="/pods", times=1000)
    error = shop.stopped(shop.keeper().deploy_and_wait)

    assert isinstance(error, StoppedError)
    assert error.message.startswith("zdm may not list pods in namespace default")


def test_every_page_is_read(shop: Shop) -> None:
    shop.page = 2
    shop.kube.scale("Deployment", SPACE, "web", 7)
    shop.kube.settle()
    before = len(shop.kube.requests)

    assert len(shop.api.list(PODS, SPACE)) == 7
    assert len(shop.kube.requests) - before == 4


def test_pages_that_expire_are_read_from_the_start(shop: Shop) -> None:
    shop.page = 2
    shop.kube.fail_next(Answer(410), path="continue=", times=2)

    assert len(shop.api.list(PODS, SPACE)) == 3


def test_pages_that_always_expire_are_unknown_and_never_half_a_list(shop: Shop) -> None:
    shop.page = 2
    shop.kube.fail_next(Answer(410), path="continue=", times=100)

    with pytest.raises(TemporaryError, match="expired"):
        shop.api.list(PODS, SPACE)


def test_what_is_not_there_is_none(shop: Shop) -> None:
    assert shop.api.get(DEPLOYMENTS, SPACE, "nothing") is None


def test_a_missing_kubeconfig_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cluster can be reached"):
        client.connect(kubeconfig=tmp_path / "none", context=None, environ={})


KUBECONFIG = """
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: %s}}]
users: [{name: u, user: {}}]
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "text",
        "[]",
        "clusters: []",
        pytest.param(f"a: {'[' * 800}{']' * 800}", id="nested"),
        pytest.param(f"a: {'1' * 5_000}", id="digits"),
        pytest.param("a: 2026-99-99", id="date"),
        pytest.param("a: \0", id="NUL"),
        pytest.param("a: &a [*a]", id="alias"),
        pytest.param("contexts: text\ncurrent-context: c", id="contexts"),
        pytest.param(KUBECONFIG % 1, id="server"),
        pytest.param(KUBECONFIG % "https://h, proxy-url: p", id="proxy"),
    ],
)
def test_a_kubeconfig_that_is_none_is_an_input_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)

    with pytest.raises(InputError, match="no cluster can be reached"):
        client.connect(kubeconfig=path, context=None, environ={})


def test_a_context_that_is_not_there_is_an_input_error(shop: Shop) -> None:
    path = shop.kube.kubeconfig(shop.folder / "kubeconfig")

    with pytest.raises(InputError, match=r"no cluster can be reached.*production"):
        client.connect(kubeconfig=path, context="production", environ={})


def test_the_gate_is_clear_three_times_in_a_row_before_a_contract(shop: Shop) -> None:
    shop.keeper().deploy_and_wait()
    last = [e.polls for e in shop.watching.events if isinstance(e, GateClear)][-3:]

    assert last == [1, 2, 3]
    assert isinstance(shop.driver.observe(V2).status, RolloutComplete)


def test_a_job_that_runs_old_code_is_waited_for(shop: Shop) -> None:
    shop.kube.images[image("v1")] = Behaviour(exits_after=60)
    shop.kube.apply(cron_job("v1"))
    shop.workloads = (workload("CronJob", "nightly"), workload())
    template = pods("v1", restart="Never")
    owner = shop.kube.get("CronJob", SPACE, "nightly")
    reference = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "nightly",
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    shop.kube.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": "nightly-1",
                "namespace": SPACE,
                "ownerReferences": [reference],
            },
            "spec": {"template": template},
        }
    )
    shop.kube.settle()
    shop.keeper().deploy_and_wait()

    assert any("nightly-1" in name for wait in shop.waits for name in wait.names)
    assert shop.seconds() >= 60
