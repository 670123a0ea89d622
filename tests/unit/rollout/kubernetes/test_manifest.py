"""The printed documents: valid for the API server, restricted, and no right too many."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from msgspec.structs import replace

from zdm.errors import InputError
from zdm.render import manifest as rendering
from zdm.rollout.kubernetes import manifest, preconditions, rbac
from zdm.rollout.kubernetes.manifest import Job
from zdm.rollout.kubernetes.rbac import Mode, Scope, WorkloadName
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload
from zdm.rollout.port import JobRequest, PlanBesideImage, PlanInImage

WEB = WorkloadName(namespace="shop", kind="Deployment", name="web")
MAIL = WorkloadName(namespace="mail", kind="CronJob", name="digest")
LATEST = kubernetes_validate.latest_version()


def scope(mode: Mode = "patch", *workloads: WorkloadName) -> Scope:
    found = workloads or (WEB, MAIL)
    return Scope(
        own="zdm",
        namespaces=tuple(sorted({target.namespace for target in found})),
        workloads=found,
        mode=mode,
    )


def job(wanted: Scope | None = None, **details: Any) -> Job:
    request = JobRequest(
        account="zdm",
        plan="0007_drop_email",
        digest="d77dc570",
        attempt=1,
        release="v42",
        image="registry.example/zdm@sha256:" + "0" * 64,
        content=PlanBesideImage(
            settings="[rollout]\n",
            plan_name="0007_drop_email.yaml",
            plan="format: 1\nname: x\n",
        ),
        secret="db-migrator",
        secret_key="url",
    )
    return Job(request=replace(request, **details), scope=wanted or scope())


VARIANTS = [
    pytest.param({}, id="patch"),
    pytest.param({"wanted": scope("observe")}, id="observe"),
    pytest.param({"wanted": scope("command")}, id="command"),
    pytest.param({"content": PlanInImage(path="plans/p.yaml")}, id="plan in image"),
    pytest.param({"metrics_port": 9187}, id="metrics"),
]


@pytest.mark.parametrize("details", VARIANTS)
def test_every_document_is_valid(details: dict[str, Any]) -> None:
    found = manifest.documents(job(**details))
    known = [d for d in found.values() if d["kind"] != "PodMonitor"]
    for document in known:
        kubernetes_validate.validate(document, LATEST, strict=True)

    assert len(known) >= 7


@pytest.mark.parametrize("details", VARIANTS)
def test_what_is_printed_is_read_back_as_it_was(details: dict[str, Any]) -> None:
    found = manifest.documents(job(**details))
    printed = rendering.stream(found)

    assert list(yaml.safe_load_all(printed)) == list(found.values())


def test_kustomize_builds_the_folder(tmp_path: Path) -> None:
    found = manifest.documents(job())
    for name, text in rendering.kustomize(found).items():
        (tmp_path / name).write_text(text)
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    assert kubectl is not None
    built = subprocess.run(
        [kubectl, "kustomize", str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout

    def key(document: dict[str, Any]) -> str:
        meta = document["metadata"]
        return f"{document['kind']} {meta['namespace']}/{meta['name']}"

    by_key = {key(document): document for document in yaml.safe_load_all(built)}
    assert by_key == {key(document): document for document in found.values()}


def pod(wanted: Job) -> dict[str, Any]:
    found: dict[str, Any] = manifest.documents(wanted)["job"]["spec"]["template"]["spec"]
    return found


def test_the_pod_fits_the_restricted_profile() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/ , Restricted."""
    spec = pod(job())
    [container] = spec["containers"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {kind for v in spec["volumes"] for kind in v if kind != "name"} <= {
        "configMap",
        "emptyDir",
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)


def test_zdm_itself_is_process_1() -> None:
    [container] = pod(job())["containers"]

    assert "command" not in container
    assert container["args"] == ["execute", "0007_drop_email.yaml", "--expect", "d77dc570"]


def test_only_what_a_repetition_may_mend_is_repeated() -> None:
    spec = manifest.documents(job())["job"]["spec"]
    final = spec["podFailurePolicy"]["rules"][1]

    assert final["action"] == "FailJob"
    assert final["onExitCodes"]["values"] == [2, 3, 4, 5, 6]
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize(
    ("plan", "starts"),
    [
        pytest.param("0007_drop_email", "zdm-0007-drop-email-", id="a revision"),
        pytest.param("Über.Gröẞe!", "zdm-ber-gr-e-", id="what DNS does not know"),
        pytest.param("ß", "zdm-plan-", id="nothing that DNS knows"),
        pytest.param("x" * 200, "zdm-" + "x" * 50 + "-", id="too long"),
    ],
)
def test_a_job_has_a_name_that_the_cluster_takes(plan: str, starts: str) -> None:
    name = job(plan=plan).name

    assert name[:-8] == starts
    assert len(name) <= 63
    assert name.replace("-", "").isascii()
    assert name.replace("-", "").isalnum()


def test_another_attempt_and_another_plan_have_other_names() -> None:
    names = {job().name, job(attempt=2).name, job(digest="e").name, job(image="other").name}

    assert len(names) == 3


def changes(wanted: Scope, namespace: str) -> set[str]:
    """What may be written in a namespace."""
    return {
        f"{one.verb} {one.resource}{f' {one.name}' if one.name else ''}"
        for one in rbac.needed(wanted)
        if one.namespace == namespace and one.verb not in ("get", "list")
    }


def test_only_declared_workloads_are_changed_and_by_name() -> None:
    stateful = WorkloadName(namespace="shop", kind="StatefulSet", name="queue")
    once = WorkloadName(namespace="shop", kind="Job", name="once")
    wanted = replace(scope("patch", WEB, stateful, MAIL, once), announce=False)

    assert changes(wanted, "shop") == {"patch deployments web", "patch statefulsets queue"}
    assert changes(wanted, "mail") == {"patch cronjobs digest"}
    assert changes(wanted, "zdm") == set()


@pytest.mark.parametrize("mode", ["observe", "command"])
def test_where_zdm_neither_patches_nor_announces_it_only_reads(mode: Mode) -> None:
    assert changes(replace(scope(mode), announce=False), "shop") == set()


def test_an_announcement_is_an_event_and_an_annotation() -> None:
    assert changes(scope("observe"), "shop") == {"create events", "patch deployments web"}


def test_its_own_job_hears_the_events_too() -> None:
    wanted = {str(one) for one in rbac.needed(scope("patch")) if one.namespace == "zdm"}

    assert wanted == {"create events in zdm", "get jobs.batch in zdm", "get pods in zdm"}


def test_a_namespace_without_rights_has_no_role() -> None:
    found = manifest.documents(job(replace(scope("patch"), announce=False)))

    assert {word for word in found if word.startswith("role-")} == {
        "role-mail",
        "role-binding-mail",
        "role-shop",
        "role-binding-shop",
    }


@pytest.mark.parametrize("mode", ["patch", "observe", "command"])
def test_the_driver_asks_for_nothing_that_the_roles_do_not_give(mode: Mode) -> None:
    settings = KubernetesSettings(
        namespaces=("mail", "shop"),
        secrets=("db",),
        mode=mode,
        announce=False,
        workloads=tuple(
            KubernetesWorkload(
                kind=one.kind,  # type: ignore[arg-type]  # one of its kinds
                namespace=one.namespace,
                name=one.name,
            )
            for one in (WEB, MAIL)
        ),
    )
    asked = {
        (verb, resource.group, resource.plural, namespace, name)
        for verb, resource, namespace, name in preconditions.needed(settings)
    }

    assert asked == {
        (one.verb, one.group, one.resource, one.namespace, one.name)
        for one in rbac.needed(rbac.scope_of(settings, "zdm"))
    }


@pytest.mark.parametrize("mode", ["patch", "observe", "command"])
def test_no_secret_no_exec_nothing_of_the_cluster(mode: Mode) -> None:
    found = manifest.documents(job(scope(mode)))
    kinds = {document["kind"] for document in found.values()}
    text = rendering.stream({k: v for k, v in found.items() if k.startswith("role")})

    assert not {"ClusterRole", "ClusterRoleBinding"} & kinds
    assert "secrets" not in text
    assert "exec" not in text
    assert "*" not in text


def test_the_roles_grant_what_is_needed_or_useful_and_no_more() -> None:
    wanted = scope("patch")
    granted = {
        rbac.Access(
            namespace=document["metadata"]["namespace"],
            group=group,
            resource=resource,
            verb=verb,
            name=name,
        )
        for document in manifest.documents(job(wanted)).values()
        if document["kind"] == "Role"
        for rule in document["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }

    assert granted == {*rbac.needed(wanted), *rbac.useful(wanted)}


def test_a_plan_that_no_config_map_holds_is_refused() -> None:
    content = PlanBesideImage(settings="", plan_name="p.yaml", plan="x" * 1_100_000)
    with pytest.raises(InputError, match="a ConfigMap holds"):
        manifest.documents(job(content=content))


def test_every_document_has_a_namespace_and_its_owner() -> None:
    for document in manifest.documents(job(metrics_port=9187)).values():
        assert document["metadata"]["namespace"] in ("zdm", "shop", "mail")
        assert document["metadata"]["labels"]["app.kubernetes.io/name"] == "zdm"
