"""The driver's own work on a cluster that stands still: discovery, patches, checks, Events."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.rollout.kubernetes.kube import (
    NOW,
    SPACE,
    V1,
    V2,
    Still,
    answer,
    cron_job,
    deployment,
    driver,
    head,
    image,
    job,
    pod,
    reason,
    replica_set,
    rolled_out,
    settings,
    stateful_set,
    template,
    workload,
)
from zdm.errors import InputError, RefusedError, StoppedError, TemporaryError, ZdmError
from zdm.execute.events import PointOfNoReturn, RunFailed, RunStarted, StateChanged, Waiting
from zdm.execute.gate import decision
from zdm.model.release import RolloutFailed, RunState, Version
from zdm.rollout.kubernetes.announcer import Announcing, Audience
from zdm.rollout.kubernetes.api import ConflictError, Json, PatchKind, Resource
from zdm.rollout.kubernetes.driver import Kubernetes
from zdm.rollout.kubernetes.objects import Ref
from zdm.rollout.kubernetes.settings import KubernetesSettings

SECRET = {"name": "db"}


def using(**spec: Any) -> Json:
    """A Deployment that nobody declared, whose pods have this specification."""
    other = deployment("v7", "report", replicas=0)
    other["spec"]["template"] = {
        "spec": {"containers": [{"name": "r", "image": "r:1"}], **spec}
    }
    return other


def container(**more: Any) -> list[Json]:
    return [{"name": "r", "image": "r:1", **more}]


REFERENCES = {
    "env": using(
        containers=container(env=[{"name": "U", "valueFrom": {"secretKeyRef": SECRET}}])
    ),
    "envFrom": using(containers=container(envFrom=[{"secretRef": SECRET}])),
    "volume": using(volumes=[{"name": "v", "secret": {"secretName": "db"}}]),
    "projected volume": using(
        volumes=[{"name": "v", "projected": {"sources": [{"secret": SECRET}]}}]
    ),
    "CSI": using(
        volumes=[
            {
                "name": "v",
                "csi": {
                    "driver": "secrets-store.csi.k8s.io",
                    "volumeAttributes": {"secretProviderClass": "db"},
                },
            }
        ]
    ),
    "CSI's own Secret": using(volumes=[{"name": "v", "csi": {"nodePublishSecretRef": SECRET}}]),
    "init container": using(initContainers=container(envFrom=[{"secretRef": SECRET}])),
    "a copy with another name": using(
        containers=container(envFrom=[{"secretRef": {"name": "db-primary"}}])
    ),
}


@pytest.mark.parametrize("other", REFERENCES.values(), ids=REFERENCES.keys())
def test_an_undeclared_reference_to_the_secret_refuses_the_contract(other: Json) -> None:
    assert reason([*rolled_out(), other]).startswith(
        "refused: Deployment shop/report uses the database's Secret db"
    )


UNDECLARED = {
    "CronJob": (cron_job("v9", suspend=True), "CronJob shop/nightly"),
    "StatefulSet": (stateful_set("v9"), "StatefulSet shop/web"),
    "Job": (job("v9", "import"), "Job shop/import"),
    "ReplicaSet of nobody": (replica_set("v9", owned=None), "ReplicaSet shop/web-hashv9"),
    "ReplicaSet of a Rollout": (
        replica_set("v9", owned=("Rollout", "canary")),
        "Rollout shop/canary",
    ),
    "pod of an unknown kind": (
        pod("v9", "x", ("Workflow", "etl"), only_labels={}),
        "Workflow shop/etl",
    ),
}


@pytest.mark.parametrize(("other", "name"), UNDECLARED.values(), ids=UNDECLARED.keys())
def test_it_is_named_by_who_owns_it(other: Json, name: str) -> None:
    assert reason([*rolled_out(), other]) == (
        f"refused: {name} uses the database's Secret db and is not declared"
    )


def test_an_owner_that_ended_between_two_lists_is_unknown_and_looked_at_again() -> None:
    orphan = pod("v9", "x", ("Job", "import-1"), only_labels={})

    assert reason([*rolled_out(), orphan]) == (
        "unknown: the version that Job shop/import-1 would start is unknown"
    )


def test_owners_in_a_circle_are_named_by_one_of_them() -> None:
    first = replica_set("v8", owned=("ReplicaSet", "web-hashv9"))
    second = replica_set("v9", owned=("ReplicaSet", "web-hashv8"))

    assert reason([*rolled_out(), first, second]).startswith(
        "refused: ReplicaSet shop/web-hash"
    )


def test_what_is_allowed_or_ended_or_zdms_own_does_not_refuse() -> None:
    own = job("v9", "zdm-v2")
    own["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] = "zdm"
    ended = job("v9", "import", conditions=[{"type": "Failed", "status": "True"}])
    objects = [*rolled_out(), own, ended, cron_job("v9")]

    assert reason(objects, settings(allowed_undeclared=("CronJob shop/night*",))) == "clear"


def test_another_secret_is_nobodys_business() -> None:
    other = using(containers=container(envFrom=[{"secretRef": {"name": "db-old"}}]))

    assert reason([*rolled_out(), other]) == "clear"


VERSIONS = {
    "label": ({"labels": {"zdm.dev/app-version": "v2"}}, {}, settings(image="")),
    "common label": ({"labels": {"app.kubernetes.io/version": "v2"}}, {}, settings(image="")),
    "image by template": ({}, {"image": image("v2")}, settings()),
    "image by template, pinned": (
        {},
        {"image": f"{image('v2')}@sha256:{'a' * 64}"},
        settings(),
    ),
    "image by digest from another registry": (
        {},
        {"image": f"mirror.example/shop@sha256:{'a' * 64}"},
        settings(image="", images=(("v2", f"registry.example/shop@sha256:{'a' * 64}"),)),
    ),
    "label of its own key": (
        {"labels": {"release": "v2"}},
        {"image": "other"},
        settings(workload(version="label", version_key="release")),
    ),
}


@pytest.mark.parametrize(("labels", "more", "chosen"), VERSIONS.values(), ids=VERSIONS.keys())
def test_the_version_is_told_by(labels: Any, more: Any, chosen: KubernetesSettings) -> None:
    made = template("v2", **labels, **more)
    objects = [
        deployment("v2", template=made),
        replica_set("v2", template=made),
        pod("v2", **labels, **more),
    ]

    assert reason(objects, chosen) == "clear"


def test_an_image_that_is_none_of_ours_is_another_version() -> None:
    made = template("v2", image="elsewhere.example/shop:v2")
    objects = [deployment("v2", template=made)]

    assert "(elsewhere.example/shop:v2) would start another version" in reason(objects)


def test_containers_of_different_versions_tell_none() -> None:
    made = template("v2")
    made["spec"]["initContainers"] = [{"name": "guard", "image": image("v1")}]
    chosen = settings(workload(also=("guard",)))

    assert reason([deployment("v2", template=made)], chosen) == (
        "refused: Deployment shop/web shows no version: its containers differ: web runs v2,"
        " guard runs v1"
    )


def test_a_sidecar_that_was_put_into_the_pods_does_not_matter() -> None:
    with_sidecar = pod("v2")
    with_sidecar["spec"]["containers"].insert(0, {"name": "proxy", "image": "proxy:3"})

    assert answer([deployment("v2"), replica_set("v2"), with_sidecar]) == decision.Clear()


# deploying and going back


def test_a_patch_holds_the_image_and_the_note_and_no_replicas() -> None:
    platform, cluster = driver([deployment("v1"), replica_set("v1"), pod("v1")])
    platform.deploy(V2)
    (body, how), *rest = cluster.patched

    assert (how, rest) == (PatchKind.STRATEGIC, [])
    assert json.loads(body["metadata"].pop("annotations")["zdm.dev/before"]) == {
        "version": "v1",
        "images": {"web": image("v1")},
    }
    assert body == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": SPACE, "resourceVersion": "7"},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": image("v2")}]}}},
    }


def test_what_is_there_already_is_not_patched() -> None:
    platform, cluster = driver(rolled_out())
    platform.deploy(V2)

    assert cluster.patched == []


def test_the_label_that_tells_the_version_moves_with_the_image() -> None:
    old = template("v1", labels={"app.kubernetes.io/version": "v1"})
    platform, cluster = driver([deployment("v1", template=old)])
    platform.deploy(V2)
    changed = cluster.patched[0][0]["spec"]["template"]

    assert changed["metadata"] == {"labels": {"app.kubernetes.io/version": "v2"}}


def test_a_cron_jobs_template_lies_deeper_and_init_containers_move_too() -> None:
    item = cron_job("v1")
    spec = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["initContainers"] = [{"name": "guard", "image": image("v1")}]
    chosen = settings(workload("CronJob", "nightly", also=("guard",)))
    platform, cluster = driver([item], chosen)
    platform.deploy(V2)
    changed = cluster.patched[0][0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]

    assert changed == {
        "containers": [{"name": "web", "image": image("v2")}],
        "initContainers": [{"name": "guard", "image": image("v2")}],
    }


def test_going_back_takes_the_images_that_were_noted() -> None:
    failing = deployment("v2")
    pinned = f"registry.example/shop:v1@sha256:{'c' * 64}"
    note = {"version": "v1", "images": {"web": pinned}}
    failing["metadata"]["annotations"] = {"zdm.dev/before": json.dumps(note)}
    platform, cluster = driver([failing])

    assert platform.rollback(V1) == ""
    changed = cluster.patched[0][0]["spec"]["template"]["spec"]["containers"]
    assert changed == [{"name": "web", "image": pinned}]


def test_a_note_about_another_version_is_not_followed() -> None:
    failing = deployment("v2")
    note = {"version": "v0", "images": {"web": image("v0")}}
    failing["metadata"]["annotations"] = {"zdm.dev/before": json.dumps(note)}
    platform, cluster = driver([failing])
    platform.rollback(V1)

    assert cluster.patched[0][0]["spec"]["template"]["spec"]["containers"] == [
        {"name": "web", "image": image("v1")}
    ]


def test_in_observe_mode_nothing_is_written_and_a_person_is_asked_to_go_back() -> None:
    platform, cluster = driver([deployment("v1")], settings(mode="observe"))
    platform.deploy(V2)

    assert not platform.deploys
    assert platform.rollback(V1) == (
        "zdm only observes here, so you must bring Deployment shop/web to v1"
    )
    assert cluster.patched == []


def command(*source: str, **more: Any) -> KubernetesSettings:
    program = "; ".join(source)
    return settings(
        mode="command", command=(sys.executable, "-c", program, "{version}"), **more
    )


def test_a_command_is_given_the_version(tmp_path: Any) -> None:
    path = tmp_path / "asked"
    chosen = command("import sys", f"open({str(path)!r}, 'a').write(sys.argv[1])")
    platform, _ = driver([deployment("v1")], chosen)
    platform.deploy(V2)
    platform.rollback(V1)

    assert path.read_text() == "v2v1"


def test_a_command_that_fails_fails_the_rollout_with_its_last_line() -> None:
    platform, _ = driver([deployment("v1")], command("raise SystemExit('no such chart')"))
    platform.deploy(V2)
    found = platform.observe(V2).status

    assert isinstance(found, RolloutFailed)
    assert found.reason.endswith("v2` exited with 1: no such chart")


def test_a_command_that_does_not_end_is_given_up() -> None:
    chosen = command("import time", "time.sleep(60)", command_timeout=timedelta(seconds=0.2))
    platform, _ = driver([deployment("v1")], chosen)
    platform.deploy(V2)

    assert "did not end within" in str(platform.observe(V2).status)


@dataclass
class Contested(Still):
    """Somebody else writes in between, so many times; then what an apply is told."""

    times: int = 1
    said: str = "the object has been modified"

    def patch(
        self, resource: Resource, place: tuple[str, str], body: Json, how: PatchKind
    ) -> Json | None:
        if self.times:
            self.times -= 1
            raise ConflictError(self.said)
        return Still.patch(self, resource, place, body, how)


def test_a_change_in_between_is_read_again_but_not_for_ever() -> None:
    cluster = Contested([deployment("v1")], times=1)
    Kubernetes(settings(), cluster).deploy(V2)

    assert len(cluster.patched) == 1
    with pytest.raises(StoppedError, match="was changed by another client 5 times"):
        Kubernetes(settings(), Contested([deployment("v1")], times=9)).deploy(V2)


def test_an_apply_that_would_take_somebodys_field_stops_and_names_him() -> None:
    said = 'Apply failed with 1 conflict: conflict with "helm" using apps/v1'
    cluster = Contested([deployment("v1")], times=9, said=said)

    with pytest.raises(StoppedError, match=r"owns the image of Deployment shop/web.*helm"):
        Kubernetes(settings(patch="apply"), cluster).deploy(V2)


def test_a_forced_apply_takes_it() -> None:
    platform, cluster = driver([deployment("v1")], settings(patch="apply", force=True))
    platform.deploy(V2)

    assert [how for _, how in cluster.patched] == [PatchKind.FORCED_APPLY]


# before a run


def test_a_good_cluster_passes_the_check() -> None:
    platform, _ = driver([deployment("v1"), replica_set("v1"), pod("v1")])

    platform.check(V1, V2)


def test_a_missing_permission_is_named_with_the_role_that_gives_it() -> None:
    platform, cluster = driver([deployment("v1")])
    cluster.denied = {("list", "cronjobs"), ("patch", "deployments")}

    with pytest.raises(RefusedError) as caught:
        platform.check(V1, V2)
    assert caught.value.message == (
        "zdm may not: list cronjobs.batch in shop; patch deployments.apps web in shop"
    )
    assert caught.value.hint == (
        'give it a Role in namespace shop with {apiGroups: ["batch"], resources: [cronjobs],'
        ' verbs: [list]}; a Role in namespace shop with {apiGroups: ["apps"], resources:'
        " [deployments], verbs: [patch]}"
    )


def two_containers() -> Json:
    made = template("v1")
    made["spec"]["containers"].append({"name": "proxy", "image": "proxy:3"})
    made["spec"]["containers"][0]["name"] = "application"
    return deployment("v1", template=made)


CHECKS: dict[str, tuple[list[Json], KubernetesSettings, type[ZdmError], str]] = {
    "no workload": ([], settings(), RefusedError, "Deployment shop/web does not exist"),
    "no such container": (
        [deployment("v1")],
        settings(workload(container="wbe")),
        RefusedError,
        "has no container wbe",
    ),
    "which container": ([two_containers()], settings(), RefusedError, "which container"),
    "the same image": (
        [deployment("v1")],
        settings(image="registry.example/shop:latest"),
        InputError,
        "have the same image",
    ),
    "no image": (
        [deployment("v1")],
        settings(image=""),
        InputError,
        "only by its image",
    ),
    "no image of the new version": (
        [deployment("v1")],
        settings(image="", images=(("v1", image("v1")),)),
        InputError,
        "no image is declared for v2",
    ),
    "outside the namespaces": (
        [deployment("v1")],
        settings(replace(workload(), namespace="other")),
        InputError,
        "declares Deployment other/web outside",
    ),
    "no Secret": (
        [deployment("v1")],
        replace(settings(), secrets=()),
        InputError,
        "names no Secret",
    ),
    "no command": ([deployment("v1")], settings(mode="command"), InputError, "no command"),
}


@pytest.mark.parametrize(
    ("objects", "chosen", "error", "said"), CHECKS.values(), ids=CHECKS.keys()
)
def test_what_would_stop_a_rollout_is_refused_before_a_run(
    objects: list[Json], chosen: KubernetesSettings, error: type[ZdmError], said: str
) -> None:
    platform, _ = driver(objects, chosen)

    with pytest.raises(error, match=said):
        platform.check(V1, V2)


def test_a_version_in_the_selector_cannot_be_moved() -> None:
    item = deployment("v1", template=template("v1", labels={"zdm.dev/app-version": "v1"}))
    item["spec"]["selector"]["matchLabels"]["zdm.dev/app-version"] = "v1"
    platform, _ = driver([item])

    with pytest.raises(RefusedError, match="the selector of Deployment shop/web holds"):
        platform.check(V1, V2)


# Events and annotations


def announcing(
    cluster: Still, complaints: list[str], now: Callable[[], Any] = lambda: NOW
) -> Announcing:
    where = Audience(
        workloads=(Ref("Deployment", SPACE, "web"),), own_pod=Ref("Pod", SPACE, "zdm-v2-x")
    )
    return Announcing(cluster, where, now, complaints.append)


WAITING = Waiting(
    gate="old version", reason="1 instance still alive", names=("shop/web-v1-x",), since=NOW
)


def test_the_cluster_is_told_phases_waits_and_the_point_of_no_return() -> None:
    cluster = Still([deployment("v1")])
    observer = announcing(cluster, [])
    observer.notify(
        RunStarted(plan="0007", digest="4f" * 32, run=1, resumed=False, steps=3, done=0)
    )
    for event in (
        StateChanged(state=RunState.DEPLOYING),
        WAITING,
        WAITING,
        StateChanged(state=RunState.CONTRACTING),
        PointOfNoReturn(step="3"),
    ):
        observer.notify(event)

    assert [(e["reason"], e["message"]) for e in cluster.created] == [
        ("ZdmPhaseStarted", "0007: deploying"),
        ("ZdmWaitingForOldPods", "old version: 1 instance still alive (shop/web-v1-x)"),
        ("ZdmPhaseCompleted", "0007: deploying is over"),
        ("ZdmPhaseStarted", "0007: contracting"),
        ("ZdmPointOfNoReturn", "0007: from 3 on only forward"),
    ]
    assert cluster.patched[0] == (
        {
            "metadata": {
                "annotations": {"zdm.dev/release": "0007", "zdm.dev/phase": "deploying"}
            }
        },
        PatchKind.MERGE,
    )
    assert cluster.created[0]["involvedObject"]["uid"] == head("web")["uid"]


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        ("StoppedError", RunState.CONTRACTING, "ZdmGateRefused"),
        ("StoppedError", RunState.BACKFILLING, "ZdmRunFailed"),
        ("TemporaryError", RunState.CONTRACTING, "ZdmRunFailed"),
    ],
)
def test_the_cluster_is_told_how_a_run_fails(kind: str, state: RunState, reason: str) -> None:
    cluster = Still([deployment("v1")])
    observer = announcing(cluster, [])
    observer.notify(StateChanged(state=state))
    observer.notify(RunFailed(kind=kind, exit_code=4, reason="web (v1) is back"))

    last = cluster.created[-1]
    assert (last["reason"], last["type"]) == (reason, "Warning")
    assert "web (v1) is back (exit code 4)" in last["message"]


def test_zdms_own_job_hears_of_it_too() -> None:
    own = pod("v2", "zdm-v2-x", ("Job", "zdm-v2"))
    cluster = Still([deployment("v1"), own, job("v2", "zdm-v2")])
    announcing(cluster, []).notify(StateChanged(state=RunState.DEPLOYING))

    assert [event["involvedObject"]["name"] for event in cluster.created] == ["web", "zdm-v2"]
    assert len(cluster.patched) == 1  # a Job's metadata is left alone


@dataclass
class Deaf(Still):
    """Takes no Events."""

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        del resource, namespace, body
        raise TemporaryError("the API server does not answer")


def test_a_deaf_cluster_is_complained_about_once_and_stops_nothing() -> None:
    complaints: list[str] = []
    times = iter([NOW + timedelta(minutes=n) for n in range(100)])
    observer = announcing(Deaf([deployment("v1")]), complaints, lambda: next(times))
    for state in (RunState.EXPANDING, RunState.DEPLOYING, RunState.CONTRACTING):
        observer.notify(StateChanged(state=state))

    assert complaints == ["the cluster refuses zdm's Events: the API server does not answer"]


def test_versions_are_compared_as_words() -> None:
    assert reason([deployment("v2")], target=Version("V2")).startswith("refused")
