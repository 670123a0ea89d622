"""The example for Kubernetes: valid, restricted, and what its own parts say of each other."""

import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.fakes.kube_api.kubectl import PROGRAM
from zdm.config import settings as config
from zdm.render import manifest as rendering
from zdm.rollout import registry
from zdm.rollout.kubernetes.settings import KubernetesSettings
from zdm.workflows import job_manifest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/kubernetes"
LATEST = kubernetes_validate.latest_version()
IMAGE = "registry.example/zdm@sha256:" + "0" * 64


def built(folder: Path) -> list[dict[str, Any]]:
    """What kustomize makes of a folder."""
    done = subprocess.run(
        [PROGRAM, "kustomize", str(folder)], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return built(EXAMPLE)


@pytest.fixture(scope="module")
def settings() -> KubernetesSettings:
    found = config.load(
        directory=EXAMPLE, environ={}, file=EXAMPLE / "zdm.toml", drivers=registry.tables()
    )
    cluster = found.of_driver(KubernetesSettings)
    assert cluster is not None
    return cluster


def one(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [found] = [document for document in documents if document["kind"] == kind]
    return found


def pods(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every pod template's specification."""
    found = [one(documents, "Deployment"), one(documents, "Job")]
    return [document["spec"]["template"]["spec"] for document in found]


def test_every_document_is_valid(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        kubernetes_validate.validate(document, LATEST, strict=True)

    assert len(documents) == 13


def test_every_document_is_in_the_namespace(documents: list[dict[str, Any]]) -> None:
    placed = [document for document in documents if document["kind"] != "Namespace"]

    assert {document["metadata"]["namespace"] for document in placed} == {"shop"}


def test_every_pod_fits_the_profile_that_the_namespace_enforces(
    documents: list[dict[str, Any]],
) -> None:
    for spec in pods(documents):
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_what_zdm_printed_is_what_it_prints_now() -> None:
    """`zdm manifest`, as the README says; write it anew with that command."""
    file = EXAMPLE / "zdm.toml"
    found = config.load(directory=EXAMPLE, environ={}, file=file, drivers=registry.tables())
    asked = job_manifest.Asked(
        plan=ROOT / "plans/0007_drop_email.yaml", image=IMAGE, settings_file=file
    )
    printed = rendering.kustomize(job_manifest.run(found, asked))
    there = {path.name: path.read_text() for path in (EXAMPLE / "zdm").iterdir()}

    assert there == printed


def test_the_settings_name_what_is_there(
    documents: list[dict[str, Any]], settings: KubernetesSettings
) -> None:
    deployment = one(documents, "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    [declared] = settings.workloads

    assert declared.name == deployment["metadata"]["name"]
    assert declared.container == container["name"]
    assert settings.image.replace("{version}", "v1") == container["image"]
    used = {
        variable["valueFrom"]["secretKeyRef"]["name"]
        for variable in container["env"]
        if "secretKeyRef" in variable["valueFrom"]
    }
    assert used == set(settings.secrets)


def test_the_autoscaler_owns_the_number_of_pods(documents: list[dict[str, Any]]) -> None:
    target = one(documents, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    deployment = one(documents, "Deployment")

    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]


def test_the_service_finds_the_pods(documents: list[dict[str, Any]]) -> None:
    service, template = (
        one(documents, "Service"),
        one(documents, "Deployment")["spec"]["template"],
    )
    [port] = service["spec"]["ports"]
    [container] = template["spec"]["containers"]

    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert port["targetPort"] in {found["name"] for found in container["ports"]}


def test_the_application_reads_what_it_is_given(documents: list[dict[str, Any]]) -> None:
    code = "".join(path.read_text() for path in (ROOT / "examples/shop").glob("*.py"))
    [container] = one(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    maps = [
        d["data"]
        for d in documents
        if d["kind"] == "ConfigMap" and d["metadata"]["name"] == "shop"
    ]
    given = {variable["name"] for variable in container["env"]} | set(maps[0])

    assert {name for name in given if f'"{name}"' in code} == given - {"ZDM_DATABASE_URL"}


def test_the_image_names_its_version_wherever_it_is_asked() -> None:
    text = (EXAMPLE / "shop.Dockerfile").read_text()

    assert "zdm-app:${VERSION}/" in text
    assert "ZDM_APP_VERSION=${VERSION}" in text
    assert re.search(r'^ENTRYPOINT \["/opt/zdm/bin/zdm", "guard", "--"\]$', text, re.MULTILINE)


def test_the_secrets_hold_placeholders_only(documents: list[dict[str, Any]]) -> None:
    secrets = [document for document in documents if document["kind"] == "Secret"]

    assert len(secrets) == 2
    assert all(":CHANGE-ME@" in document["stringData"]["url"] for document in secrets)
