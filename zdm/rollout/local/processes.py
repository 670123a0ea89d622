"""Processes of the driver `local` as the operating system shows them.

Every instance gets its marks in its environment, which its children inherit, so that all of
them are found again without any file: after the supervisor was killed, after a parent died
and its children went to init, and where a child has left the session.
What this cannot see: a child that was started with an empty environment.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import psutil
from msgspec import Struct

from zdm.model.sql import MAX_NAME_BYTES
from zdm.rollout.local.settings import LocalWorkload
from zdm.rollout.local.state import Identity

MARK_DIRECTORY = "ZDM_LOCAL_DIRECTORY"
MARK_INSTANCE = "ZDM_LOCAL_INSTANCE"
MARK_VERSION = "ZDM_LOCAL_VERSION"
MARK_PORT = "ZDM_LOCAL_PORT"
PROBE_TIMEOUT = timedelta(seconds=1)  # a probe holds the supervisor's loop
HOST = "127.0.0.1"
KEPT_LINES = 5
LAST_PORT = 65535
CLOCK_STEP = 2.0  # seconds: start times move with the machine's clock when it is set right


class Marked(Struct, frozen=True, kw_only=True):
    """A live process that carries the marks of one instance."""

    process: Identity
    instance: str
    version: str
    port: int


def identity(pid: int) -> Identity | None:
    """The live process of that pid; a zombie runs no code and holds no socket."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid=pid, started=process.create_time())
    except psutil.Error:
        return None


def is_alive(process: Identity) -> bool:
    """Whether it is this very process that still runs."""
    found = identity(process.pid)
    return found is not None and abs(found.started - process.started) < CLOCK_STEP


def marked(directory: Path) -> tuple[Marked, ...]:
    """Every live process that was started for this folder, oldest first."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get(MARK_DIRECTORY) == str(directory):
                found.append(_marked(process, environment))
        except psutil.Error:
            continue  # gone meanwhile, or of another user
    return tuple(sorted(found, key=lambda m: (m.process.started, m.process.pid)))


def _marked(process: psutil.Process, environment: Mapping[str, str]) -> Marked:
    return Marked(
        process=Identity(pid=process.pid, started=process.create_time()),
        instance=environment[MARK_INSTANCE],
        version=environment[MARK_VERSION],
        port=int(environment[MARK_PORT]),
    )


def is_listened(port: int) -> bool:
    """Whether a process listens on the port: then it cannot be bound, even for reuse."""
    return not _can_bind(port)


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def application_name(version: str, workload: str, instance: str) -> str:
    """What PostgreSQL shows for the instance's sessions; it cuts names at 63 bytes."""
    name = f"zdm-app:{version}/{workload}/{instance}"
    return name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")


def free_port(first: int, taken: Iterable[int]) -> int:
    """A port that can be bound now: the first from `first` on, or any where it is 0."""
    if first == 0:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
            return port
    avoided = set(taken)
    for port in range(first, LAST_PORT + 1):
        if port not in avoided and _can_bind(port):
            return port
    raise OSError(f"no port from {first} on is free")


def start(
    workload: LocalWorkload, directory: Path, version: str, instance: str, port: int
) -> subprocess.Popen[bytes]:
    """Start one instance in a session of its own; what it prints goes to its log."""
    names = {"port": str(port), "version": version, "python": sys.executable}
    command = [_filled(word, names) for word in workload.command]
    environment = {
        **os.environ,
        **dict(workload.environment),
        "PGAPPNAME": application_name(version, workload.name, instance),
        MARK_DIRECTORY: str(directory),
        MARK_INSTANCE: instance,
        MARK_VERSION: version,
        MARK_PORT: str(port),
    }
    with log_file(directory, instance).open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=workload.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _filled(word: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        word = word.replace("{" + name + "}", value)
    return word


def not_ready(port: int, path: str) -> str | None:
    """Why the instance cannot serve, or None where it can."""
    url = f"http://{HOST}:{port}{path}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=PROBE_TIMEOUT.total_seconds()) as answer:
            return None if answer.status == 200 else f"{path} answers {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"{path} answers {error.code}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return f"{path} does not answer ({reason})"


def send(process: Identity, number: signal.Signals) -> None:
    """Signal this very process, if it still runs."""
    if is_alive(process):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def log_file(directory: Path, instance: str) -> Path:
    """Where the instance's output goes."""
    return directory / f"{instance}.log"


def last_lines(directory: Path, instance: str) -> str:
    """The last lines the instance printed, for a person who asks why."""
    try:
        text = log_file(directory, instance).read_text(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-KEPT_LINES:])
