"""The files between the driver `local` and its supervisor: two small JSON files.

The driver writes the wish and the supervisor writes the state, each by renaming a complete
file into place, so a reader never sees half of one and a kill leaves the last whole one.
The folder is the owner's only: the wish holds the processes' environment, which may hold a
database URL with its password.
"""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, to_builtins
from msgspec.structs import asdict, replace

from zdm.errors import InputError
from zdm.rollout.local.settings import LocalWorkload
from zdm.serialize import input_file

Read = TypeVar("Read")

WISH = "wish.json"
STATE = "state.json"
LOCK = "supervisor.lock"
LOG = "supervisor.log"


class Stage(StrEnum):
    """The state of a member."""

    STARTING = "starting"
    READY = "ready"
    TERMINATING = "terminating"


class Identity(Struct, frozen=True, kw_only=True):
    """A process for all time: a pid alone is used again."""

    pid: int
    started: float  # seconds since the epoch, as the kernel counts them


class Member(Struct, frozen=True, kw_only=True):
    """One instance that the supervisor started; it stays until nothing of it is left."""

    id: str
    version: str
    port: int
    process: Identity
    stage: Stage
    since: float
    deadline: float | None = None  # terminating: when it is killed
    signalled: bool = False  # terminating: SIGTERM was sent


class Wish(Struct, frozen=True, kw_only=True):
    """The requested version; None means that everything must stop.

    `owner` is a process whose end means the same.
    """

    generation: int
    version: str | None
    workload: LocalWorkload
    owner: Identity | None = None


class State(Struct, frozen=True, kw_only=True):
    """What the supervisor knows; `settled` is the last version that was there completely."""

    generation: int = 0
    settled: str | None = None
    settled_at: float | None = None  # since when the wish is fulfilled without a crash
    failure: str | None = None
    crashes: int = 0
    retry_at: float = 0.0
    number: int = 0
    members: tuple[Member, ...] = ()


def make_directory(directory: Path) -> None:
    """Make the folder, closed to others."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(
            f"the folder {directory} for the local processes cannot be made ({error.strerror})",
            hint="set `directory` in [rollout.local] of zdm.toml to a folder you can write",
        ) from error


def write_wish(directory: Path, wish: Wish) -> None:
    """Put the wish in place."""
    owner = None if wish.owner is None else asdict(wish.owner)
    workload = _workload_out(wish.workload)
    _write(directory / WISH, {**asdict(wish), "owner": owner, "workload": workload})


def read_wish(directory: Path) -> Wish | None:
    """The wish, if there is one."""
    return _read(directory / WISH, _wish_in)


def write_state(directory: Path, state: State) -> None:
    """Put the state in place."""
    _write(directory / STATE, to_builtins(state))


def read_state(directory: Path) -> State:
    """The state; an empty one where nothing was ever started."""
    return _read(directory / STATE, _state_in) or State()


def _write(path: Path, value: dict[str, Any]) -> None:
    temporary = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=1)
    temporary.replace(path)


def _read(path: Path, made_of: Callable[[Any], Read]) -> Read | None:
    try:
        return made_of(input_file.from_json(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read, so the local processes are not known ({error})",
            hint="end the processes by hand, then delete the folder",
        ) from error


def _wish_in(found: Any) -> Wish:
    owner = found["owner"]
    return Wish(
        generation=found["generation"],
        version=found["version"],
        workload=_workload_in(found["workload"]),
        owner=None if owner is None else Identity(**owner),
    )


def _state_in(found: Any) -> State:
    members = tuple(
        replace(
            Member(**{**raw, "process": Identity(**raw["process"])}),
            stage=Stage(raw["stage"]),
        )
        for raw in found["members"]
    )
    return State(**{**found, "members": members})


def _workload_out(workload: LocalWorkload) -> dict[str, Any]:
    return {
        **asdict(workload),
        "directory": str(workload.directory),
        "root": str(workload.root),
        "grace": workload.grace.total_seconds(),
        "start_timeout": workload.start_timeout.total_seconds(),
        "min_ready": workload.min_ready.total_seconds(),
    }


def _workload_in(raw: dict[str, Any]) -> LocalWorkload:
    return LocalWorkload(
        **{
            **raw,
            "command": tuple(raw["command"]),
            "environment": tuple((name, value) for name, value in raw["environment"]),
            "directory": Path(raw["directory"]),
            "root": Path(raw["root"]),
            "grace": timedelta(seconds=raw["grace"]),
            "start_timeout": timedelta(seconds=raw["start_timeout"]),
            "min_ready": timedelta(seconds=raw["min_ready"]),
        }
    )
