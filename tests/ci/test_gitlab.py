"""The template for GitLab runs as a job of a merge request."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from tests.ci import steps
from tests.ci.steps import ROOT, Runner

TEMPLATE = steps.load(ROOT / "examples/ci/zdm.gitlab-ci.yml")[".zdm-check"]


class Ran(NamedTuple):
    """A job that has run."""

    runner: Runner
    done: "subprocess.CompletedProcess[str]"


def ran(folder: Path, sql: str) -> Ran:
    runner = Runner(folder=folder / "runner")
    runner.checkout.rmdir()
    steps.repository(runner.checkout, {"migrations/0002.sql": sql})
    programs = runner.checkout / ".zdm-venv/bin"
    programs.mkdir(parents=True)
    (programs / "zdm").symlink_to(steps.ZDM)
    runner.environment = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    script = "\n".join(TEMPLATE["script"])
    return Ran(runner, runner.run(script, TEMPLATE["variables"]))


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(tmp_path_factory.mktemp("gitlab"), "CREATE INDEX users_name ON users (name);\n")


def test_an_unsafe_migration_fails_the_job_and_is_printed(unsafe: Ran) -> None:
    assert unsafe.done.returncode == 3, unsafe.done.stderr
    assert "migrations/0002.sql:1:1: error index-not-concurrent" in unsafe.done.stdout


def test_the_reports_that_the_job_keeps_are_there(unsafe: Ran) -> None:
    reports = TEMPLATE["artifacts"]["reports"]
    quality = json.loads((unsafe.runner.checkout / reports["codequality"]).read_text())
    suite = ET.parse(unsafe.runner.checkout / reports["junit"]).getroot()[0]

    assert quality[0]["check_name"] == "index-not-concurrent"
    assert int(suite.get("failures", "0")) > 0


def test_a_safe_migration_passes(tmp_path: Path) -> None:
    done = ran(tmp_path, "CREATE TABLE orders (id bigint PRIMARY KEY);\n").done

    assert done.returncode == 0, done.stderr
