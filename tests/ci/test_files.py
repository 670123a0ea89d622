"""The files for CI systems: valid by the published schemas, and their shell by ShellCheck."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ci import steps
from tests.ci.steps import ROOT, Runner

EXAMPLES = ROOT / "examples/ci"
SCHEMAS = {
    "action.yml": "vendor.github-actions",
    "examples/ci/github.yml": "vendor.github-workflows",
    "examples/ci/gitlab-ci.yml": "vendor.gitlab-ci",
    "examples/ci/zdm.gitlab-ci.yml": "vendor.gitlab-ci",
}


def valid(schema: str, file: Path) -> "subprocess.CompletedProcess[str]":
    """Ask the schema that the package check-jsonschema brings along."""
    words = ["-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items())
def test_a_file_follows_its_schema(name: str, schema: str) -> None:
    done = valid(schema, ROOT / name)

    assert done.returncode == 0, done.stdout


def test_a_schema_refuses_a_step_without_a_shell(tmp_path: Path) -> None:
    wrong = tmp_path / "action.yml"
    wrong.write_text((ROOT / "action.yml").read_text().replace("shell: bash", "", 1))

    assert valid("vendor.github-actions", wrong).returncode == 1


def test_the_hook_follows_the_schema_of_pre_commit() -> None:
    words = ["-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_hook_reports_what_is_about_to_be_committed(tmp_path: Path) -> None:
    [hook] = steps.load(ROOT / ".pre-commit-hooks.yaml")
    runner = Runner(folder=tmp_path / "runner")
    runner.checkout.rmdir()
    steps.repository(runner.checkout, {})
    (runner.checkout / "migrations/0002.sql").write_text("DROP TABLE users;\n")
    steps.git(runner.checkout, "add", ".")
    (runner.bin / "zdm").symlink_to(steps.ZDM)
    done = runner.run(hook["entry"], {})

    assert done.returncode == 3
    assert "migrations/0002.sql:1:1: error drop-table" in done.stdout


def scripts(found: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every shell script in a file: `run` of a step, `script` of a job."""
    if isinstance(found, list):
        for number, item in enumerate(found):
            yield from scripts(item, f"{place}/{number}")
    if isinstance(found, dict):
        for key, item in found.items():
            if key == "run" and isinstance(item, str):
                yield f"{place}/{key}", item
            elif key in ("script", "before_script"):
                yield f"{place}/{key}", "\n".join(item)
            else:
                yield from scripts(item, f"{place}/{key}")


SCRIPTS = dict(pair for name in SCHEMAS for pair in scripts(steps.load(ROOT / name), name)) | {
    f"{file.name}": file.read_text() for file in sorted(EXAMPLES.glob("*.sh"))
}


def test_the_scripts_are_found() -> None:
    assert len(SCRIPTS) == 14


@pytest.mark.parametrize("place", SCRIPTS)
def test_a_script_is_clean_by_shellcheck(place: str) -> None:
    program = shutil.which("shellcheck")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("shellcheck is not installed")
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(
        [program, "--shell", "bash", "-"],
        input=SCRIPTS[place],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
