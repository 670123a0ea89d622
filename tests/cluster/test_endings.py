"""How pods end: preStop, SIGTERM, grace time, SIGKILL, exit codes, Jobs, lost nodes."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.cluster.conftest import Space
from tests.cluster.controlplane.api import Json
from tests.cluster.controlplane.programs import Programs
from tests.cluster.controlplane.reaper import MARK, marked
from tests.cluster.workloads import objects

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

FOREVER = "import time; time.sleep(600)"


def stubborn(path: Path) -> str:
    """A program that only notes SIGTERM, in a file that outlives the pod's folder."""
    return f"""
import pathlib, signal, time
signal.signal(signal.SIGTERM, lambda *_: pathlib.Path({str(path)!r}).open("a").write("TERM "))
print("ready", flush=True)
while True: time.sleep(1)
"""


def start(space: Space, name: str, item: Json, grace: int) -> None:
    more = {"terminationGracePeriodSeconds": grace}
    space.create(objects.pod(name, item, **more))
    space.until(
        lambda: space.get("Pod", name)["status"].get("phase") == "Running", f"running {name}"
    )


def await_handler(space: Space, name: str) -> None:
    pod = space.get("Pod", name)
    space.until(lambda: space.log(pod) == "ready\n", "a program that minds SIGTERM")


def until_none_is_left(space: Space, name: str) -> None:
    """What was killed ends when its turn comes; by itself it would go on for much longer."""
    space.until(lambda: not list(marked("HOSTNAME", name)), f"the end of {name}'s processes")


def test_a_pod_gets_pre_stop_then_term_then_kill(space: Space, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    hook = ["sh", "-c", f"printf 'HOOK ' >> {noted}"]
    item = objects.python(stubborn(noted), lifecycle={"preStop": {"exec": {"command": hook}}})
    start(space, "stubborn", item, grace=4)
    await_handler(space, "stubborn")

    began = time.monotonic()
    space.kubectl("delete", "pod", "stubborn", "--wait")
    took = time.monotonic() - began

    assert noted.read_text() == "HOOK TERM "
    assert took >= 4
    until_none_is_left(space, "stubborn")


def test_a_deletion_by_force_kills_what_has_no_object_any_more(
    space: Space, tmp_path: Path
) -> None:
    start(space, "forced", objects.python(stubborn(tmp_path / "noted")), grace=600)
    await_handler(space, "forced")

    space.kubectl("delete", "pod", "forced", "--force", "--grace-period=0")

    until_none_is_left(space, "forced")


def test_children_of_a_program_that_ends_are_killed(space: Space) -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)"
    space.create(objects.pod("parent", objects.python(code)))

    space.finished("parent")

    until_none_is_left(space, "parent")


def test_a_job_fails_at_once_for_the_exit_code_that_its_policy_names(space: Space) -> None:
    policy = {
        "rules": [
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}},
        ]
    }
    item = objects.python("import sys; sys.exit(3)")
    space.create(objects.job("refused", item, podFailurePolicy=policy, backoffLimit=4))

    space.kubectl("wait", "--for=condition=Failed", "job/refused", "--timeout=60s")
    status = space.get("Job", "refused")["status"]

    failed = next(c for c in status["conditions"] if c["type"] == "Failed")
    assert failed["reason"] == "PodFailurePolicy"
    assert "exit code 3" in failed["message"]
    assert status["failed"] == 1


def test_a_job_whose_pod_is_deleted_finishes_with_another(space: Space, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    code = f"import pathlib, time\nwhile not pathlib.Path('{flag}').exists(): time.sleep(0.1)"
    space.create(objects.job("again", objects.python(code), backoffLimit=4))
    space.until(lambda: len(space.pods(**{"job-name": "again"})) == 1, "the Job's first pod")
    first = space.pods(**{"job-name": "again"})[0]["metadata"]["name"]

    space.kubectl("delete", "pod", first, "--wait")
    flag.touch()
    space.kubectl("wait", "--for=condition=Complete", "job/again", "--timeout=60s")

    names = {pod["metadata"]["name"] for pod in space.pods(**{"job-name": "again"})}
    assert first not in names


def test_a_pod_on_a_lost_node_stays_while_its_process_runs_on(space: Space) -> None:
    start(space, "lost", objects.python(FOREVER), grace=1)

    space.cluster.stop_kubelet()
    try:
        space.kubectl("delete", "pod", "lost", "--wait=false")
        time.sleep(3)
        found = space.get("Pod", "lost")
        processes = list(marked("HOSTNAME", "lost"))
    finally:
        space.cluster.start_kubelet()
    space.until(lambda: not space.pods(app="lost"), "the end of the pod")

    assert "deletionTimestamp" in found["metadata"]
    assert found["status"]["phase"] == "Running"
    assert len(processes) == 1


ORPHAN = """
import sys, time
from tests.cluster.controlplane import cluster, programs
from tests.cluster.workloads import objects, registry
with cluster.running(programs.find(), registry.everything()) as running:
    pods = "/api/v1/namespaces/default/pods"
    orphan = objects.python("import time; time.sleep(600)")
    running.api.post(pods, objects.pod("orphan", orphan))
    state = lambda: running.api.get(pods + "/orphan")["status"]["phase"]
    running.until(lambda: state() == "Running", "a running pod")
    print(running.folder, flush=True)
    time.sleep(600)
"""


def test_a_killed_test_leaves_no_process(cluster_programs: Programs) -> None:
    assert cluster_programs.controlplane.exists()
    command = [sys.executable, "-c", ORPHAN]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        folder = process.stdout.readline().strip()
    before = [psutil.Process(pid).name() for pid in marked(MARK, folder)]

    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while (Path(folder).exists() or list(marked(MARK, folder))) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert len(before) >= 6  # etcd, three parts, the kubelet, the pod
    assert list(marked(MARK, folder)) == []
    assert not Path(folder).exists()


def test_a_pod_past_its_deadline_has_failed(space: Space) -> None:
    space.create(objects.pod("late", objects.python(FOREVER), activeDeadlineSeconds=1))

    status = space.finished("late")["status"]

    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    until_none_is_left(space, "late")
