"""The fake's controllers, on a clock that the test moves."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.fakes.clock import START
from tests.fakes.kube_api import manifests
from tests.fakes.kube_api.controllers.world import Behaviour
from tests.fakes.kube_api.kinds import Json
from tests.fakes.kube_api.server import FakeKube


@pytest.fixture
def kube() -> Iterator[FakeKube]:
    with FakeKube(start=START) as running:
        yield running


def images(kube: FakeKube) -> list[str]:
    """The image of every pod, terminating ones with a mark."""
    return sorted(
        pod["spec"]["containers"][0]["image"]
        + ("!" if "deletionTimestamp" in pod["metadata"] else "")
        for pod in kube.list("pods", "default")
    )


def status(kube: FakeKube, kind: str, name: str) -> Json:
    found: Json = kube.get(kind, "default", name)["status"]
    return found


def reason(kube: FakeKube, kind: str, name: str, condition: str) -> str:
    conditions = status(kube, kind, name).get("conditions", [])
    return next((one["reason"] for one in conditions if one["type"] == condition), "")


def test_a_rolling_update_keeps_within_surge_and_availability(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour(drain=40)
    kube.images["shop:v2"] = Behaviour(ready_after=5)
    pod = {"terminationGracePeriodSeconds": 60}
    kube.apply(manifests.deployment("web", "shop:v1", replicas=3, pod=pod))
    kube.settle()
    kube.set_image("Deployment", "web", "shop:v2")
    kube.settle()

    seen = [images(kube)]
    for _ in range(3):
        kube.advance(5)
        seen.append(images(kube))

    assert seen == [
        ["shop:v1", "shop:v1", "shop:v1", "shop:v2"],
        ["shop:v1", "shop:v1", "shop:v1!", "shop:v2", "shop:v2"],
        ["shop:v1", "shop:v1!", "shop:v1!", "shop:v2", "shop:v2", "shop:v2"],
        ["shop:v1!", "shop:v1!", "shop:v1!", "shop:v2", "shop:v2", "shop:v2"],
    ]


def test_counts_leave_terminating_pods_out_but_in_one(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour(drain=40)
    pod = {"terminationGracePeriodSeconds": 60}
    kube.apply(manifests.deployment("web", "shop:v1", replicas=2, pod=pod))
    kube.settle()
    kube.set_image("Deployment", "web", "shop:v2")
    kube.settle()

    found = status(kube, "Deployment", "web")
    counts = {key: value for key, value in found.items() if key.endswith("eplicas")}

    assert found["observedGeneration"] == 2
    assert counts == {
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 2,
    }
    kube.advance(39)
    assert images(kube) == ["shop:v1!", "shop:v1!", "shop:v2", "shop:v2"]
    kube.advance(1)
    assert images(kube) == ["shop:v2", "shop:v2"]
    assert status(kube, "Deployment", "web")["terminatingReplicas"] == 0


def test_a_pod_that_does_not_stop_is_killed_at_its_deletion_time(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour(drain=1000)
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    kube.delete("Deployment", "default", "web")
    kube.advance(29)

    pod = kube.list("pods")[0]

    assert pod["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
    kube.advance(1)
    assert kube.list("pods") == []
    assert kube.list("rs") == []


def test_recreate_waits_until_the_old_pods_are_gone(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour(drain=10)
    recreate = {"type": "Recreate"}
    kube.apply(manifests.deployment("web", "shop:v1", replicas=2, strategy=recreate))
    kube.settle()
    kube.set_image("Deployment", "web", "shop:v2")
    kube.advance(9)
    before = images(kube)
    kube.advance(1)

    assert before == ["shop:v1!", "shop:v1!"]
    assert images(kube) == ["shop:v2", "shop:v2"]


def test_a_paused_deployment_scales_but_does_not_roll(kube: FakeKube) -> None:
    kube.apply(manifests.deployment("web", "shop:v1", replicas=2))
    kube.settle()
    kube.patch("Deployment", "default", "web", {"spec": {"paused": True}})
    kube.set_image("Deployment", "web", "shop:v2")
    kube.scale("Deployment", "default", "web", 3)
    kube.settle()
    paused = images(kube), reason(kube, "Deployment", "web", "Progressing")
    kube.patch("Deployment", "default", "web", {"spec": {"paused": False}})
    kube.settle()

    assert paused == (["shop:v1", "shop:v1", "shop:v1"], "DeploymentPaused")
    assert images(kube) == ["shop:v2", "shop:v2", "shop:v2"]


def test_an_autoscaler_may_act_in_the_middle(kube: FakeKube) -> None:
    kube.images["shop:v2"] = Behaviour(ready_after=10)
    kube.apply(manifests.deployment("web", "shop:v1", replicas=4))
    kube.settle()
    kube.set_image("Deployment", "web", "shop:v2")
    kube.advance(1)
    kube.scale("Deployment", "default", "web", 2)
    kube.advance(100)

    assert images(kube) == ["shop:v2", "shop:v2"]


def test_no_progress_until_the_deadline_is_told(kube: FakeKube) -> None:
    kube.images["shop:v2"] = Behaviour(never_ready=True)
    kube.apply(manifests.deployment("web", "shop:v1", progressDeadlineSeconds=60))
    kube.settle()
    kube.set_image("Deployment", "web", "shop:v2")
    kube.advance(60)
    before = reason(kube, "Deployment", "web", "Progressing")
    kube.advance(2)

    assert before == "ReplicaSetUpdated"
    assert reason(kube, "Deployment", "web", "Progressing") == "ProgressDeadlineExceeded"
    assert images(kube) == ["shop:v1", "shop:v2"]


def test_pods_are_available_only_after_min_ready_seconds(kube: FakeKube) -> None:
    kube.apply(manifests.deployment("web", "shop:v1", minReadySeconds=10))
    kube.advance(9)
    before = status(kube, "Deployment", "web")
    kube.advance(1)

    assert before["readyReplicas"] == 1
    assert "availableReplicas" not in before
    assert status(kube, "Deployment", "web")["availableReplicas"] == 1


def test_a_quota_shows_as_replica_failure(kube: FakeKube) -> None:
    kube.limit_pods(1)
    kube.apply(manifests.deployment("web", "shop:v1", replicas=2))
    kube.settle()

    assert reason(kube, "Deployment", "web", "ReplicaFailure") == "FailedCreate"
    assert images(kube) == ["shop:v1"]


def test_going_back_makes_the_old_replica_set_the_newest_revision(kube: FakeKube) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    for image in ("shop:v2", "shop:v1"):
        kube.settle()
        kube.set_image("Deployment", "web", image)
    kube.settle()

    revisions = {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: (
            one["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
            one["metadata"]["annotations"].get("deployment.kubernetes.io/revision-history"),
            one["spec"]["replicas"],
        )
        for one in kube.list("rs")
    }

    assert revisions == {"shop:v1": ("3", "1", 1), "shop:v2": ("2", None, 0)}


def waiting(kube: FakeKube) -> list[tuple[str, int]]:
    return [
        (one["state"].get("waiting", {}).get("reason", "-"), one["restartCount"])
        for pod in kube.list("pods")
        for one in pod["status"].get("containerStatuses", [])
    ]


@pytest.mark.parametrize(
    ("stuck", "shown"),
    [
        ("ErrImagePull", "ImagePullBackOff"),
        ("InvalidImageName", "InvalidImageName"),
        ("CreateContainerConfigError", "CreateContainerConfigError"),
    ],
)
def test_a_container_that_cannot_start_says_why(kube: FakeKube, stuck: str, shown: str) -> None:
    kube.images["shop:v1"] = Behaviour(stuck=stuck)
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    first = waiting(kube)
    kube.advance(5)

    assert first == [(stuck, 0)]
    assert waiting(kube) == [(shown, 0)]
    assert kube.list("pods")[0]["status"]["phase"] == "Pending"


def test_a_crash_loop_backs_off_longer_each_time(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour.crashing(after=1)
    kube.apply(manifests.deployment("web", "shop:v1"))

    seen = []
    for seconds in (2, 11, 21):
        kube.advance(seconds)
        seen.append(waiting(kube))

    assert seen == [
        [("CrashLoopBackOff", 2)],
        [("CrashLoopBackOff", 3)],
        [("CrashLoopBackOff", 4)],
    ]


def test_init_containers_come_first_and_can_hold_the_pod_back(kube: FakeKube) -> None:
    kube.images["guard"] = Behaviour.crashing()
    init = [{"name": "guard", "image": "guard"}]
    kube.apply(manifests.deployment("web", "shop:v1", pod={"initContainers": init}))
    kube.advance(5)
    held = kube.list("pods")[0]["status"]
    kube.images["guard"] = Behaviour(exits_after=0)
    kube.advance(20)

    assert held["phase"] == "Pending"
    assert held["initContainerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert held["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    assert kube.list("pods")[0]["status"]["phase"] == "Running"


def test_a_pod_without_a_place_is_unschedulable(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour(unschedulable=True)
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()

    conditions = kube.list("pods")[0]["status"]["conditions"]

    assert [(one["type"], one["reason"]) for one in conditions] == [
        ("PodScheduled", "Unschedulable")
    ]


def test_pods_of_a_lost_node_terminate_for_ever(kube: FakeKube) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    kube.add_node("node-2")
    kube.lose_node("node-1")
    kube.advance(3600)

    lost = [pod for pod in kube.list("pods") if "deletionTimestamp" in pod["metadata"]]

    assert [pod["status"]["phase"] for pod in lost] == ["Running"]
    assert images(kube) == ["shop:v1", "shop:v1!"]
    kube.restore_node("node-1")
    kube.settle()
    assert images(kube) == ["shop:v1"]


def test_pods_spread_over_the_nodes(kube: FakeKube) -> None:
    kube.add_node("node-2")
    kube.apply(manifests.deployment("web", "shop:v1", replicas=4))
    kube.settle()

    nodes = sorted(pod["spec"]["nodeName"] for pod in kube.list("pods"))

    assert nodes == ["node-1", "node-1", "node-2", "node-2"]


def test_orphaned_pods_run_on_without_their_owner(kube: FakeKube) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    kube.delete("Deployment", "default", "web", propagationPolicy="Orphan")
    kube.advance(60)

    assert len(kube.list("rs")) == 1
    assert images(kube) == ["shop:v1"]


def test_a_relabelled_pod_leaves_its_replica_set_and_runs_on(kube: FakeKube) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    name = kube.list("pods")[0]["metadata"]["name"]
    kube.patch("pod", "default", name, {"metadata": {"labels": {"app": "debug"}}})
    kube.settle()
    kube.set_image("Deployment", "web", "shop:v2")
    kube.advance(60)

    assert images(kube) == ["shop:v1", "shop:v2"]
    assert "ownerReferences" not in kube.get("pod", "default", name)["metadata"]


def test_a_stateful_set_updates_from_the_top_down_to_its_partition(kube: FakeKube) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    kube.apply(manifests.stateful_set("queue", "q:v1", replicas=3, updateStrategy=rolling))
    kube.settle()
    kube.set_image("StatefulSet", "queue", "q:v2")
    kube.advance(60)

    found = status(kube, "StatefulSet", "queue")
    pods = {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in kube.list("pods")
    }

    assert pods == {"queue-0": "q:v1", "queue-1": "q:v2", "queue-2": "q:v2"}
    assert (found["updatedReplicas"], found["currentReplicas"]) == (2, 1)
    assert found["updateRevision"] != found["currentRevision"]


def test_without_a_partition_the_current_revision_follows(kube: FakeKube) -> None:
    kube.apply(manifests.stateful_set("queue", "q:v1", replicas=2))
    kube.settle()
    kube.set_image("StatefulSet", "queue", "q:v2")
    kube.advance(60)

    found = status(kube, "StatefulSet", "queue")
    labels = {
        pod["metadata"]["labels"]["controller-revision-hash"] for pod in kube.list("pods")
    }

    assert found["currentRevision"] == found["updateRevision"]
    assert labels == {found["updateRevision"]}


def test_on_delete_replaces_what_somebody_deletes(kube: FakeKube) -> None:
    by_hand = {"type": "OnDelete"}
    kube.apply(manifests.stateful_set("queue", "q:v1", replicas=2, updateStrategy=by_hand))
    kube.settle()
    kube.set_image("StatefulSet", "queue", "q:v2")
    kube.advance(60)
    before = images(kube)
    kube.delete("pod", "default", "queue-0")
    kube.advance(60)

    assert before == ["q:v1", "q:v1"]
    assert images(kube) == ["q:v1", "q:v2"]


def test_a_daemon_set_goes_node_by_node(kube: FakeKube) -> None:
    kube.add_node("node-2")
    kube.images["agent:v2"] = Behaviour(ready_after=10)
    kube.apply(manifests.daemon_set("agent", "agent:v1"))
    kube.settle()
    kube.set_image("DaemonSet", "agent", "agent:v2")
    kube.advance(5)
    middle = images(kube)
    kube.advance(60)

    found = status(kube, "DaemonSet", "agent")

    assert middle == ["agent:v1", "agent:v2"]
    assert images(kube) == ["agent:v2", "agent:v2"]
    assert (found["updatedNumberScheduled"], found["numberAvailable"]) == (2, 2)


def test_a_job_completes(kube: FakeKube) -> None:
    kube.images["task"] = Behaviour(exits_after=30)
    kube.apply(manifests.job("once", "task"))
    kube.advance(29)
    running = status(kube, "Job", "once")
    kube.advance(1)

    assert running["active"] == 1
    assert reason(kube, "Job", "once", "Complete") == "CompletionsReached"
    assert status(kube, "Job", "once")["succeeded"] == 1


def test_a_job_gives_up_after_its_retries(kube: FakeKube) -> None:
    kube.images["task"] = Behaviour.crashing(after=1)
    kube.apply(manifests.job("once", "task", backoffLimit=1))
    kube.advance(60)

    assert reason(kube, "Job", "once", "Failed") == "BackoffLimitExceeded"
    assert len(kube.list("pods")) == 2


def test_exit_codes_can_fail_a_job_at_once(kube: FakeKube) -> None:
    kube.images["task"] = Behaviour(exits_after=1, exit_code=3)
    codes = {"containerName": "once", "operator": "In", "values": [2, 3]}
    policy = {"rules": [{"action": "FailJob", "onExitCodes": codes}]}
    kube.apply(manifests.job("once", "task", podFailurePolicy=policy))
    kube.advance(60)

    assert reason(kube, "Job", "once", "Failed") == "PodFailurePolicy"
    assert len(kube.list("pods")) == 1


def test_a_suspended_job_has_no_pods(kube: FakeKube) -> None:
    kube.apply(manifests.job("once", "task", suspend=True))
    kube.advance(60)

    assert reason(kube, "Job", "once", "Suspended") == "JobSuspended"
    assert kube.list("pods") == []


def test_a_cron_job_starts_jobs_on_its_minutes_with_the_present_template(
    kube: FakeKube,
) -> None:
    kube.images["task:v1"] = kube.images["task:v2"] = Behaviour(exits_after=30)
    kube.apply(manifests.cron_job("sweep", "task:v1"))
    kube.advance(5 * 60 + 1)
    active = status(kube, "CronJob", "sweep")["active"]
    inner = {"template": {"spec": {"containers": [{"name": "sweep", "image": "task:v2"}]}}}
    kube.patch("CronJob", "default", "sweep", {"spec": {"jobTemplate": {"spec": inner}}})
    kube.advance(5 * 60)

    assert [one["kind"] for one in active] == ["Job"]
    assert images(kube) == ["task:v1", "task:v2"]


def test_a_suspended_cron_job_starts_nothing(kube: FakeKube) -> None:
    kube.apply(manifests.cron_job("sweep", "task", suspend=True))
    kube.advance(3600)

    assert kube.list("jobs") == []


def test_endpoints_follow_readiness_and_termination(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour(ready_after=5, drain=10)
    ports = [{"port": 80}]
    service: Json = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": ports},
    }
    kube.apply(service)
    kube.apply(manifests.deployment("web", "shop:v1"))
    seen = []
    for seconds in (1, 5):
        kube.advance(seconds)
        seen.append(kube.list("endpointslices")[0]["endpoints"][0]["conditions"])
    kube.delete("Deployment", "default", "web")
    kube.advance(1)
    seen.append(kube.list("endpointslices")[0]["endpoints"][0]["conditions"])

    assert seen == [
        {"ready": False, "serving": False, "terminating": False},
        {"ready": True, "serving": True, "terminating": False},
        {"ready": False, "serving": True, "terminating": True},
    ]


def test_in_the_background_time_passes_by_itself(kube: FakeKube) -> None:
    kube.images["shop:v1"] = Behaviour(ready_after=60)
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.run_in_background(speed=300)

    deadline = kube.now() + timedelta(hours=1)
    while "availableReplicas" not in status(kube, "Deployment", "web"):
        assert kube.now() < deadline
        kube.sleep(timedelta(seconds=15))

    assert kube.now() >= START + timedelta(seconds=60)


def test_a_namespace_ends_with_what_is_in_it(kube: FakeKube) -> None:
    kube.add_namespace("shop")
    kube.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings", "namespace": "shop"},
        }
    )
    kube.delete("namespace", "", "shop")
    kube.settle()

    assert kube.find("namespace", "", "shop") is None
    assert kube.find("configmap", "shop", "settings") is None
