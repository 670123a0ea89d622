"""What the gate says to a Kubernetes cluster in each state in which other tools say done."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.rollout.kubernetes.kube import (
    NOW,
    answer,
    condition,
    cron_job,
    daemon_set,
    deployment,
    image,
    job,
    pod,
    reason,
    replica_set,
    rolled_out,
    settings,
    stamp,
    stateful_set,
    template,
    waiting,
    workload,
)
from zdm.execute.gate import decision
from zdm.rollout.kubernetes.api import Json
from zdm.rollout.kubernetes.settings import KubernetesSettings

CRON = settings(workload("CronJob", "nightly"))
STATEFUL = settings(workload("StatefulSet"))
DAEMON = settings(workload("DaemonSet"))
NEW_DAEMON = pod("v2", "web-8", ("DaemonSet", "web"))
OLD_STATEFUL_POD = pod("v1", "web-0", ("StatefulSet", "web"), labels={"x": "1"})


def test_everything_new_and_nothing_old_is_clear() -> None:
    assert answer(rolled_out()) == decision.Clear()


# H1: kubectl counts no terminating pods
def test_a_terminating_pod_is_alive_until_its_object_is_gone() -> None:
    found = answer([*rolled_out(), pod("v1", deleted=30)])

    assert found == decision.Wait(
        gate="old version",
        reason="1 instance of another version than v2 still alive",
        names=("shop/web-v1-x (v1, terminating)",),
        eta=NOW + timedelta(seconds=30),
    )


def test_a_terminating_pod_of_the_version_before_the_old_one_counts_too() -> None:
    assert "shop/web-v0-x (v0, terminating)" in reason([*rolled_out(), pod("v0", deleted=30)])


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_whose_containers_have_ended_is_dead(phase: str) -> None:
    assert answer([*rolled_out(), pod("v1", phase=phase)]) == decision.Clear()


@pytest.mark.parametrize("phase", ["Pending", "Running", "Unknown"])
def test_a_pod_in_any_other_phase_is_alive(phase: str) -> None:
    assert isinstance(answer([*rolled_out(), pod("v1", phase=phase)]), decision.Wait)


def deployed(**more: object) -> list[Json]:
    return [deployment("v2", **more), replica_set("v2"), pod("v2")]  # type: ignore[arg-type]  # by name


DEPLOYMENT_ROWS: dict[str, tuple[list[Json], str]] = {
    "H2 paused": (
        deployed(spec={"paused": True}),
        "wait: Deployment shop/web: it is paused: resume it (kubectl rollout"
        " resume -n shop deployment/web)",
    ),
    "H3 scaled to zero with the old template": (
        [deployment("v1", replicas=0), replica_set("v1", 0)],
        "refused: Deployment shop/web (v1) would start another version than v2",
    ),
    "scaled to zero with the new template": (
        [deployment("v2", replicas=0), replica_set("v2", 0)],
        "clear",
    ),
    "H4 the cluster's own deadline": (
        deployed(
            conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded", "stuck")]
        ),
        "refused: the rollout of v2 failed: Deployment shop/web: no progress within its"
        " deadline: stuck",
    ),
    "its deadline before the change was seen": (
        deployed(
            status={"observedGeneration": 2},
            conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded")],
        ),
        "wait: Deployment shop/web: its controller has not seen the change yet",
    ),
    "H7 superseded": (
        [deployment("v3"), replica_set("v3"), pod("v3")],
        "refused: Deployment shop/web (v3) would start another version than v2",
    ),
    "quota or admission": (
        deployed(conditions=[condition("ReplicaFailure", "True", "FailedCreate", "quota")]),
        "refused: the rollout of v2 failed: Deployment shop/web: its pods cannot be made:"
        " quota",
    ),
    "not all new": (
        deployed(replicas=3, status={"updatedReplicas": 2}),
        "wait: Deployment shop/web: 2 of 3 pods are new",
    ),
    "others not yet stopping": (
        deployed(replicas=3, status={"replicas": 4}),
        "wait: Deployment shop/web: 1 pods of another template are not yet stopping",
    ),
    "not all available": (
        deployed(replicas=3, status={"availableReplicas": 1}),
        "wait: Deployment shop/web: 1 of 3 pods are available",
    ),
    "replicas moved by an autoscaler meanwhile": (
        deployed(replicas=5, status={"updatedReplicas": 3, "replicas": 3}),
        "wait: Deployment shop/web: 3 of 5 pods are new",
    ),
    "no new ReplicaSet": (
        [deployment("v2"), replica_set("v1", 0), pod("v2")],
        "wait: Deployment shop/web: its new ReplicaSet is not there yet",
    ),
    "another ReplicaSet wants pods": (
        [deployment("v2"), replica_set("v2"), replica_set("v1", 1), pod("v2")],
        "wait: Deployment shop/web: the other ReplicaSet web-hashv1 still has pods",
    ),
    "another ReplicaSet's pods terminate": (
        [
            deployment("v2"),
            replica_set("v2"),
            replica_set("v1", 0, status={"terminatingReplicas": 1}),
            pod("v2"),
            pod("v1", deleted=30),
        ],
        "wait: 1 instance of another version than v2 still alive shop/web-v1-x (v1,"
        " terminating)",
    ),
    "another ReplicaSet's pods are not in the list": (
        [
            deployment("v2"),
            replica_set("v2"),
            replica_set("v1", 0, status={"terminatingReplicas": 1}),
            pod("v2"),
        ],
        "wait: Deployment shop/web: the other ReplicaSet web-hashv1 still has pods",
    ),
    "terminating pods that a list does not show": (
        deployed(status={"terminatingReplicas": 1}),
        "wait: Deployment shop/web: it counts 1 terminating pods, and 0 are seen",
    ),
    # after its API server was away: the controllers come back up to a minute later
    "a controller that was cut off counts what was": (
        [deployment("v2"), replica_set("v2"), pod("v2", ready="False")],
        "wait: Deployment shop/web: 0 of 1 new pods are ready",
    ),
    "gone, with a pod left": ([pod("v2")], "refused: Deployment shop/web does not exist"),
}


@pytest.mark.parametrize(
    ("objects", "said"), DEPLOYMENT_ROWS.values(), ids=DEPLOYMENT_ROWS.keys()
)
def test_a_deployment(objects: list[Json], said: str) -> None:
    assert reason(objects) == said


def test_a_workload_that_is_gone_is_refused_unless_it_may_be() -> None:
    assert reason([]) == "refused: Deployment shop/web does not exist"
    assert reason([], settings(workload(optional=True))) == "clear"


OTHER_ROWS: dict[str, tuple[list[Json], KubernetesSettings, str]] = {
    "StatefulSet done": (
        [
            stateful_set("v2"),
            pod(
                "v2",
                "web-0",
                ("StatefulSet", "web"),
                labels={"controller-revision-hash": "web-rev2"},
            ),
        ],
        STATEFUL,
        "clear",
    ),
    "StatefulSet with a partition": (
        [
            stateful_set(
                "v2",
                strategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
                status={"currentRevision": "web-rev1"},
            ),
            OLD_STATEFUL_POD,
        ],
        STATEFUL,
        "wait: StatefulSet shop/web: web-0 not of its revision web-rev2; its partition is 1:"
        " set it to 0",
    ),
    "StatefulSet with a partition, scaled to zero": (
        [
            stateful_set(
                "v2",
                spec={"replicas": 0},
                strategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
                status={"currentRevision": "web-rev1", "availableReplicas": 0},
            ),
        ],
        STATEFUL,
        "wait: StatefulSet shop/web: pods below its partition come back old; its partition is"
        " 1: set it to 0",
    ),
    "StatefulSet OnDelete": (
        [stateful_set("v2", strategy={"type": "OnDelete"}), OLD_STATEFUL_POD],
        STATEFUL,
        "wait: StatefulSet shop/web: web-0 not of its revision web-rev2; its strategy is"
        " OnDelete: delete the old pods by hand",
    ),
    "StatefulSet whose pods decide though its revision was promoted early": (
        [
            stateful_set("v2"),
            pod(
                "v2", "web-0", ("StatefulSet", "web"), labels={"controller-revision-hash": "r1"}
            ),
        ],
        STATEFUL,
        "wait: StatefulSet shop/web: web-0 not of its revision web-rev2",
    ),
    "DaemonSet done": ([daemon_set("v2"), NEW_DAEMON], DAEMON, "clear"),
    "DaemonSet whose controller was cut off": (
        [daemon_set("v2")],
        DAEMON,
        "wait: DaemonSet shop/web: 0 of 1 new pods are ready",
    ),
    "DaemonSet on its way": (
        [daemon_set("v2", status={"updatedNumberScheduled": 0})],
        DAEMON,
        "wait: DaemonSet shop/web: 0 of 1 nodes have the new pod",
    ),
    "DaemonSet OnDelete": (
        [daemon_set("v2", strategy={"type": "OnDelete"}, status={"updatedNumberScheduled": 0})],
        DAEMON,
        "wait: DaemonSet shop/web: 0 of 1 nodes have the new pod; its strategy is OnDelete:"
        " delete the old pods by hand",
    ),
    "DaemonSet's old pod": (
        [daemon_set("v2"), NEW_DAEMON, pod("v1", "web-7", ("DaemonSet", "web"))],
        DAEMON,
        "wait: 1 instance of another version than v2 still alive shop/web-7 (v1, ready)",
    ),
    "CronJob with the old template": (
        [cron_job("v1")],
        CRON,
        "refused: CronJob shop/nightly (v1) would start another version than v2",
    ),
    "CronJob suspended, with the old template": (
        [cron_job("v1", suspend=True)],
        CRON,
        "refused: CronJob shop/nightly (v1) would start another version than v2",
    ),
    "CronJob whose old Job is between two pods": (
        [cron_job("v2"), job("v1", "nightly-1", ("CronJob", "nightly"))],
        CRON,
        "wait: 1 instance of another version than v2 still alive Job shop/nightly-1 (v1, ready,"
        " a Job that is not finished)",
    ),
    "CronJob whose old Job is suspended": (
        [
            cron_job("v2"),
            job("v1", "nightly-1", ("CronJob", "nightly"), spec={"suspend": True}),
        ],
        CRON,
        "refused: Job shop/nightly-1 (v1) would start another version than v2",
    ),
    "CronJob whose old Job has ended": (
        [
            cron_job("v2"),
            job(
                "v1",
                "nightly-1",
                ("CronJob", "nightly"),
                conditions=[condition("Complete", "True")],
            ),
        ],
        CRON,
        "clear",
    ),
    "the pod of a CronJob's Job": (
        [
            cron_job("v2"),
            job("v2", "nightly-1", ("CronJob", "nightly")),
            pod("v1", "nightly-1-x", ("Job", "nightly-1")),
        ],
        CRON,
        "wait: 1 instance of another version than v2 still alive shop/nightly-1-x (v1, ready)",
    ),
    "a declared Job at work": (
        [job("v1", "import")],
        settings(workload("Job", "import")),
        "wait: 1 instance of another version than v2 still alive Job shop/import (v1, ready, a"
        " Job that is not finished)",
    ),
}


@pytest.mark.parametrize(
    ("objects", "chosen", "said"), OTHER_ROWS.values(), ids=OTHER_ROWS.keys()
)
def test_another_kind(objects: list[Json], chosen: KubernetesSettings, said: str) -> None:
    assert reason(objects, chosen) == said


# H8: a pod that was moved away from its selector runs on, and belongs to nobody
def test_a_relabelled_pod_is_found_by_the_secret_it_uses() -> None:
    moved = pod("v1", owner=("", ""), only_labels={"app": "debug"})

    assert reason([*rolled_out(), moved]) == (
        "refused: Pod shop/web-v1-x uses the database's Secret db and is not declared"
    )


def test_a_bare_pod_that_the_selector_takes_is_the_workloads() -> None:
    bare = pod("v1", owner=("", ""))

    assert reason([*rolled_out(), bare]) == (
        "wait: 1 instance of another version than v2 still alive shop/web-v1-x (v1, ready)"
    )


# H9: its node is lost, so nobody can say whether it runs
def test_a_pod_that_should_be_gone_for_long_is_lost_until_somebody_decides() -> None:
    lost = pod("v1", deleted=-120)
    decided = settings(assume_dead=("shop/web-v1-x",))

    assert reason([*rolled_out(), lost]) == (
        "unknown: shop/web-v1-x (it should have been gone at 11:58:00; its node node-1 may be"
        " lost; if you know that it is dead: --assume-dead pod/shop/web-v1-x) cannot be seen"
        " and may still be alive"
    )
    assert reason([*rolled_out(), lost], decided) == "clear"


def test_a_pod_of_a_node_that_is_not_heard_of_is_lost() -> None:
    assert reason([*rolled_out(), pod("v1", ready="Unknown")]) == (
        "unknown: shop/web-v1-x (its node node-1 does not report; if you know that it is dead:"
        " --assume-dead pod/shop/web-v1-x) cannot be seen and may still be alive"
    )


def test_nobody_can_declare_a_pod_dead_that_answers() -> None:
    decided = settings(assume_dead=("shop/web-v1-x",))

    assert isinstance(answer([*rolled_out(), pod("v1")], decided), decision.Wait)


FAILURES: dict[str, tuple[Json, str]] = {
    "a name that is none": (
        pod("v2", age=20, container=waiting("InvalidImageName", "cannot parse")),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        " web cannot be made: InvalidImageName: cannot parse",
    ),
    "an image that may not be pulled": (
        pod("v2", age=20, container=waiting("ErrImageNeverPull")),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        " web cannot be made: ErrImageNeverPull",
    ),
    "a Secret that is missing": (
        pod(
            "v2",
            age=20,
            container=waiting("CreateContainerConfigError", 'secret "x" not found'),
        ),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        ' web cannot be made: CreateContainerConfigError: secret "x" not found',
    ),
    "the same in its first seconds": (
        pod("v2", age=10, container=waiting("CreateContainerConfigError")),
        "wait: Deployment shop/web: 0 of 1 pods are available; Pod shop/web-v2-x container web:"
        " CreateContainerConfigError",
    ),
    "an image that cannot be pulled": (
        pod("v2", age=100, container=waiting("ImagePullBackOff", "not found")),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        " web does not start: ImagePullBackOff: not found",
    ),
    "a registry with a blip": (
        pod("v2", age=60, container=waiting("ErrImagePull", "timeout")),
        "wait: Deployment shop/web: 0 of 1 pods are available; Pod shop/web-v2-x container web:"
        " ErrImagePull: timeout",
    ),
    "a crash loop": (
        pod(
            "v2",
            container=waiting("CrashLoopBackOff", restarts=3)
            | {"lastState": {"terminated": {"exitCode": 1, "finishedAt": stamp(-9)}}},
        ),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        " web crashed and was restarted 3 times (exit code 1)",
    ),
    "a crash loop between two starts": (
        pod(
            "v2",
            container={"restartCount": 3, "state": {"terminated": {"exitCode": 2}}},
        ),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        " web crashed and was restarted 3 times (exit code 2)",
    ),
    "two crashes": (
        pod("v2", container=waiting("CrashLoopBackOff", restarts=2)),
        "wait: Deployment shop/web: 0 of 1 pods are available; Pod shop/web-v2-x container web:"
        " CrashLoopBackOff",
    ),
    "a program that cannot be run": (
        pod("v2", container=waiting("RunContainerError", restarts=3)),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        " web crashed and was restarted 3 times",
    ),
    "an init container": (
        pod(
            "v2",
            status={
                "initContainerStatuses": [
                    {"name": "guard", **waiting("CrashLoopBackOff", restarts=4)}
                ]
            },
        ),
        "refused: the rollout of v2 failed: Deployment shop/web: Pod shop/web-v2-x: container"
        " guard crashed and was restarted 4 times",
    ),
    "no room": (
        pod(
            "v2",
            phase="Pending",
            status={
                "conditions": [
                    condition("PodScheduled", "False", "Unschedulable", "0/3 nodes fit")
                ]
            },
        ),
        "wait: Deployment shop/web: 0 of 1 pods are available; Pod shop/web-v2-x cannot be"
        " scheduled: 0/3 nodes fit",
    ),
}


@pytest.mark.parametrize(("new", "said"), FAILURES.values(), ids=FAILURES.keys())
def test_a_pod_that_does_not_start(new: Json, said: str) -> None:
    objects = [
        deployment("v2", status={"availableReplicas": 0}),
        replica_set("v2"),
        new,
    ]

    assert reason(objects) == said


@pytest.mark.parametrize(
    ("objects", "chosen", "word"),
    [
        pytest.param(deployed(spec={"paused": True}), settings(), "a person", id="paused"),
        pytest.param(
            deployed(status={"availableReplicas": 0}), settings(), "rollout", id="starting"
        ),
        pytest.param(
            [stateful_set("v2", strategy={"type": "OnDelete"}), OLD_STATEFUL_POD],
            STATEFUL,
            "a person",
            id="OnDelete",
        ),
    ],
)
def test_what_a_person_must_move_is_no_failing_rollout(
    objects: list[Json], chosen: KubernetesSettings, word: str
) -> None:
    found = answer(objects, chosen)

    assert isinstance(found, decision.Wait)
    assert found.gate == word


def test_a_label_that_its_image_contradicts_tells_no_version() -> None:
    labelled = template("v1", labels={"zdm.dev/app-version": "v2"})
    objects = [
        deployment("v2", template=labelled),
        replica_set("v2", template=labelled),
    ]

    assert reason(objects) == (
        "refused: Deployment shop/web shows no version: label zdm.dev/app-version says v2, and"
        " the image of web is v1"
    )


def test_an_old_pod_that_crashes_fails_nothing() -> None:
    crashing = pod("v1", container=waiting("CrashLoopBackOff", restarts=9))

    assert reason([*rolled_out(), crashing]).startswith("wait: 1 instance of another version")


def test_in_observe_mode_the_old_template_is_waited_for_while_deploying() -> None:
    chosen = settings(mode="observe")
    objects = [deployment("v1"), replica_set("v1"), pod("v1")]

    assert answer(objects, chosen, purpose=decision.Purpose.DEPLOY) == decision.Wait(
        gate="version", reason="not yet moved to v2: Deployment shop/web (v1)"
    )
    assert isinstance(answer(objects, chosen), decision.Refused)


def test_a_tag_that_was_the_same_before_is_refused() -> None:
    chosen = settings(image="")
    same: Any = {"image": "registry.example/shop:latest"}
    new = template("v2", labels={"zdm.dev/app-version": "v2"}, **same)
    old = template("v1", labels={"zdm.dev/app-version": "v1"}, **same)
    objects = [
        deployment("v2", template=new),
        replica_set("v2", template=new),
        replica_set("v1", 0, template=old),
        pod("v2", labels={"zdm.dev/app-version": "v2"}, **same),
    ]

    assert reason(objects, chosen) == (
        "refused: Deployment shop/web shows no version: the image"
        " registry.example/shop:latest was that of v1 too; pin it by digest"
    )


def test_a_tag_that_was_moved_between_two_pods_tells_no_version() -> None:
    first, second = (
        pod("v2", f"web-{n}", container={"imageID": f"registry.example/shop@sha256:{n * 64}"})
        for n in "ab"
    )
    found = answer([deployment("v2"), replica_set("v2"), first, second])

    assert isinstance(found, decision.Wait)
    assert found.names[0] == (
        f"shop/web-a (of no known version, ready, the tag {image('v2')} means 2 images: pin it"
        " by digest)"
    )
