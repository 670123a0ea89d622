"""action.yml: its steps run as GitHub runs them, with a stand-in for `gh`."""

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.ci import steps
from tests.ci.steps import ROOT, Runner

ACTION = steps.load(ROOT / "action.yml")
STEPS: dict[str, Any] = {
    step.get("name", step.get("uses", "")): step for step in ACTION["runs"]["steps"]
}
SCHEMA = ROOT / "tests/cases/operations/create_table/plain/schema.json"
UNSAFE = {"migrations/0002.sql": "CREATE INDEX users_name ON users (name);\n"}
SAFE = {"migrations/0002.sql": "CREATE TABLE orders (id bigint PRIMARY KEY);\n"}
OLD_COMMENT = 'case "$*" in *--paginate*) printf "77\\n91\\n" ;; esac'
Done = subprocess.CompletedProcess[str]


class Checked(NamedTuple):
    """A machine on which the step *Check* has run."""

    runner: Runner
    done: Done


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The step *Check* on a shallow clone of a branch with an unsafe migration."""
    runner = made(tmp_path_factory.mktemp("unsafe"))
    full = runner.folder / "full"
    steps.repository(full, UNSAFE)
    steps.git(full, "push", "--quiet", "origin", "work")
    origin = f"file://{runner.folder / 'origin'}"
    words = ["clone", "--quiet", "--depth", "1", "--branch", "work"]
    steps.git(runner.folder, *words, origin, str(runner.checkout))
    return Checked(runner, run(runner, "Check"))


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The step *Check* on a safe migration, with a plan."""
    runner = made(tmp_path_factory.mktemp("safe"))
    steps.repository(runner.checkout, SAFE)
    (runner.checkout / "schema.json").write_text(SCHEMA.read_text())
    words = "--no-verify --snapshot schema.json migrations/0002.sql"
    return Checked(runner, run(runner, "Check", plan_arguments=words))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return made(tmp_path)


def made(folder: Path) -> Runner:
    """GitHub's variables, and zdm where the step before installs it."""
    runner = Runner(folder=folder / "runner")
    programs = runner.folder / "temp/zdm/venv/bin"
    programs.mkdir(parents=True)
    (programs / "zdm").symlink_to(steps.ZDM)
    runner.environment = {
        "RUNNER_TEMP": str(runner.folder / "temp"),
        "GITHUB_OUTPUT": str(runner.folder / "output"),
        "GITHUB_STEP_SUMMARY": str(runner.folder / "summary"),
        "GITHUB_BASE_REF": "main",
        "GITHUB_REPOSITORY": "example/shop",
        "GITHUB_ACTION_PATH": str(ROOT),
    }
    return runner


def output(runner: Runner) -> dict[str, str]:
    """What the steps put out."""
    file = runner.folder / "output"
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines)


def run(runner: Runner, name: str, **inputs: str) -> Done:
    """Run one step with the action's inputs."""
    step = STEPS[name]
    outputs = output(runner)
    values = {
        **{f"inputs.{key}": given["default"] for key, given in ACTION["inputs"].items()},
        **{f"inputs.{key.replace('_', '-')}": value for key, value in inputs.items()},
        **{f"steps.check.outputs.{key}": value for key, value in outputs.items()},
        "runner.temp": str(runner.folder / "temp"),
        "github.token": "t0ken",
        "github.event.pull_request.number": "12",
    }
    environment = {
        key: steps.filled(value, values) for key, value in step.get("env", {}).items()
    }
    return runner.run(step["run"], environment)


def comment(runner: Runner, answer: str) -> Done:
    """Run the step *Comment*; the stand-in for `gh` answers so."""
    (runner.folder / "calls").unlink(missing_ok=True)
    runner.stand_in("gh", answer)
    return run(runner, "Comment")


def test_an_unsafe_migration_of_a_shallow_clone_is_annotated(unsafe: Checked) -> None:
    assert unsafe.done.returncode == 0, unsafe.done.stderr
    assert "::error file=migrations/0002.sql,line=1" in unsafe.done.stdout
    assert "0001.sql" not in unsafe.done.stdout


def test_an_unsafe_migration_fails_the_job_at_its_end(unsafe: Checked) -> None:
    assert output(unsafe.runner)["exit-code"] == "3"
    assert run(unsafe.runner, "Result").returncode == 3


def test_the_findings_are_there_as_json_sarif_and_in_the_summary(unsafe: Checked) -> None:
    report = json.loads(Path(output(unsafe.runner)["report"]).read_text())
    sarif = json.loads((unsafe.runner.folder / "temp/zdm/report.sarif").read_text())

    assert report["findings"][0]["rule"] == "index-not-concurrent"
    assert sarif["runs"][0]["results"][0]["ruleId"] == "index-not-concurrent"
    assert (unsafe.runner.folder / "summary").read_text().count("## zdm check") == 1


def test_a_safe_migration_passes_with_its_plan_in_the_summary(safe: Checked) -> None:
    assert (safe.done.returncode, safe.done.stdout) == (0, ""), safe.done.stderr
    assert run(safe.runner, "Result").returncode == 0
    assert "CREATE TABLE orders" in (safe.runner.folder / "summary").read_text()


def test_a_refused_plan_fails_the_job_and_inputs_are_no_shell(runner: Runner) -> None:
    steps.repository(runner.checkout, SAFE)
    words = "--no-verify --snapshot $(touch${IFS}made) migrations/0002.sql"
    run(runner, "Check", plan_arguments=words, paths="migrations\n", since="none")

    assert run(runner, "Result").returncode == 2
    assert not (runner.checkout / "made").exists()


def test_a_pull_request_without_migrations_passes_and_gets_no_comment(runner: Runner) -> None:
    steps.repository(runner.checkout, {"README.md": "hello\n"})
    checked = run(runner, "Check")
    done = comment(runner, "")

    assert (checked.returncode, output(runner)["exit-code"]) == (0, "0"), checked.stderr
    assert done.returncode == 0, done.stderr
    assert [line for line in runner.log if "--method" in line] == []


def test_a_setting_that_cannot_be_used_fails_the_step_with_its_reason(runner: Runner) -> None:
    steps.repository(runner.checkout, UNSAFE)
    checked = run(runner, "Check", since="origin/gone")

    assert checked.returncode == 2
    assert "git does not know it" in checked.stderr


def test_no_script_has_an_expression_in_it() -> None:
    scripts = [step["run"] for step in STEPS.values() if "run" in step]

    assert len(scripts) == 4
    assert not any("${{" in script for script in scripts)


def test_a_first_comment_is_written(unsafe: Checked) -> None:
    done = comment(unsafe.runner, "")

    assert done.returncode == 0, done.stderr
    assert "--method POST repos/example/shop/issues/12/comments" in unsafe.runner.log[-1]
    assert unsafe.runner.sent.startswith("<!-- zdm check -->")


def test_an_old_comment_is_replaced_even_if_nothing_is_found(safe: Checked) -> None:
    done = comment(safe.runner, OLD_COMMENT)

    assert done.returncode == 0, done.stderr
    assert "--method PATCH repos/example/shop/issues/comments/77" in safe.runner.log[-1]


def test_a_plan_is_a_comment_even_if_nothing_is_found(safe: Checked) -> None:
    comment(safe.runner, "")

    assert "--method POST" in safe.runner.log[-1]
    assert "CREATE TABLE orders" in safe.runner.sent


def test_a_comment_that_may_not_be_written_is_a_warning(unsafe: Checked) -> None:
    done = comment(unsafe.runner, "exit 1")

    assert done.returncode == 0
    assert done.stdout.startswith("::warning title=zdm check::")


def test_a_long_comment_is_cut_between_two_findings(unsafe: Checked) -> None:
    file = unsafe.runner.folder / "temp/zdm/comment.md"
    text = file.read_text()
    head, _, finding = text.partition("\n\n- **")
    file.write_text(head + f"\n\n- **{finding.rstrip()}" * 400 + "\n")
    done = comment(unsafe.runner, "")
    file.write_text(text)

    assert done.returncode == 0, done.stderr
    assert 60_000 < len(unsafe.runner.sent) <= 65_000
    assert unsafe.runner.sent.endswith("```\n\nThe rest is in the summary of the run.\n")
