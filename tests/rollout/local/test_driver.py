"""The driver `local` with real processes: what goes wrong, and what it says then."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from tests.rollout.conftest import V1, V2, Make
from zdm.errors import InputError
from zdm.model.release import (
    InstanceState,
    RolloutComplete,
    RolloutFailed,
    RolloutProgress,
    Version,
)
from zdm.rollout.local import processes, state
from zdm.rollout.local.driver import Local

READY, TERMINATING = InstanceState.READY, InstanceState.TERMINATING


def supervisor(driver: Local) -> psutil.Process:
    """The process that supervises the driver's folder."""
    for process in psutil.process_iter():
        try:
            if process.cmdline()[-2:] == [
                "zdm.rollout.local.supervisor",
                str(driver.directory),
            ]:
                return process
        except psutil.Error:
            continue
    raise AssertionError("no supervisor runs")


def test_a_new_version_replaces_the_old_one_by_one(make: Make) -> None:
    shop = make(replicas=2)
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    fewest = 2

    shop.driver.deploy(V2)
    while not isinstance(shop.driver.observe(V2).status, RolloutComplete):
        ready = len(shop.driver.ready_ports())
        fewest = min(fewest, ready)
    shop.until(lambda: not shop.live(V1))

    assert fewest == 2
    assert shop.states(V2) == [READY, READY]


def test_asking_twice_changes_nothing(make: Make) -> None:
    shop = make()
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    before = shop.driver.observe(V2).instances

    shop.driver.deploy(V1)

    assert shop.driver.observe(V1).status == RolloutComplete()
    assert shop.driver.observe(V2).instances == before


def test_the_platform_is_done_while_a_slow_drain_keeps_the_old_version(make: Make) -> None:
    shop = make("v1:slow_drain", grace=60)
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)

    shop.driver.deploy(V2)
    shop.until_status(V2, RolloutComplete)
    draining = shop.live(V1)

    assert [i.state for i in draining] == [TERMINATING]
    assert draining[0].eta is not None
    shop.go_on.touch()
    shop.until(lambda: not shop.live(V1))


def test_a_process_without_its_socket_is_still_there(make: Make) -> None:
    shop = make("v1:lingers", grace=60)
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    port = shop.driver.ready_ports()[0]

    shop.driver.deploy(V2)
    shop.until(lambda: not processes.is_listened(port))

    assert shop.states(V1) == [TERMINATING]
    shop.go_on.touch()
    shop.until(lambda: not shop.live(V1))


def test_a_child_keeps_its_instance_alive_until_the_grace_time_is_over(make: Make) -> None:
    shop = make("v1:child", grace=3)
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    leader, child = (m.process for m in processes.marked(shop.driver.directory))

    shop.driver.deploy(V2)
    shop.until(lambda: not processes.is_alive(leader))

    assert processes.is_alive(child)
    assert shop.states(V1) == [TERMINATING]
    shop.until(lambda: not shop.live(V1))
    shop.until(lambda: not processes.is_alive(child))  # it has died, and is being taken down


def test_what_ignores_sigterm_is_killed_after_the_grace_time(make: Make) -> None:
    shop = make("v1:ignores_sigterm", grace=2)
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)

    shop.driver.deploy(V2)
    shop.until(lambda: TERMINATING in shop.states(V1))
    shop.until(lambda: not shop.live(V1))

    assert shop.driver.observe(V2).status == RolloutComplete()


def test_a_socket_that_outlives_its_process_keeps_the_instance(make: Make) -> None:
    shop = make()
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    [port] = shop.driver.ready_ports()
    leader = processes.marked(shop.driver.directory)[0].process

    with socket.socket() as foreign:  # as if it had been handed to another process
        supervisor(shop.driver).kill()
        os.kill(leader.pid, signal.SIGKILL)
        shop.until(lambda: not processes.is_alive(leader))
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        foreign.bind(("127.0.0.1", port))
        foreign.listen()

        assert len(shop.live(V1)) == 1
    assert shop.live(V1) == []


def test_an_instance_that_misses_one_probe_is_still_ready(make: Make) -> None:
    """As on a machine that stands still for a moment; in three probes in a row, it is not."""
    shop = make("stutters")
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    [port] = shop.driver.ready_ports()
    seen: set[tuple[InstanceState, ...]] = set()

    def is_asked_again() -> bool:
        seen.add(tuple(shop.states(V1)))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/asked") as answer:
            return int(answer.headers["Asked"]) > 5

    shop.until(is_asked_again)

    assert seen == {(READY,)}


def test_a_version_that_never_gets_ready_fails_and_the_old_one_stays(make: Make) -> None:
    shop = make("v2:never_ready")
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    shop.wait_no_longer_than(3)

    shop.driver.deploy(V2)
    failed = shop.until_status(V2, RolloutFailed)
    shop.until(lambda: not shop.live(V2))

    assert failed == RolloutFailed(
        reason="shop-2 (v2) is not ready after 3s: /ready answers 503"
    )
    assert shop.states(V1) == [READY]


def test_a_crash_loop_fails_with_the_last_output(make: Make) -> None:
    shop = make("v2:crash")
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)

    shop.driver.deploy(V2)
    failed = shop.until_status(V2, RolloutFailed)

    assert failed == RolloutFailed(
        reason="shop-5 (v2) exited with code 1, as others did;"
        " its last output: no table users here"
    )
    assert shop.states(V1) == [READY]


def test_after_a_failure_the_supervisor_could_start_both_versions(make: Make) -> None:
    shop = make("v2:never_ready")
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    shop.wait_no_longer_than(1)
    alone = {s.version for s in shop.driver.observe(V2).spawners}

    shop.driver.deploy(V2)
    shop.until_status(V2, RolloutFailed)

    assert alone == {V1}
    assert {s.version for s in shop.driver.observe(V2).spawners} == {V1, V2}


def test_a_rollback_brings_the_old_version_back(make: Make) -> None:
    shop = make("v2:never_ready")
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    shop.wait_no_longer_than(1)
    shop.driver.deploy(V2)
    shop.until_status(V2, RolloutFailed)

    shop.driver.rollback(V1)
    shop.until_status(V1, RolloutComplete)

    assert {s.version for s in shop.driver.observe(V2).spawners} == {V1}
    assert isinstance(shop.driver.observe(V2).status, RolloutFailed)


def test_a_failed_rollout_is_tried_again_when_asked_again(make: Make, tmp_path: Path) -> None:
    shop = make()
    program = tmp_path / "program"
    broken = replace(shop.driver.workload, command=(str(program), "{port}", "{version}", ""))
    driver = Local(workload=broken)
    driver.deploy(V1)
    shop.until(lambda: isinstance(driver.observe(V1).status, RolloutFailed))

    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} {shop.driver.workload.command[1]} "$@"'
    )
    program.chmod(0o755)
    driver.deploy(V1)

    shop.until(lambda: isinstance(driver.observe(V1).status, RolloutComplete))


def test_an_instance_that_dies_is_started_again(make: Make) -> None:
    shop = make()
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    first = shop.live(V1)[0]

    os.kill(processes.marked(shop.driver.directory)[0].process.pid, signal.SIGKILL)
    shop.until(lambda: first.id not in [i.id for i in shop.live(V1)])
    shop.until_status(V1, RolloutComplete)

    assert shop.states(V1) == [READY]


def test_a_killed_supervisor_is_replaced_and_its_processes_are_adopted(make: Make) -> None:
    shop = make("v1:slow_drain", replicas=2, grace=60)
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    before = {m.process.pid for m in processes.marked(shop.driver.directory)}
    supervisor(shop.driver).kill()
    shop.until(lambda: not shop.driver.is_supervised())

    shop.until_status(V1, RolloutComplete)
    after = {m.process.pid for m in processes.marked(shop.driver.directory)}
    shop.driver.deploy(V2)
    shop.until_status(V2, RolloutComplete)
    shop.go_on.touch()
    shop.until(lambda: not shop.live(V1))

    assert after == before
    assert shop.states(V2) == [READY, READY]


def test_a_process_that_no_file_tells_of_is_seen_and_adopted(make: Make) -> None:
    shop = make()
    shop.driver.deploy(V1)
    shop.until_status(V1, RolloutComplete)
    process = processes.marked(shop.driver.directory)[0].process
    supervisor(shop.driver).kill()
    shop.until(lambda: not shop.driver.is_supervised())
    (shop.driver.directory / state.STATE).unlink()

    unnoted = shop.driver.observe(V2).instances
    shop.until_status(V1, RolloutComplete)

    assert [(i.version, i.state) for i in unnoted] == [(V1, InstanceState.UNKNOWN)]
    assert [m.process for m in processes.marked(shop.driver.directory)] == [process]


def test_the_application_outlives_the_zdm_that_started_it(make: Make) -> None:
    shop = make()
    shop.driver.deploy(V1)
    script = (
        "import os, signal, sys, pathlib; from zdm.rollout.local.driver import Local;"
        "from zdm.rollout.local import state; from zdm.model.release import Version;"
        f"w = state.read_wish(pathlib.Path({str(shop.driver.directory)!r})).workload;"
        "Local(workload=w).deploy(Version('v2')); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)

    assert killed.returncode == -signal.SIGKILL
    shop.until_status(V2, RolloutComplete)


def test_everything_stops_with_its_owner(make: Make) -> None:
    shop = make()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as owner:
        identity = processes.identity(owner.pid)
        Local(workload=shop.driver.workload, owner=identity).deploy(V1)
        shop.until_status(V1, RolloutComplete)
        owner.kill()
    shop.until(lambda: not shop.driver.directory.exists())

    assert shop.driver.observe(V2).instances == ()


def test_somebody_elses_rollout_is_told_apart(make: Make) -> None:
    shop = make()
    shop.driver.deploy(V1)
    shop.driver.deploy(V2)

    assert shop.driver.observe(V1).status == RolloutFailed(
        reason="v2 was requested instead of v1"
    )


def test_a_rollback_by_somebody_else_leaves_a_template_that_is_not_ours(make: Make) -> None:
    shop = make()
    shop.driver.deploy(V2)
    shop.until_status(V2, RolloutComplete)
    Local(workload=shop.driver.workload).rollback(V1)

    assert [s.version for s in shop.driver.observe(V2).spawners] == [V1]


def test_progress_says_what_is_missing(make: Make) -> None:
    shop = make("never_ready", replicas=2)
    shop.driver.deploy(V1)
    shop.until(lambda: len(shop.driver.observe(V2).instances) == 2)

    assert shop.driver.observe(V1).status == RolloutProgress(
        waiting_for="0 of 2 instances of v1 are ready"
    )


def test_a_program_that_does_not_exist_fails_the_rollout(make: Make) -> None:
    shop = make()
    driver = Local(workload=replace(shop.driver.workload, command=("/no/such/program",)))
    driver.deploy(V1)
    shop.until(lambda: isinstance(driver.observe(V1).status, RolloutFailed))

    assert driver.observe(V1).status == RolloutFailed(
        reason="shop-1 (v1) cannot be started:"
        " [Errno 2] No such file or directory: '/no/such/program'"
    )


def test_nothing_was_deployed_yet(make: Make) -> None:
    shop = make()

    assert shop.driver.observe(V1).status == RolloutFailed(reason="v1 was never requested")
    assert shop.driver.observe(V2).instances == ()
    assert shop.driver.observe(V2).spawners == ()


@pytest.mark.parametrize("text", ["{", "[]", '{"members": [1]}', "[" * 100_000, "1" * 5_000])
def test_a_damaged_state_file_is_an_input_error(make: Make, text: str) -> None:
    shop = make()
    state.make_directory(shop.driver.directory)
    (shop.driver.directory / state.STATE).write_text(text)

    with pytest.raises(
        InputError, match="cannot be read, so the local processes are not known"
    ):
        shop.driver.observe(V2)
    (shop.driver.directory / state.STATE).unlink()


def test_every_process_is_named_after_its_version(make: Make) -> None:
    shop = make()
    shop.driver.deploy(Version("2026-11"))
    shop.until_status(Version("2026-11"), RolloutComplete)
    [port] = shop.driver.ready_ports()

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready") as answer:
        assert answer.read() == b"zdm-app:2026-11/shop/shop-1"


def test_a_name_that_postgresql_would_cut_keeps_its_version() -> None:
    name = processes.application_name("v2", "s" * 60, "s-1")

    assert name == "zdm-app:v2/" + "s" * 52
