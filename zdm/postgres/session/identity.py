"""Who an executor is, in the names of its connections: enough to know that its process is dead.

A name holds host, process id, and a token of the machine (boot, process namespace, host) and
of the process's start, so that neither another container nor a new process with the same
number is mistaken for it. Only a process on this machine
can be known to be dead; any other counts as alive.
"""

import hashlib
import os
import re
import secrets
import socket
from pathlib import Path

HOST_LENGTH = 12  # pg_stat_activity cuts names at 63 bytes
_NAME = re.compile(
    r"execute(?:\.[a-z0-9-]+)?/[^/]*/(\d+)/([0-9a-f]{6})([0-9a-f]{6})-[0-9a-f]{4}$"
)


def new_name() -> str:
    """The name of one executor's connections; another executor of this process gets its own."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[-HOST_LENGTH:]
    token = f"{machine()}{process_start(os.getpid())}-{secrets.token_hex(2)}"
    return f"execute/{host}/{os.getpid()}/{token}"


def named(executor: str, purpose: str) -> str:
    """The name of another connection of the executor, with its purpose."""
    return executor.replace("execute", f"execute.{purpose}", 1)


def is_same(application: str, own: str) -> bool:
    """Whether this is a connection of the executor with that name, whatever it is for."""
    return application.partition("/")[2] == own.partition("/")[2] != ""


def is_dead(application: str) -> bool:
    """Whether the executor with this name is certainly gone."""
    found = _NAME.search(application)
    if found is None:
        return False
    pid, where, start = found.groups()
    return bool(where == machine() != _UNKNOWN and start != process_start(int(pid)))


_UNKNOWN = "0" * 6


def machine() -> str:
    """A token of this machine, since its boot and inside its container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        space = Path("/proc/self/ns/pid").readlink()
        return _short(f"{boot}{space}{socket.gethostname()}")
    except OSError:  # not Linux: no process is known to be dead
        return _UNKNOWN


def process_start(pid: int) -> str:
    """A token of when the process started; another one where it is gone or a zombie."""
    try:
        # the name of the program, in parentheses, may hold anything
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _UNKNOWN
    state, started = fields[0], fields[19]
    return _UNKNOWN if state in "ZXx" else _short(started)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
