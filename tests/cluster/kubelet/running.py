"""One started program of a container: its process, its probes and its end."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.controlplane.api import Json
from tests.cluster.controlplane.reaper import marked
from tests.cluster.kubelet import checks, mounts
from tests.cluster.kubelet.checks import Target
from tests.cluster.kubelet.context import CONTAINER
from tests.cluster.kubelet.mounts import Files
from tests.cluster.kubelet.probes import Probes, Report

LEAST_GRACE = 2.0  # seconds that SIGTERM gets where preStop has used the grace time up


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is started."""

    spec: Json
    pod_ip: str
    command: Sequence[str]
    environment: Mapping[str, str]
    files: Files
    log: Path
    identity: str  # marks every process of this container


@dataclass
class Program:
    """The process and what goes with it."""

    launch: Launch
    process: subprocess.Popen[bytes]
    started: float
    probes: Probes
    deadline: float | None = None  # of the termination that is under way
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def is_stopping(self) -> bool:
        return self.deadline is not None

    def poll(self) -> int | None:
        """The exit code when the program has ended; what it left behind is killed then."""
        code = self.process.poll()
        if code is None:
            return None
        self.probes.stop()
        self.ended.set()
        self._kill()
        return code if code >= 0 else 128 - code

    def stop(self, grace: float) -> None:
        """Begin the termination, or shorten one that is under way."""
        wanted = time.monotonic() + grace
        if self.deadline is not None:
            self.deadline = min(self.deadline, wanted)
            return
        self.deadline = wanted
        threading.Thread(target=self._terminate, args=(grace,), daemon=True).start()

    def _terminate(self, grace: float) -> None:
        hook = self.launch.spec.get("lifecycle", {}).get("preStop")
        if hook and grace > 0:
            self._pre_stop(hook, grace)
            assert self.deadline is not None
            self.deadline = max(self.deadline, time.monotonic() + min(grace, LEAST_GRACE))
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)  # to the program alone, as for PID 1
        while not self.ended.wait(0.05):
            assert self.deadline is not None
            if time.monotonic() >= self.deadline:
                self._kill()
                return

    def _pre_stop(self, hook: Json, grace: float) -> None:
        if "sleep" in hook:
            self.ended.wait(min(grace, float(hook["sleep"]["seconds"])))
            return
        wrong = checks.act(hook, self.probes.target, grace)
        if wrong:
            self.probes.report("FailedPreStopHook", f"PreStopHook failed: {wrong}")

    def _kill(self) -> None:
        for pid in marked(CONTAINER, self.launch.identity):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def start(launch: Launch, report: Report) -> Program:
    """Start the program; OSError where it cannot be run."""
    environment = {**launch.environment, CONTAINER: launch.identity}
    _must_exist(launch.command, environment["PATH"])
    command, directory = mounts.start(launch.files, launch.command)
    with launch.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def run(command: Sequence[str], timeout: float) -> int:
        wrapped, directory = mounts.beside(launch.files, process.pid, command)
        return subprocess.run(
            wrapped,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        ).returncode

    target = Target(spec=launch.spec, pod_ip=launch.pod_ip, run=run)
    program = Program(launch, process, time.time(), Probes(target, report))
    program.probes.start()
    return program


def _must_exist(command: Sequence[str], path: str) -> None:
    if not command:
        raise FileNotFoundError("no command specified")
    name = command[0]
    if "/" in name:
        return  # perhaps in a volume: the program's own exit code tells
    if not any(os.access(Path(place) / name, os.X_OK) for place in path.split(":")):
        raise FileNotFoundError(f'exec: "{name}": executable file not found in $PATH')
