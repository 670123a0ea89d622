"""The tests' cluster for a person: `make cluster-up`, `make cluster-down`.

`up` leaves a process behind that holds the cluster; `down` ends it, and so does its death.

    python -m tests.cluster up | down | hold
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from tests.cluster.controlplane import cluster, programs
from tests.cluster.controlplane.cluster import REPOSITORY, ClusterFailed
from tests.cluster.controlplane.programs import MissingPrograms
from tests.cluster.workloads import registry
from zdm.postgres.server.programs import cache_directory

START_SECONDS = 180.0
STOP_SECONDS = 30.0


def folder() -> Path:
    """The folder of a person's cluster; there is one at a time."""
    return cache_directory() / "cluster" / "up"


def holder() -> psutil.Process | None:
    """The process that holds it."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int((folder() / "holder.pid").read_text()))
        if process.cmdline()[-2:] == ["tests.cluster", "hold"]:
            return process
    return None


def up() -> str:
    """Start it unless it runs, and say how to use it."""
    found = programs.find()  # builds the control plane, in sight
    if holder() is None:
        shutil.rmtree(folder(), ignore_errors=True)
        folder().mkdir(parents=True, mode=0o700)
        with (folder() / "holder.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.cluster", "hold"],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _await_start(process)
    images = ", ".join(registry.everything())
    return (
        f"export KUBECONFIG={folder() / 'kubeconfig'}\n"
        f"# kubectl: {found.kubectl}; images: {images}; end it with `make cluster-down`\n"
    )


def _await_start(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (folder() / "ready").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            process.wait(STOP_SECONDS)
            said = ""
            with contextlib.suppress(OSError):  # the reaper deletes the folder
                said = (folder() / "holder.log").read_text()
            raise ClusterFailed(f"the cluster did not start: {said.strip()[-500:]}")
        time.sleep(0.1)


def down() -> str:
    """End it and everything that runs in it."""
    process = holder()
    if process is None:
        return "no cluster runs\n"
    process.terminate()
    process.wait(STOP_SECONDS)
    return "the cluster is gone\n"


def hold() -> None:
    """Be the process that holds it, until SIGTERM."""
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    (folder() / "holder.pid").write_text(str(os.getpid()))
    made = cluster.make(programs.find(), folder=folder())
    try:
        for name, image in registry.everything().items():
            made.allow(name, image)
        made.start()
        (folder() / "ready").touch()
        ending.wait()
    finally:
        made.stop()


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case ["up"]:
                sys.stdout.write(up())
            case ["down"]:
                sys.stdout.write(down())
            case ["hold"]:
                hold()
            case _:
                sys.exit("usage: python -m tests.cluster up | down")
    except (MissingPrograms, ClusterFailed) as error:
        sys.exit(str(error))
