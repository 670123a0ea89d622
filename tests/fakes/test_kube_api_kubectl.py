"""The real kubectl talks to the fake: what it says there is what people see."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.kube_api import manifests
from tests.fakes.kube_api.controllers.world import Behaviour
from tests.fakes.kube_api.kubectl import Kubectl
from tests.fakes.kube_api.server import FakeKube
from tests.waiting import until


@pytest.fixture
def kube() -> Iterator[FakeKube]:
    with FakeKube() as running:
        yield running


@pytest.fixture
def kubectl(kube: FakeKube, tmp_path: Path) -> Kubectl:
    return Kubectl(kube.kubeconfig(tmp_path / "kubeconfig"))


def alive(kube: FakeKube, image: str) -> int:
    return len(
        [
            pod
            for pod in kube.list("pods", "default")
            if pod["spec"]["containers"][0]["image"] == image
        ]
    )


def test_rollout_status_says_done_while_old_pods_drain(
    kube: FakeKube, kubectl: Kubectl
) -> None:
    kube.images["shop:v1"] = Behaviour(drain=40)
    pod = {"terminationGracePeriodSeconds": 60}
    kube.apply(manifests.deployment("web", "shop:v1", replicas=3, pod=pod))
    kube.settle()
    kubectl("set", "image", "deployment/web", "web=shop:v2")
    kube.advance(1)

    said = kubectl("rollout", "status", "deployment/web")

    assert said.out == 'deployment "web" successfully rolled out\n'
    assert said.code == 0
    assert alive(kube, "shop:v1") == 3


def advance_once_watched(kube: FakeKube, seconds: float) -> None:
    """Let time pass as soon as somebody watches."""
    until(lambda: any(one.query.get("watch") for one in kube.requests))
    kube.advance(seconds)


def test_rollout_status_waits_by_watching(kube: FakeKube, kubectl: Kubectl) -> None:
    kube.images["shop:v1"] = Behaviour(ready_after=20)
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    time_passes = threading.Thread(target=advance_once_watched, args=(kube, 20))
    time_passes.start()

    said = kubectl("rollout", "status", "deployment/web")
    time_passes.join()

    assert said.out.splitlines() == [
        'Waiting for deployment "web" rollout to finish:'
        " 0 of 1 updated replicas are available...",
        'deployment "web" successfully rolled out',
    ]


def test_rollout_status_of_zero_replicas_is_done_at_once(
    kube: FakeKube, kubectl: Kubectl
) -> None:
    kube.apply(manifests.deployment("web", "shop:v1", replicas=0))
    kube.settle()

    said = kubectl("rollout", "status", "deployment/web")

    assert said.out == 'deployment "web" successfully rolled out\n'


def test_rollout_status_waits_for_ever_on_a_paused_deployment(
    kube: FakeKube, kubectl: Kubectl
) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    kubectl("rollout", "pause", "deployment/web")
    kubectl("set", "image", "deployment/web", "web=shop:v2")
    kube.advance(3600)

    said = kubectl("rollout", "status", "deployment/web", "--timeout=5s")

    assert said.code == 1
    assert "0 out of 1 new replicas have been updated" in said.out


def test_rollout_status_tells_an_exceeded_deadline(kube: FakeKube, kubectl: Kubectl) -> None:
    kube.images["shop:v2"] = Behaviour(stuck="ErrImagePull")
    kube.apply(manifests.deployment("web", "shop:v1", progressDeadlineSeconds=30))
    kube.settle()
    kubectl("set", "image", "deployment/web", "web=shop:v2")
    kube.advance(60)

    said = kubectl("rollout", "status", "deployment/web")

    assert (said.code, said.err) == (
        1,
        'error: deployment "web" exceeded its progress deadline\n',
    )


def test_rollout_status_calls_a_partition_complete(kube: FakeKube, kubectl: Kubectl) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    kube.apply(manifests.stateful_set("queue", "q:v1", replicas=3, updateStrategy=rolling))
    kube.settle()
    kubectl("set", "image", "statefulset/queue", "queue=q:v2")
    kube.advance(60)

    said = kubectl("rollout", "status", "statefulset/queue")

    assert said.out == ("partitioned roll out complete: 1 new pods have been updated...\n")
    assert alive(kube, "q:v1") == 2


def test_rollout_status_of_on_delete_is_an_error(kube: FakeKube, kubectl: Kubectl) -> None:
    by_hand = {"type": "OnDelete"}
    kube.apply(manifests.stateful_set("queue", "q:v1", updateStrategy=by_hand))
    kube.settle()

    said = kubectl("rollout", "status", "statefulset/queue")

    assert said.err == (
        "error: rollout status is only available for RollingUpdate strategy type\n"
    )


def test_rollout_undo_brings_the_former_image_back(kube: FakeKube, kubectl: Kubectl) -> None:
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    kubectl("set", "image", "deployment/web", "web=shop:v2")
    kube.advance(60)

    said = kubectl("rollout", "undo", "deployment/web")
    kube.advance(60)

    assert said.out == "deployment.apps/web rolled back\n"
    assert (alive(kube, "shop:v1"), alive(kube, "shop:v2")) == (1, 0)


def test_rollout_undo_knows_stateful_sets_and_daemon_sets(
    kube: FakeKube, kubectl: Kubectl
) -> None:
    kube.apply(manifests.stateful_set("queue", "q:v1"))
    kube.apply(manifests.daemon_set("agent", "a:v1"))
    kube.settle()
    kubectl("set", "image", "statefulset/queue", "queue=q:v2")
    kubectl("set", "image", "daemonset/agent", "agent=a:v2")
    kube.advance(60)
    between = alive(kube, "q:v2"), alive(kube, "a:v2")

    said = [kubectl("rollout", "undo", one) for one in ("statefulset/queue", "daemonset/agent")]
    kube.advance(60)

    assert [one.err for one in said] == ["", ""]
    assert between == (1, 1)
    assert (alive(kube, "q:v1"), alive(kube, "a:v1")) == (1, 1)


def test_client_side_apply_keeps_what_others_set(kube: FakeKube, kubectl: Kubectl) -> None:
    manifest = manifests.deployment("web", "shop:v1")
    first = kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    kubectl("scale", "deployment/web", "--replicas=4")
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:v2"

    second = kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    spec = kube.get("Deployment", "default", "web")["spec"]
    assert (first.out, second.out) == (
        "deployment.apps/web created\n",
        "deployment.apps/web configured\n",
    )
    assert spec["template"]["spec"]["containers"][0]["image"] == "shop:v2"
    assert spec["replicas"] == 4


def test_server_side_apply_meets_the_owner_of_an_image(kubectl: Kubectl) -> None:
    manifest = json.dumps(manifests.deployment("web", "shop:v1"))
    kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    kubectl("set", "image", "deployment/web", "web=shop:v2")

    refused = kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    forced = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifest)

    assert refused.code == 1
    assert refused.err.startswith(
        'error: Apply failed with 1 conflict: conflict with "kubectl-set" using apps/v1:'
        ' .spec.template.spec.containers[name="web"].image\n'
    )
    assert forced.out == "deployment.apps/web serverside-applied\n"


def test_deleting_waits_until_the_pod_is_gone(kube: FakeKube, kubectl: Kubectl) -> None:
    kube.images["shop:v1"] = Behaviour(drain=10)
    kube.apply(manifests.deployment("web", "shop:v1"))
    kube.settle()
    name = kube.list("pods")[0]["metadata"]["name"]
    kube.run_in_background(speed=10)

    said = kubectl("delete", "pod", name)

    assert said.out == f'pod "{name}" deleted from default namespace\n'
    assert kube.find("pod", "default", name) is None


def test_kubectl_stays_the_administrator_where_rights_count(
    kube: FakeKube, kubectl: Kubectl
) -> None:
    kube.bind("secret-token", "zdm")

    said = kubectl("get", "deployments")

    assert (said.code, said.err) == (0, "No resources found in default namespace.\n")
