"""Pure parts of the process kubelet."""

from pathlib import Path

import pytest

from tests.cluster.kubelet import addresses, environment, images, states
from tests.cluster.kubelet.backoff import BackOff
from tests.cluster.kubelet.environment import ConfigError
from tests.cluster.kubelet.images import Image, PullError
from tests.cluster.kubelet.states import Running, State, Terminated, View, Waiting

DONE, BROKEN = Terminated(0, "Completed", 1, 2), Terminated(3, "Error", 1, 2)
RUNS, WAITS = Running(1), Waiting("ContainerCreating")


def view(state: State, *, last: Terminated | None = None) -> View:
    return View(
        name="main",
        image="shop:v1",
        image_id="",
        state=state,
        last=last,
        restarts=0,
        started=True,
        ready=isinstance(state, Running),
        identity="",
    )


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        pytest.param("a $(X) b", "a 1 b", id="known"),
        pytest.param("$(Y)", "$(Y)", id="unknown stays"),
        pytest.param("$$(X)", "$(X)", id="escaped"),
        pytest.param("$X $", "$X $", id="no reference"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text: str, expanded: str) -> None:
    assert environment.expand(text, {"X": "1"}) == expanded


@pytest.mark.parametrize(
    ("container", "command"),
    [
        pytest.param({}, ["python", "v1.py", "8000"], id="the image's own"),
        pytest.param({"args": ["1"]}, ["python", "v1.py", "1"], id="args"),
        pytest.param({"command": ["sh"]}, ["sh"], id="command drops the image's args"),
        pytest.param({"command": ["sh"], "args": ["$(X)"]}, ["sh", "1"], id="both"),
    ],
)
def test_command_and_args_replace_parts_of_the_image(
    container: dict[str, list[str]], command: list[str]
) -> None:
    found = environment.arguments(container, ("python", "v1.py"), ("8000",), {"X": "1"})

    assert found == command


def test_an_unknown_field_reference_is_a_config_error() -> None:
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {}}

    with pytest.raises(ConfigError, match=r"status\.qosClass"):
        environment.field("status.qosClass", pod, "10.1.0.1")


@pytest.mark.parametrize(
    ("name", "full"),
    [
        pytest.param("shop", "docker.io/library/shop:latest", id="bare"),
        pytest.param("team/shop:v1", "docker.io/team/shop:v1", id="with owner"),
        pytest.param("ghcr.io/team/shop:v1", "ghcr.io/team/shop:v1", id="with host"),
        pytest.param("localhost:5000/shop", "localhost:5000/shop:latest", id="with port"),
    ],
)
def test_image_names_are_made_whole(name: str, full: str) -> None:
    assert images.normal(name) == full


def test_an_image_is_pulled_under_any_spelling_of_its_name(tmp_path: Path) -> None:
    image = Image(entrypoint=("sleep",), command=("1",))
    images.write(tmp_path / "images.json", {"shop:v1": image})

    assert images.pull(tmp_path / "images.json", "docker.io/library/shop:v1", "Always") == image
    with pytest.raises(PullError, match=r"docker\.io/library/shop:v2: not found"):
        images.pull(tmp_path / "images.json", "shop:v2", "Always")


def test_waits_double_up_to_a_limit_and_are_forgotten() -> None:
    wait = BackOff(first=10, most=30)
    seen = []
    for now in (0, 20, 60):
        wait.tried_at(now)
        seen.append(wait.remaining(now, now))
    wait.tried_at(500)

    assert seen == [10, 20, 30]
    assert wait.remaining(500, 505) == 5


@pytest.mark.parametrize(
    ("init", "main", "policy", "phase"),
    [
        pytest.param([], [WAITS], "Always", "Pending", id="not started"),
        pytest.param([BROKEN], [WAITS], "Always", "Pending", id="init will be tried again"),
        pytest.param([BROKEN], [WAITS], "Never", "Failed", id="init has failed"),
        pytest.param([DONE], [RUNS, RUNS], "Always", "Running", id="all run"),
        pytest.param([DONE], [RUNS, WAITS], "Always", "Pending", id="one not started"),
        pytest.param([], [DONE], "Always", "Running", id="will be started again"),
        pytest.param([], [DONE], "OnFailure", "Succeeded", id="done"),
        pytest.param([], [BROKEN], "OnFailure", "Running", id="tried again"),
        pytest.param([], [BROKEN, DONE], "Never", "Failed", id="failed"),
        pytest.param([], [RUNS, BROKEN], "Never", "Running", id="one still runs"),
    ],
)
def test_the_phase_follows_from_the_containers(
    init: list[State], main: list[State], policy: str, phase: str
) -> None:
    assert states.phase([view(s) for s in init], [view(s) for s in main], policy) == phase


@pytest.mark.parametrize(
    ("shown", "contradicts"),
    [
        pytest.param({"Ready": "True"}, False, id="as the kubelet said"),
        pytest.param({"Ready": "True", "PodScheduled": "False"}, False, id="not its own"),
        pytest.param({"Ready": "False"}, True, id="another's word"),
        pytest.param({}, True, id="taken away"),
    ],
)
def test_a_kubelet_sees_what_others_write_into_its_pods_status(
    shown: dict[str, str], contradicts: bool
) -> None:
    known = {"conditions": [{"type": "Ready", "status": "True"}]}
    found = {"conditions": [{"type": k, "status": v} for k, v in shown.items()]}

    assert states.contradicts(found, known) is contradicts


def test_pods_get_addresses_of_their_own() -> None:
    first = addresses.free(20, ())
    second = addresses.free(20, [first])

    assert (first, second) == ("10.20.0.2", "10.20.0.3")
    assert addresses.of_process(second) == "127.20.0.3"
