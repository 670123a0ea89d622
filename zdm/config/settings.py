"""Settings: `zdm.toml`, the environment and command-line options, in rising order.

`zdm.toml` lies in the project's root; zdm looks for it upwards from the current folder, as
far as the repository goes. Paths in it are relative to it. Nothing is guessed: an unknown
key is an error. A database URL may hold a password, so no message quotes one.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from zdm.errors import InputError
from zdm.serialize import codec

FILE_NAME = "zdm.toml"
DATABASE_VARIABLE = "ZDM_DATABASE_URL"
MAX_WORKERS = 4  # of one backfill: more gain little and crowd out the application
MAX_COURTESY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AlembicSettings:
    """Where the revisions are, and where history starts for zdm."""

    ini: Path  # alembic.ini
    base: tuple[str, ...] = ()  # the revision(s) below which nothing is pending
    baseline: Path | None = None  # SQL that makes what the first revision expects
    baseline_command: tuple[
        str, ...
    ] = ()  # or a command, given the shadow's URL as ZDM_SHADOW_URL
    python: Path | None = None  # the project's own, where zdm is installed apart from it
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # for env.py


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
    min_ready: timedelta = timedelta(0)  # ready that long before the next old one stops


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesWorkload:
    """One object that runs the application, for the driver `kubernetes`."""

    kind: Literal["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"]
    namespace: str
    name: str
    container: str = ""  # runs the application; not needed where the pod has but one
    also: tuple[str, ...] = ()  # further containers, init containers too, of the same image
    version: Literal["auto", "label", "annotation", "image"] = "auto"  # where it is written
    version_key: str = "zdm.dev/app-version"  # of the label or annotation
    image: str = ""  # with {version}; empty: the one for all workloads
    images: tuple[tuple[str, str], ...] = ()  # by version, instead of `image`
    may_be_gone: bool = False  # whether the gate is content when it does not exist


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesSettings:
    """A cluster, and what runs the application there, for the driver `kubernetes`."""

    namespaces: tuple[str, ...]  # where zdm looks, and nowhere else
    workloads: tuple[KubernetesWorkload, ...]
    secrets: tuple[str, ...]  # names of the Secrets (or SecretProviderClasses) of the database
    mode: Literal["patch", "observe", "command"] = "patch"
    patch: Literal["strategic", "apply"] = "strategic"
    force: bool = False  # with `apply`: take the image from who owns it
    command: tuple[str, ...] = ()  # {version} is replaced
    command_timeout: timedelta = timedelta(minutes=15)
    image: str = ""
    images: tuple[tuple[str, str], ...] = ()
    kubeconfig: Path | None = None
    context: str | None = None
    allowed_undeclared: tuple[str, ...] = ()  # "Kind namespace/name", with *
    assume_dead: tuple[str, ...] = ()  # "namespace/pod", for pods on lost nodes
    config_error_after: timedelta = timedelta(seconds=15)  # no image name, no Secret: no blip
    image_error_after: timedelta = timedelta(seconds=90)  # registries have blips
    restarts: int = 3  # crashes of a new pod before the rollout has failed
    announce: bool = True  # Events and annotations on the workloads


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSettings:
    """How the application's versions get onto their platform."""

    driver: Literal["none", "local", "kubernetes"] = "none"
    old: str = "old"
    new: str = "new"
    soak: timedelta = timedelta(seconds=0)
    revert_window: timedelta = timedelta(hours=24)  # from deployed to the contract
    polls: int = 3
    poll_interval: timedelta = timedelta(seconds=2)
    deadline: timedelta = timedelta(hours=1)
    sessions: Literal["block", "warn"] = "block"
    allowed_sessions: tuple[str, ...] = ()  # application names (globs) that never block
    local: LocalWorkload | None = None
    kubernetes: KubernetesSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteSettings:
    """How long the executor waits for others, and whether it ends them."""

    lock_deadline: timedelta = timedelta(minutes=10)  # for one step's locks
    concurrent_deadline: timedelta = timedelta(minutes=30)  # for CONCURRENTLY's waits
    reconnect_deadline: timedelta = timedelta(minutes=2)
    end_blockers_after: timedelta | None = None  # None: nobody is ended


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillGates:
    """Above which values a backfill holds; it goes on at half of most of them."""

    replica_lag: timedelta = timedelta(seconds=10)
    replica_mb: int = 256  # WAL that a replica has not replayed
    standbys: tuple[str, ...] = ()  # application names that must be connected
    slot_mb: int = 10_240  # WAL that a replication slot keeps
    slot_percent: int = 50  # or this share of max_slot_wal_keep_size, where it is less
    archive_segments: int = 42
    dead_percent: int = 20  # dead rows, while a transaction older than xmin_age is open
    xmin_age: timedelta = timedelta(minutes=15)
    vacuum_patience: timedelta = timedelta(hours=2)  # for a vacuum of the table
    queue: timedelta = timedelta(seconds=2)  # somebody waits for the table, or for a batch
    poll: timedelta = timedelta(seconds=1)
    blind: Literal["stop", "accept"] = "stop"  # without pg_read_all_stats
    sql: str | None = None  # a query that gives one number
    sql_above: float | None = None
    sql_resume: float | None = None
    prometheus: str | None = field(default=None, repr=False)  # http://host:9090
    prometheus_query: str | None = None
    prometheus_above: float | None = None
    prometheus_resume: float | None = None
    probe_unreadable: Literal["freeze", "hold"] = "freeze"  # sql and prometheus

    def __post_init__(self) -> None:
        """Refuse a probe without a limit."""
        if (self.sql is None) != (self.sql_above is None):
            raise ValueError("backfill.gates.sql and sql_above go together")
        wanted = (self.prometheus, self.prometheus_query, self.prometheus_above)
        if len({value is None for value in wanted}) != 1:
            raise ValueError(
                "backfill.gates.prometheus, prometheus_query and prometheus_above go together"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSettings:
    """How backfills treat the server."""

    workers: int = 1  # connections that fill disjoint ranges of keys
    wal_budget_mb: int = 16  # a second, which paces; all workers together
    courtesy: float = 24.0  # seconds of rest for one of a paced batch, while others work
    failing_rows: int = 1  # so many rows that cannot be filled are named before it stops
    wal_limit_gb: float | None = None  # of a whole backfill; above it, zdm asks
    gates: BackfillGates = BackfillGates()

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 1 <= self.workers <= MAX_WORKERS:
            raise ValueError(f"backfill.workers must be from 1 to {MAX_WORKERS}")
        if self.wal_budget_mb < 1:
            raise ValueError("backfill.wal_budget_mb must be at least 1")
        if not 0 <= self.courtesy <= MAX_COURTESY:
            raise ValueError(f"backfill.courtesy must be from 0 to {MAX_COURTESY}")
        if self.failing_rows < 1:
            raise ValueError("backfill.failing_rows must be at least 1")
        if self.wal_limit_gb is not None and self.wal_limit_gb <= 0:
            raise ValueError("backfill.wal_limit_gb must be above 0")

    @property
    def wal_limit(self) -> int | None:
        """Bytes of WAL that one backfill may write without being asked about."""
        return None if self.wal_limit_gb is None else int(self.wal_limit_gb * 1024**3)


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
    execute: ExecuteSettings = ExecuteSettings()
    backfill: BackfillSettings = BackfillSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What `zdm.toml` may say, in its own words."""

    database: str | None = None
    plans: Path | None = None
    server_version: int | None = None
    shadow_url: str | None = None
    stamp: Literal["backfilled", "after_contract"] = "backfilled"
    alembic: AlembicSettings | None = None
    rollout: RolloutSettings = RolloutSettings()
    execute: ExecuteSettings = ExecuteSettings()
    backfill: BackfillSettings = BackfillSettings()


def load(
    *,
    directory: Path,
    environ: Mapping[str, str],
    file: Path | None = None,
    database: str | None = None,
) -> Settings:
    """The settings in force in a folder; `file` and `database` are what the user gave."""
    found = file or _find(directory)
    content = _read(found) if found else _File()
    root = (found.parent if found else directory).absolute()
    if database is None:
        database = environ.get(DATABASE_VARIABLE) or content.database
    ini = root / "alembic.ini"
    return Settings(
        root=root,
        database=None if database is None else database_url(database),
        plans=content.plans or root / "plans",
        alembic=content.alembic or (AlembicSettings(ini=ini) if ini.is_file() else None),
        server_version=content.server_version,
        shadow_url=None if content.shadow_url is None else database_url(content.shadow_url),
        stamp=content.stamp,
        rollout=content.rollout,
        execute=content.execute,
        backfill=content.backfill,
    )


def _find(directory: Path) -> Path | None:
    start = directory.absolute()
    for folder in _upwards(start):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def _upwards(start: Path) -> Iterator[Path]:
    """The folder and those above it, up to the one that holds the repository."""
    for folder in (start, *start.parents):
        yield folder
        if (folder / ".git").exists():
            return


def _read(file: Path) -> _File:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(
            f"the settings file {file} cannot be read: {reason}", hint="check `--config`"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{file} is not TOML: {error}", hint="see docs/reference/config.md"
        ) from error
    local = (
        data.get("rollout", {}).get("local") if isinstance(data.get("rollout"), dict) else None
    )
    if isinstance(local, dict):
        local.setdefault("root", ".")
    try:
        return codec.from_plain(_File, data, _codecs(file.absolute().parent))
    except codec.MisfitError as error:
        raise InputError(
            f"{file}: {error.key or 'the file'} {error.message}",
            hint="see docs/reference/config.md for the settings",
        ) from error
    except ValueError as error:  # settings that do not go together
        raise InputError(
            f"{file}: {error}", hint="see docs/reference/config.md for the settings"
        ) from error


def _codecs(root: Path) -> codec.Codecs:
    def path(data: Any) -> Path:
        match data:
            case str():
                return root / data
            case _:
                raise ValueError(f"must be a path, not {data!r}")

    def pairs(data: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
            raise ValueError("must be a table of texts")
        return tuple(data.items())

    return {
        Path: codec.Codec(encode=str, decode=path, schema={"type": "string"}),
        timedelta: codec.DURATION,
        tuple[tuple[str, str], ...]: codec.Codec(
            encode=dict, decode=pairs, schema={"type": "object"}
        ),
    }


def database_url(text: str) -> str:
    """A libpq URL or conninfo; the driver in an SQLAlchemy URL is taken off."""
    scheme, separator, rest = text.partition("://")
    if not separator and "=" in text:
        return text
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise InputError(
            "the database URL is not one of PostgreSQL, so zdm cannot connect",
            hint="write postgresql://USER@HOST:PORT/DATABASE;"
            " the password may come from PGPASSWORD or ~/.pgpass",
        )
    return f"postgresql://{rest}"
