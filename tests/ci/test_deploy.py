"""examples/ci/deploy.sh: every new plan becomes a Job, one after the other."""

from pathlib import Path

import pytest

from tests.ci import steps
from tests.ci.steps import ROOT, Runner

SCRIPT = (ROOT / "examples/ci/deploy.sh").read_text()
PLAN = (ROOT / "plans/0007_drop_email.yaml").read_text()
SETTINGS = (ROOT / "examples/kubernetes/zdm.toml").read_text()
# what is applied is named by the Job in the file; the Job runs when asked first, then ends
KUBECTL = """
name="$(sed -n 's/^  name: \\(zdm-0007-[a-z-]*\\).*/\\1/p' job.yaml | tail -n 1)"
case "$*" in
  apply*) grep -q 'kind: Job' job.yaml && echo "shop job/$name" ;;
  *" get "*) if [ -e asked ]; then echo {state}; else touch asked; fi ;;
esac
"""


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    made = Runner(folder=tmp_path / "runner")
    made.checkout.rmdir()
    steps.repository(made.checkout, {"zdm.toml": SETTINGS})
    made.environment = {"ZDM_IMAGE": "registry.example/zdm@sha256:0", "INTERVAL": "0.01"}
    (made.bin / "zdm").symlink_to(steps.ZDM)
    return made


def deploy(runner: Runner, since: str, state: str) -> steps.Done:
    runner.stand_in("kubectl", KUBECTL.format(state=state))
    script = runner.folder / "deploy.sh"
    script.write_text(SCRIPT)
    return runner.run(f'exec bash "{script}" {since}', {})


def add_plan(runner: Runner) -> None:
    (runner.checkout / "plans").mkdir()
    (runner.checkout / "plans/0007_drop_email.yaml").write_text(PLAN)
    steps.git(runner.checkout, "add", ".")
    steps.git(runner.checkout, "commit", "--quiet", "--message", "plan")


def test_a_new_plan_is_applied_and_waited_for(runner: Runner) -> None:
    add_plan(runner)
    done = deploy(runner, "HEAD^", "Complete")

    assert done.returncode == 0, done.stderr
    assert "plans/0007_drop_email.yaml runs as job/zdm-0007-drop-email-" in done.stdout
    assert [line.split()[1:4] for line in runner.log if " get " in line] == [
        ["--namespace", "shop", "get"]
    ] * 2


def test_a_job_that_fails_fails_the_deployment(runner: Runner) -> None:
    add_plan(runner)
    done = deploy(runner, "HEAD^", "Failed")

    assert done.returncode == 1
    assert "job/zdm-0007-drop-email-" in done.stderr


def test_without_a_new_plan_nothing_is_applied(runner: Runner) -> None:
    done = deploy(runner, "HEAD^", "Complete")

    assert (done.returncode, runner.log) == (0, [])


def test_a_commit_that_is_not_there_is_an_error(runner: Runner) -> None:
    done = deploy(runner, "0" * 40, "Complete")

    assert done.returncode == 2
    assert "fetch the whole history" in done.stderr
