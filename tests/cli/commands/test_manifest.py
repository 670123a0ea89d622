"""`zdm manifest` through the command line: what it prints, and what it refuses to print."""

from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Zdm
from tests.golden import Golden
from tests.unit import plans
from zdm.workflows import plan_files

IMAGE = "registry.example/zdm@sha256:" + "1" * 64
SETTINGS = """
[rollout]
driver = "kubernetes"
old = "v1"
new = "v2"

[rollout.kubernetes]
namespaces = ["shop", "mail"]
secrets = ["db"]
image = "registry.example/shop:{version}"

[[rollout.kubernetes.workloads]]
kind = "Deployment"
namespace = "shop"
name = "web"

[[rollout.kubernetes.workloads]]
kind = "CronJob"
namespace = "mail"
name = "digest"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with settings and a plan."""
    (tmp_path / "zdm.toml").write_text(SETTINGS.lstrip())
    (tmp_path / "plans").mkdir()
    plan_files.write_plan(tmp_path / "plans/0007.yaml", plans.plan(*plans.good()))
    return tmp_path


def test_the_documents_of_a_plan(zdm: Zdm, project: Path, golden: Golden) -> None:
    del project
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE)

    assert (answer.code, answer.err) == (0, "")
    golden.check("manifest.yaml", answer.out)


def test_the_plan_in_the_config_map_is_the_file(zdm: Zdm, project: Path) -> None:
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE)
    [data] = [d["data"] for d in yaml.safe_load_all(answer.out) if d["kind"] == "ConfigMap"]

    assert data == {
        "0007.yaml": (project / "plans/0007.yaml").read_text(),
        "zdm.toml": (project / "zdm.toml").read_text(),
    }


def test_a_folder_for_kustomize(zdm: Zdm, project: Path) -> None:
    answer = zdm(
        "manifest", "plans/0007.yaml", "--image", IMAGE, "--format", "kustomize", "-o", "out"
    )
    files = sorted(file.name for file in (project / "out").iterdir())
    listed = yaml.safe_load((project / "out/kustomization.yaml").read_text())["resources"]

    assert (answer.code, answer.out, answer.err) == (0, "", "out written\n")
    assert sorted([*listed, "kustomization.yaml"]) == files


def test_with_the_plan_in_the_image_nothing_of_the_project_is_printed(
    zdm: Zdm, project: Path
) -> None:
    (project / "zdm.toml").write_text(f'database = "postgresql://a:s3cret@db/shop"\n{SETTINGS}')
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE, "--plan-in-image")
    [job] = [d for d in yaml.safe_load_all(answer.out) if d["kind"] == "Job"]
    [container] = job["spec"]["template"]["spec"]["containers"]

    assert container["args"][:3] == ["execute", "plans/0007.yaml", "--expect"]
    assert "ConfigMap" not in answer.out
    assert "s3cret" not in answer.out


def test_metrics_are_served_and_collected(zdm: Zdm, project: Path) -> None:
    del project
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE, "--metrics-port", "9187")
    documents = {d["kind"]: d for d in yaml.safe_load_all(answer.out)}
    [container] = documents["Job"]["spec"]["template"]["spec"]["containers"]
    [endpoint] = documents["PodMonitor"]["spec"]["podMetricsEndpoints"]

    assert container["args"][-2:] == ["--listen", "0.0.0.0:9187"]
    assert container["ports"] == [{"name": endpoint["port"], "containerPort": 9187}]


def test_the_jobs_arguments_are_those_of_the_command(zdm: Zdm, project: Path) -> None:
    del project
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE, "--metrics-port", "9187")
    [job] = [d for d in yaml.safe_load_all(answer.out) if d["kind"] == "Job"]
    [container] = job["spec"]["template"]["spec"]["containers"]

    assert zdm(*container["args"], "--help").code == 0


def test_an_image_that_may_change_is_noted(zdm: Zdm, project: Path) -> None:
    del project
    answer = zdm("manifest", "plans/0007.yaml", "--image", "zdm:1")

    assert answer.code == 0
    assert answer.err.startswith("note: zdm:1 is not pinned by digest")


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        pytest.param(
            f'database = "postgresql://ann:s3cret@db/shop"\n{SETTINGS}',
            3,
            "`database`",
            id="a password",
        ),
        pytest.param(
            f'shadow_url = "host=db password=s3cret"\n{SETTINGS}',
            3,
            "`shadow_url`",
            id="in a conninfo",
        ),
        pytest.param(
            SETTINGS.replace("namespaces =", 'kubeconfig = "admin.conf"\nnamespaces ='),
            2,
            "a kubeconfig",
            id="a kubeconfig",
        ),
    ],
)
def test_what_a_config_map_must_not_hold(
    zdm: Zdm, project: Path, settings: str, code: int, said: str
) -> None:
    (project / "zdm.toml").write_text(settings)
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE)

    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert "s3cret" not in answer.err


def test_without_a_cluster_in_the_settings_there_is_nothing_to_print(
    zdm: Zdm, project: Path
) -> None:
    (project / "zdm.toml").write_text("")
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE)

    assert (answer.code, answer.out) == (2, "")
    assert "[rollout.kubernetes]" in answer.err


def test_a_folder_must_be_named(zdm: Zdm, project: Path) -> None:
    del project
    answer = zdm("manifest", "plans/0007.yaml", "--image", IMAGE, "--format", "kustomize")

    assert (answer.code, answer.out) == (2, "")
