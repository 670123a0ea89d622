"""Settings: `zdm.toml`, the environment and command-line options, in rising order.

`zdm.toml` lies in the project's root; zdm looks for it upwards from the current folder, as
far as the repository goes. Paths in it are relative to it. Nothing is guessed: an unknown
key is an error. A database URL may hold a password, so no message quotes one.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import InputError
from zdm.model.fields.hidden import Hiding
from zdm.model.ranges import Delay, Interval, Megabytes, Percent, Range, Timeout
from zdm.model.release import NEW, OLD
from zdm.serialize import codec, input_file

FILE_NAME = "zdm.toml"
DATABASE_VARIABLE = "ZDM_DATABASE_URL"
MAX_WORKERS = 4  # of one backfill: more gain little and crowd out the application
MOST_BYTES = 256_000  # of zdm.toml
_MOST_PARTS = 50
_NAME_PART = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_NAME = re.compile(rf"(?:{_NAME_PART}[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}")
NO_DRIVER = "none"  # a person deploys
OLDEST_SERVER, NEWEST_SERVER = 14, 18  # major versions that the tests run on

ServerVersion = Annotated[int, Range(OLDEST_SERVER, NEWEST_SERVER)]
Own = TypeVar("Own")  # a driver's settings


class AlembicSettings(Hiding, frozen=True, kw_only=True):
    """Where the revisions are, and where history starts for zdm."""

    hidden: ClassVar[tuple[str, ...]] = ("environment",)

    ini: Path  # alembic.ini
    base: tuple[str, ...] = ()  # the revision(s) below which nothing is pending
    baseline: Path | None = None  # SQL that makes what the first revision expects
    baseline_command: tuple[
        str, ...
    ] = ()  # or a command, given the shadow's URL as ZDM_SHADOW_URL
    python: Path | None = None  # the project's own, where zdm is installed apart from it
    environment: tuple[tuple[str, str], ...] = ()  # for env.py


class RolloutSettings(Struct, frozen=True, kw_only=True):
    """How the application's versions get onto their platform."""

    driver: str = NO_DRIVER  # or a driver that the registry has
    old: str = OLD
    new: str = NEW
    soak: Delay = timedelta(seconds=0)
    revert_window: Delay = timedelta(hours=24)  # from deployed to the contract
    polls: Annotated[int, Range(1, 1_000)] = 3  # in a row; without one the gate is not asked
    poll_interval: Interval = timedelta(seconds=2)
    deadline: Delay = timedelta(hours=1)
    sessions: Literal["block", "warn"] = "block"
    allowed_sessions: tuple[str, ...] = ()  # application names (globs) that never block


class ExecuteSettings(Struct, frozen=True, kw_only=True):
    """How long the executor waits for others, and whether it ends them."""

    lock_deadline: Delay = timedelta(minutes=10)  # for one step's locks
    concurrent_deadline: Timeout = timedelta(minutes=30)  # for CONCURRENTLY's waits
    reconnect_deadline: Delay = timedelta(minutes=2)
    end_blockers_after: Delay | None = None  # None: no session is ended
    allowed_signers: Path | None = None  # None: plans need no signature


class BackfillGates(Hiding, frozen=True, kw_only=True):
    """Limits above which a backfill holds; it resumes at half of most of them."""

    hidden: ClassVar[tuple[str, ...]] = ("prometheus",)

    replica_lag: Delay = timedelta(seconds=10)
    replica_mb: Megabytes = 256  # WAL that a replica has not replayed
    standbys: tuple[str, ...] = ()  # application names that must be connected
    slot_mb: Megabytes = 10_240  # WAL that a replication slot keeps
    slot_percent: Percent = 50  # or this share of max_slot_wal_keep_size, where it is less
    archive_segments: Annotated[int, Range(0, 1_000_000)] = 42
    dead_percent: Percent = 20  # dead rows, while a transaction older than xmin_age is open
    xmin_age: Delay = timedelta(minutes=15)
    vacuum_patience: Delay = timedelta(hours=2)  # for a vacuum of the table
    queue: Delay = timedelta(seconds=2)  # a session waits for the table, or for a batch
    poll: Interval = timedelta(seconds=1)
    blind: Literal["stop", "accept"] = "stop"  # without pg_read_all_stats
    sql: str | None = None  # a query that gives one number
    sql_above: float | None = None
    sql_resume: float | None = None
    prometheus: str | None = None  # http://host:9090
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


class BackfillSettings(Struct, frozen=True, kw_only=True):
    """How backfills treat the server."""

    # connections that fill disjoint ranges of keys
    workers: Annotated[int, Range(1, MAX_WORKERS)] = 1
    # a second, which paces; all workers together
    wal_budget_mb: Annotated[int, Range(1, 1_000_000)] = 16
    # seconds of rest for one second of a paced backfill's work, while others work
    rest_per_work: Annotated[float, Range(0, 1_000)] = 24.0
    # rows that cannot be filled, named before it stops
    failing_rows: Annotated[int, Range(1, 1_000_000)] = 1
    # of a whole backfill; above it, zdm asks
    wal_limit_gb: Annotated[float, Range(0.001, 1_000_000)] | None = None
    gates: BackfillGates = BackfillGates()

    @property
    def wal_limit(self) -> int | None:
        """Bytes of WAL that one backfill may write without being asked about."""
        return None if self.wal_limit_gb is None else int(self.wal_limit_gb * 10**9)


class CheckSettings(Struct, frozen=True, kw_only=True):
    """By what `zdm check` judges migrations."""

    runner: Literal["zdm", "alembic", "sql"] | None = None  # zdm plans them, or who runs them
    paths: tuple[Path, ...] = ()  # files and folders; else they are named
    transactions: Literal["file", "statement"] = "file"  # how a runner of SQL sends a file
    no_transaction: str = ""  # the comment by which that runner opens none
    lock_timeout_limit: Delay = timedelta(seconds=5)
    fail_level: Literal["error", "warn"] = "error"
    rules: tuple[tuple[str, str], ...] = ()  # severity by rule: error, warn, off
    rules_in: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()  # by path
    baseline: Path | None = None  # findings that do not count
    start: str | None = None  # the first migration that is judged; those before are released


class Settings(Hiding, frozen=True, kw_only=True):
    """All of `zdm.toml`; `root` is the folder that holds it, or the current one."""

    hidden: ClassVar[tuple[str, ...]] = ("database", "shadow_url")

    root: Path
    database: str | None = None  # may hold a password
    plans: Path
    alembic: AlembicSettings | None = None
    server_version: ServerVersion | None = None  # major version of the target
    shadow_url: str | None = None
    shadow_extensions: tuple[str, ...] = ()  # that zdm may create there as a superuser
    stamp: Literal["backfilled", "after_contract"] = "backfilled"
    rollout: RolloutSettings = RolloutSettings()
    execute: ExecuteSettings = ExecuteSettings()
    backfill: BackfillSettings = BackfillSettings()
    check: CheckSettings = CheckSettings()
    drivers: tuple[object, ...] = ()  # tables of drivers, each of the type that its driver has

    def of_driver(self, kind: type[Own]) -> Own | None:
        """The table of the driver whose settings have this type, if the file has it."""
        return next((table for table in self.drivers if isinstance(table, kind)), None)

    def with_driver(self, table: object) -> "Settings":
        """These settings, with the driver's table instead of the one it had."""
        others = tuple(other for other in self.drivers if type(other) is not type(table))
        return replace(self, drivers=(*others, table))


class _File(Struct, frozen=True, kw_only=True):
    """The keys of `zdm.toml`."""

    database: str | None = None
    plans: Path | None = None
    server_version: ServerVersion | None = None
    shadow_url: str | None = None
    shadow_extensions: tuple[str, ...] = ()
    stamp: Literal["backfilled", "after_contract"] = "backfilled"
    alembic: AlembicSettings | None = None
    rollout: RolloutSettings = RolloutSettings()
    execute: ExecuteSettings = ExecuteSettings()
    backfill: BackfillSettings = BackfillSettings()
    check: CheckSettings = CheckSettings()


def load(
    *,
    directory: Path,
    environ: Mapping[str, str],
    drivers: Mapping[str, type],
    file: Path | None = None,
    database: str | None = None,
) -> Settings:
    """The settings in force in a folder; `file` and `database` are what the user gave.

    `drivers` are the types of their tables in [rollout], by name.
    """
    found = file or _find(directory)
    content, tables = _read(found, drivers) if found else (_File(), ())
    root = (found.parent if found else directory).absolute()
    if database is None:
        database = environ.get(DATABASE_VARIABLE) or content.database
    return Settings(
        root=root,
        database=None if database is None else database_url(database),
        plans=content.plans or root / "plans",
        alembic=content.alembic or _alembic(root / "alembic.ini"),
        server_version=content.server_version,
        shadow_url=None if content.shadow_url is None else database_url(content.shadow_url),
        shadow_extensions=content.shadow_extensions,
        stamp=content.stamp,
        rollout=content.rollout,
        execute=content.execute,
        backfill=content.backfill,
        check=content.check,
        drivers=tables,
    )


def _alembic(ini: Path) -> AlembicSettings | None:
    return AlembicSettings(ini=ini) if input_file.is_file(ini) else None


def _find(directory: Path) -> Path | None:
    start = directory.absolute()
    for folder in _upwards(start):
        if input_file.is_file(folder / FILE_NAME):
            return folder / FILE_NAME
    return None


def _upwards(start: Path) -> Iterator[Path]:
    """The folder and those above it, up to the one that holds the repository."""
    for folder in (start, *start.parents):
        yield folder
        if (folder / ".git").exists():
            return


def _read(file: Path, drivers: Mapping[str, type]) -> tuple[_File, tuple[object, ...]]:
    try:
        return _decode(_data(file), drivers, file.absolute().parent)
    except codec.MisfitError as error:
        raise InputError(
            f"{file}: {error.key or 'the file'} {error.message}",
            hint="see docs/reference/config.md for the settings",
        ) from error
    except ValueError as error:  # settings that do not go together
        raise InputError(
            f"{file}: {error}", hint="see docs/reference/config.md for the settings"
        ) from error


def _data(file: Path) -> dict[str, Any]:
    text = input_file.read_text(
        file, most=MOST_BYTES, what="the settings file ", hint="check `--config`"
    )
    try:
        return toml(text)
    except input_file.NotReadError as error:
        raise error.of(str(file), "see docs/reference/config.md") from error


def toml(text: str) -> dict[str, Any]:
    """What a TOML text says; NotReadError where it is none."""
    if name := _LONG_NAME.search(text):  # tomllib takes the square of its length
        raise input_file.NotReadError(
            f"holds a name of more than {_MOST_PARTS} parts",
            *input_file.place(text, name.start()),
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise input_file.NotReadError(f"is not TOML: {error}") from error
    except RecursionError as error:
        raise input_file.too_deep() from error
    except ValueError as error:
        raise input_file.too_long(text) from error


def _decode(
    data: dict[str, Any], drivers: Mapping[str, type], root: Path
) -> tuple[_File, tuple[object, ...]]:
    """The core's settings, and the tables of all drivers, chosen or not."""
    rollout, codecs = data.get("rollout"), _codecs(root)
    tables = []
    if isinstance(rollout, dict):
        core = {key: value for key, value in rollout.items() if key not in drivers}
        _only_drivers(core, drivers)
        data = {**data, "rollout": core}
        tables = [
            _at(root, codec.from_plain(kind, rollout[name], codecs, ("rollout", name)))
            for name, kind in drivers.items()
            if name in rollout
        ]
    return codec.from_plain(_File, data, codecs), tuple(tables)


def _only_drivers(core: dict[str, Any], drivers: Mapping[str, type]) -> None:
    """Refuse settings that choose or describe an unknown driver."""
    for key, value in core.items():
        if isinstance(value, dict) and key not in RolloutSettings.__struct_fields__:
            raise codec.MisfitError(
                ("rollout", key), f"is not a driver; known are {', '.join(drivers)}"
            )
    chosen, known = core.get("driver", NO_DRIVER), (NO_DRIVER, *drivers)
    if isinstance(chosen, str) and chosen not in known:
        raise codec.MisfitError(
            ("rollout", "driver"),
            f"must be one of {', '.join(known)}, not {codec.words(chosen)}",
        )


def _at(root: Path, table: Any) -> object:
    """A driver's table; a path's default is relative to the file's folder, too."""
    paths = {
        name: root / path
        for name in table.__struct_fields__
        if isinstance(path := getattr(table, name), Path) and not path.is_absolute()
    }
    return replace(table, **paths)


def _codecs(root: Path) -> codec.Codecs:
    def path(data: Any) -> Path:
        match data:
            case str():
                text: str = codec.TEXT.decode(data)
                return root / text
            case _:
                raise ValueError(f"must be a path, not {codec.words(data)}")

    def pairs(data: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
            raise ValueError("must be a table of texts")
        return tuple((codec.TEXT.decode(k), codec.TEXT.decode(v)) for k, v in data.items())

    def by_pattern(data: Any) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        match data:
            case dict():
                return tuple((codec.TEXT.decode(k), pairs(v)) for k, v in data.items())
            case _:
                raise ValueError("must be a table of tables")

    return {
        str: codec.TEXT,
        Path: codec.Codec(encode=str, decode=path, schema={"type": "string"}),
        timedelta: codec.DURATION,
        tuple[tuple[str, str], ...]: codec.Codec(
            encode=dict, decode=pairs, schema={"type": "object"}
        ),
        tuple[tuple[str, tuple[tuple[str, str], ...]], ...]: codec.Codec(
            encode=dict, decode=by_pattern, schema={"type": "object"}
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
