"""Settings: `zdm.toml`, the environment and command-line options, in rising order."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from zdm.errors import InputError

FILE_NAME = "zdm.toml"
DATABASE_VARIABLE = "ZDM_DATABASE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlembicSettings:
    """Where the revisions are, and where history starts for zdm."""

    ini: Path  # alembic.ini
    base: tuple[str, ...] = ()  # the revision(s) below which nothing is pending
    baseline: Path | None = None  # SQL that makes what the first revision expects
    baseline_command: tuple[
        str, ...
    ] = ()  # or a command, given the shadow's URL as ZDM_SHADOW_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWorkload:
    """The processes of one application on this machine, for the driver `local`."""

    command: tuple[str, ...]  # {port}, {version} and {python} (zdm's own) are replaced
    replicas: int
    first_port: int  # the first free port from there on; 0: any free port
    ready_path: str
    directory: Path  # where the supervisor keeps its state and the logs
    grace: timedelta
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # may hold a URL
    name: str = "app"
    root: Path = Path()  # the working directory of the processes
    start_timeout: timedelta = timedelta(seconds=30)  # from start to ready


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSettings:
    """How the application's versions get onto their platform."""

    driver: Literal["none", "local"] = "none"
    old: str = "old"
    new: str = "new"
    soak: timedelta = timedelta(seconds=0)
    polls: int = 3
    poll_interval: timedelta = timedelta(seconds=2)
    deadline: timedelta = timedelta(hours=1)
    sessions: Literal["block", "warn"] = "block"
    allowed_sessions: tuple[str, ...] = ()  # application names (globs) that never block
    local: LocalWorkload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of `zdm.toml`; `root` is the folder that holds it, or the current one."""

    root: Path
    database: str | None = field(default=None, repr=False)  # may hold a password
    plans: Path
    alembic: AlembicSettings | None = None
    server_version: int | None = None  # major version of the target
    shadow_url: str | None = field(default=None, repr=False)
    stamp: Literal["backfilled", "after_contract"] = "backfilled"
    rollout: RolloutSettings = RolloutSettings()
