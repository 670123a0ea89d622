"""Containers of the process kubelet: what real controllers and clients are shown."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.conftest import Space
from tests.cluster.controlplane.api import Json
from tests.cluster.kubelet import mounts
from tests.cluster.workloads import objects

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("cluster")]

FOREVER = "import time; time.sleep(600)"
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def container(pod: Json, index: int = 0) -> Json:
    found: Json = pod["status"]["containerStatuses"][index]
    return found


def only_pod(space: Space, app: str) -> Json:
    pods = space.pods(app=app)
    return pods[0] if pods else {"status": {}}


def waiting(pod: Json) -> str:
    """The reason why the pod's container is waiting."""
    states = [item["state"] for item in pod["status"].get("containerStatuses", [])]
    return "".join(state.get("waiting", {}).get("reason", "") for state in states)


def test_a_crash_loop_waits_longer_and_longer(space: Space) -> None:
    crash = objects.python("import sys; print('no database'); sys.exit(3)")
    space.create(objects.deployment("crash", crash))

    seen: list[Json] = []

    def looping() -> bool:
        pod = only_pod(space, "crash")
        seen.append(pod)
        return waiting(pod) == "CrashLoopBackOff" and container(pod)["restartCount"] >= 3

    space.until(looping, "a crash loop with three restarts")
    status = container(seen[-1])
    back_off = 2 ** (status["restartCount"] - 1)

    last = status["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    said = status["state"]["waiting"]["message"]
    assert said.startswith(f"back-off {back_off}s restarting failed container=main pod=crash-")
    assert status["ready"] is False
    name = only_pod(space, "crash")["metadata"]["name"]
    assert space.kubectl("logs", name) == "no database\n"
    assert space.kubectl("logs", name, "--previous") == "no database\n"


@pytest.mark.parametrize(
    ("image", "policy", "reason"),
    [
        pytest.param("shop:v404", "IfNotPresent", "ImagePullBackOff", id="unknown tag"),
        pytest.param("Shop:v1", "IfNotPresent", "InvalidImageName", id="not a name"),
        pytest.param("shop:v404", "Never", "ErrImageNeverPull", id="never pulled"),
    ],
)
def test_an_image_that_cannot_be_had_is_reported(
    space: Space, image: str, policy: str, reason: str
) -> None:
    item = {"name": "main", "image": image, "imagePullPolicy": policy}
    space.create(objects.deployment("bad", item))

    space.until(lambda: waiting(only_pod(space, "bad")) == reason, reason)

    assert only_pod(space, "bad")["status"]["phase"] == "Pending"
    assert "READY" in space.kubectl("get", "pods")


def condition(pod: Json, kind: str) -> str:
    found = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
    return str(found.get(kind, ""))


def test_a_pod_that_the_node_controller_calls_unready_is_ready_again(space: Space) -> None:
    space.create(objects.deployment("web", objects.python(FOREVER)))
    space.until(lambda: condition(only_pod(space, "web"), "Ready") == "True", "readiness")
    path = space.path("Pod", only_pod(space, "web")["metadata"]["name"])
    unready = {"conditions": [{"type": "Ready", "status": "False"}]}

    answer = space.cluster.api.patch(f"{path}/status", {"status": unready})

    assert condition(answer, "Ready") == "False"
    space.until(lambda: condition(only_pod(space, "web"), "Ready") == "True", "readiness")


def test_a_missing_secret_is_a_config_error_until_it_is_there(space: Space) -> None:
    source = {"secretKeyRef": {"name": "late", "key": "word"}}
    item = objects.python(FOREVER, env=[{"name": "WORD", "valueFrom": source}])
    space.create(objects.pod("waits", item))

    def says(reason: str) -> Callable[[], bool]:
        return lambda: waiting(only_pod(space, "waits")) == reason

    space.until(says("CreateContainerConfigError"), "a config error")
    message = container(only_pod(space, "waits"))["state"]["waiting"]["message"]
    space.create(objects.secret("late", word="here"))
    space.until(lambda: only_pod(space, "waits")["status"]["phase"] == "Running", "running")

    assert message == 'secret "late" not found'


def test_environment_comes_from_everywhere(space: Space) -> None:
    space.create(objects.secret("keys", USER="ada", PASSWORD="secret"))
    config = {"kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {"MODE": "fast"}}
    space.create(config)
    item = objects.python(
        SHOW,
        envFrom=[{"secretRef": {"name": "keys"}}, {"configMapRef": {"name": "conf"}}],
        env=[
            {"name": "MODE", "value": "slow"},
            {"name": "URL", "value": "pg://$(USER)@db/$(NOTHING)$$(USER)"},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
    )
    space.create(objects.pod("env", item))
    pod = space.finished("env")

    seen = json.loads(space.log(pod))
    assert {key: seen[key] for key in ("USER", "PASSWORD", "MODE", "URL", "NAME")} == {
        "USER": "ada",
        "PASSWORD": "secret",
        "MODE": "slow",
        "URL": "pg://ada@db/$(NOTHING)$(USER)",
        "NAME": "env",
    }
    assert seen["IP"] == seen["POD_IP"]
    assert seen["IP"].removeprefix("127.") == pod["status"]["podIP"].removeprefix("10.")


def test_init_containers_run_one_after_the_other_before_the_others(space: Space) -> None:
    path = "import os; path = os.environ['ZDM_POD_ROOT'] + '/run/shared/log'\n"
    mount = [{"name": "shared", "mountPath": "/run/shared"}]
    inits = [
        objects.python(path + f"open(path, 'a').write('{name}')", name=name, volumeMounts=mount)
        for name in ("first", "second")
    ]
    item = objects.python(path + "print(open(path).read())", volumeMounts=mount)
    volumes = [{"name": "shared", "emptyDir": {}}]
    space.create(objects.pod("inits", item, initContainers=inits, volumes=volumes))

    pod = space.finished("inits")

    assert space.log(pod) == "firstsecond\n"
    assert pod["status"]["phase"] == "Succeeded"


@pytest.mark.skipif(not mounts.allowed(), reason="this user may not mount")
def test_volumes_are_where_the_container_wants_them_and_the_rest_is_read_only(
    space: Space,
) -> None:
    space.create(
        {"kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {"a.toml": "x = 1"}}
    )
    script = "cat a.toml; touch /scratch/mine && echo ' mine'; touch /etc/zdm/x /usr/x"
    item = {
        "name": "main",
        "image": "python:3",
        "command": ["sh", "-c", script],
        "workingDir": "/etc/zdm",
        "securityContext": {"readOnlyRootFilesystem": True},
        "volumeMounts": [
            {"name": "conf", "mountPath": "/etc/zdm", "readOnly": True},
            {"name": "scratch", "mountPath": "/scratch"},
        ],
    }
    volumes = [
        {"name": "conf", "configMap": {"name": "conf"}},
        {"name": "scratch", "emptyDir": {}},
    ]
    space.create(objects.pod("files", item, volumes=volumes))

    said = space.log(space.finished("files"))

    assert said.startswith("x = 1 mine\n")
    assert said.count("Read-only file system") == 2
    assert not Path("/etc/zdm").exists()
    assert not Path("/scratch").exists()


def test_a_failing_init_container_keeps_the_others_from_starting(space: Space) -> None:
    init = objects.python("import sys; sys.exit(3)", name="guard")
    shop = objects.deployment("kept", objects.python(FOREVER), initContainers=[init])
    space.create(shop)

    def looping() -> bool:
        status = only_pod(space, "kept")["status"].get("initContainerStatuses", [])
        states = [item["state"].get("waiting", {}) for item in status]
        return any(state.get("reason") == "CrashLoopBackOff" for state in states)

    space.until(looping, "a crash loop of the init container")

    status = only_pod(space, "kept")["status"]
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    # between two looks it starts again; each pause is longer than the one before
    space.until(
        lambda: "Init:CrashLoopBackOff" in space.kubectl("get", "pods"), "what kubectl calls it"
    )


def test_a_failed_liveness_probe_restarts_the_container(space: Space) -> None:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
    item = objects.python(FOREVER, livenessProbe=probe)
    more = {"terminationGracePeriodSeconds": 5}
    space.create(objects.deployment("sick", item, **more))

    def restarted() -> bool:
        status = only_pod(space, "sick")["status"].get("containerStatuses")
        return bool(status) and status[0]["restartCount"] >= 1

    space.until(restarted, "a restart")

    last = container(only_pod(space, "sick"))["lastState"]["terminated"]
    assert last["exitCode"] == 128 + 15


def test_a_startup_probe_holds_readiness_back(space: Space) -> None:
    flag = "$ZDM_POD_ROOT/run/flag/there"
    probe = {"exec": {"command": ["sh", "-c", f"test -e {flag}"]}, "periodSeconds": 1}
    item = objects.python(
        FOREVER,
        startupProbe={**probe, "failureThreshold": 60},
        volumeMounts=[{"name": "flag", "mountPath": "/run/flag"}],
    )
    space.create(objects.pod("slow", item, volumes=[{"name": "flag", "emptyDir": {}}]))
    space.until(lambda: only_pod(space, "slow")["status"]["phase"] == "Running", "running")
    before = container(only_pod(space, "slow"))

    folder = space.cluster.folder / "pods" / str(only_pod(space, "slow")["metadata"]["uid"])
    (folder / "volumes/flag/there").touch()
    space.until(lambda: bool(container(only_pod(space, "slow"))["ready"]), "readiness")

    assert (before["started"], before["ready"]) == (False, False)
    assert container(only_pod(space, "slow"))["started"] is True


def test_logs_are_followed_to_the_end(space: Space) -> None:
    count = "import time\nfor n in range(5): print(n, flush=True); time.sleep(0.4)"
    space.create(objects.pod("counts", objects.python(count)))
    space.until(lambda: only_pod(space, "counts")["status"]["phase"] != "Pending", "a start")

    followed = space.kubectl("logs", "--follow", "counts")

    assert followed == "0\n1\n2\n3\n4\n"
    assert space.kubectl("logs", "--tail=2", "counts") == "3\n4\n"


def test_an_unknown_program_is_a_start_error(space: Space) -> None:
    item = {"name": "main", "image": "python:3", "command": ["no-such-program"]}
    space.create(objects.pod("lost", item))

    ended = container(space.finished("lost"))["state"]["terminated"]

    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert "executable file not found" in ended["message"]


def test_what_is_not_modelled_fails_aloud(space: Space) -> None:
    sidecar = objects.python(FOREVER, name="sidecar", restartPolicy="Always")
    space.create(objects.pod("modern", objects.python(SHOW), initContainers=[sidecar]))

    assert space.finished("modern")["status"]["reason"] == "NotModelled"
