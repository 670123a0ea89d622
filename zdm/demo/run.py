"""The demo: a shop of real processes on a real server, migrated under traffic.

Everything is counted: a request that got no good answer has failed, and at the end every
row of the table is compared with the writes that were acknowledged to the traffic.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import asdict, replace

import zdm
from zdm.config import settings as config
from zdm.config.settings import Settings
from zdm.demo import database as users_table
from zdm.demo.ledger import Ledger, Row
from zdm.demo.traffic import Figures, Traffic
from zdm.errors import InputError, RolloutError, ZdmError
from zdm.model import duration
from zdm.model.release import RolloutComplete, RolloutFailed, Version
from zdm.postgres.server import provider
from zdm.postgres.server.provider import Wanted
from zdm.rollout import registry
from zdm.rollout.local import processes as local_processes
from zdm.rollout.local.driver import Local
from zdm.rollout.local.settings import LocalWorkload

MIN_ROWS = 1000
POLL = 0.1
FIGURES_EVERY = 0.5
KEPT_WRONG = 5
PATIENCE = 120.0
DATABASE = "shop"
NEW_COLUMN = "new_email"


class DemoOptions(Struct, frozen=True, kw_only=True):
    """What can be chosen."""

    rows: int = 200_000
    naive: bool = False
    warm_up: float = 2.0  # seconds of traffic before and after, to compare with
    settings: Settings | None = None  # the shop's own zdm.toml, if no others are given


class DemoResult(Struct, frozen=True, kw_only=True):
    """The figures of one demo."""

    naive: bool
    requests: int
    failed_requests: int
    wrong_rows: int
    wrong_reads: int
    longest_blocked_ms: float
    median_ms: float
    p99_ms: float
    rows: int
    seconds: float
    migration_seconds: float
    server_version: str
    reads_by_version: dict[str, int]
    failures: tuple[str, ...]  # the most frequent kinds, and the first wrong rows

    @property
    def is_clean(self) -> bool:
        """Whether nothing failed and nothing is wrong."""
        return not (self.failed_requests or self.wrong_rows or self.wrong_reads)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Watcher(Protocol):
    """Receives the demo's progress."""

    def stage(self, text: str) -> None:
        """A stage begins."""

    def traffic(self, figures: Figures) -> None:
        """What the traffic has counted so far; called from a thread of its own."""


class Shop(Struct, frozen=True, kw_only=True):
    """The running shop: its settings, its database and what supervises its processes."""

    settings: Settings
    dsn: str
    platform: Local
    watcher: Watcher

    @property
    def processes(self) -> str:
        """The number of processes, as a phrase."""
        return f"{self.platform.workload.replicas} processes"

    @property
    def old(self) -> Version:
        """The version that runs at first."""
        return Version(self.settings.rollout.old)

    @property
    def new(self) -> Version:
        """The version that it is moved to."""
        return Version(self.settings.rollout.new)


Migrate = Callable[[Shop], None]


def run(options: DemoOptions, watcher: Watcher, migrate: Migrate) -> DemoResult:
    """Run the shop, migrate it under traffic, and count."""
    _check(options)
    begun = time.monotonic()
    with _shop(options, watcher) as (shop, version):
        ledger = Ledger(seeded=options.rows)
        watcher.stage(f"traffic on {shop.processes} of {shop.old}")
        with Traffic(shop.platform.ready_ports, ledger) as traffic, _ticker(traffic, watcher):
            time.sleep(options.warm_up)
            started = time.monotonic()
            (upgrade_naively if options.naive else migrate)(shop)
            migrated = time.monotonic() - started
            time.sleep(options.warm_up)
        watcher.stage("every row against the ledger")
        rows = (
            Row(id=i, email=e, name=n) for i, e, n in users_table.users(shop.dsn, NEW_COLUMN)
        )
        checked = ledger.check(rows)
        figures = traffic.figures()
    return DemoResult(
        naive=options.naive,
        requests=figures.requests,
        failed_requests=figures.failed,
        wrong_rows=len(checked.wrong),
        wrong_reads=figures.wrong_reads,
        longest_blocked_ms=round(figures.longest_ms, 1),
        median_ms=round(figures.median_ms, 1),
        p99_ms=round(figures.p99_ms, 1),
        rows=checked.rows,
        seconds=round(time.monotonic() - begun, 1),
        migration_seconds=round(migrated, 1),
        server_version=version,
        reads_by_version=dict(figures.answered_by),
        failures=(*figures.failures, *checked.wrong[:KEPT_WRONG]),
    )


def upgrade_naively(shop: Shop) -> None:
    """What is done without zdm: deploy, and upgrade to the head in the middle of it."""
    shop.watcher.stage(f"rolling to {shop.new}")
    shop.platform.deploy(shop.new)
    _wait(lambda: _serving(shop, shop.new) > 0)
    shop.watcher.stage("`alembic upgrade head` in the middle of the rollout")
    alembic(shop.settings, shop.dsn, "upgrade", "head")
    _deployed(shop, shop.new)


def alembic(settings: Settings, dsn: str, *arguments: str) -> None:
    """Run plain Alembic, as a person would."""
    if settings.alembic is None:
        raise InputError("the shop has no Alembic environment", hint="install zdm again")
    command = [sys.executable, "-m", "alembic", "-c", str(settings.alembic.ini), *arguments]
    done = subprocess.run(
        command,
        cwd=settings.root,
        env={**os.environ, "DATABASE_URL": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ZdmError(f"`alembic {' '.join(arguments)}` failed: {_reason(done.stdout)}")


def _reason(output: str) -> str:
    """Alembic's own words for a refusal, else the last line of what it printed."""
    _, found, refusal = output.rpartition("FAILED: ")
    return " ".join(refusal.split()) if found else output.strip().rpartition("\n")[2]


def shop_settings() -> Settings:
    """The shop's own zdm.toml: in the wheel, else in the source tree around the package."""
    package = Path(zdm.__file__).parent
    for root in (package / "_shop", package.parent):
        file = root / config.FILE_NAME
        if file.exists() and (root / "examples/shop").is_dir():
            return config.load(directory=root, environ={}, file=file, drivers=registry.tables())
    raise InputError(
        "the example application is not installed with zdm, so the demo cannot run",
        hint="install zdm from its wheel, or run from a checkout of its repository",
    )


def _check(options: DemoOptions) -> None:
    if options.rows < MIN_ROWS:
        raise InputError(
            f"{options.rows} rows are too few for the traffic",
            hint=f"give --rows {MIN_ROWS} or more",
        )
    if importlib.util.find_spec("psycopg_pool") is None:
        raise InputError(
            "psycopg-pool is not installed, so the shop's first version cannot run",
            hint="pip install 'zdm-orchestrator[demo]'",
        )


@contextmanager
def _shop(options: DemoOptions, watcher: Watcher) -> Iterator[tuple[Shop, str]]:
    """The shop with its old version running; everything is gone afterwards."""
    settings = options.settings or shop_settings()
    watcher.stage("a throwaway PostgreSQL server")
    with (
        provider.throwaway(Wanted()) as server,
        tempfile.TemporaryDirectory(prefix="zdm-demo-") as folder,
    ):
        watcher.stage(
            f"the shop's schema and {options.rows:,} users on PostgreSQL {server.major}"
        )
        dsn = users_table.create_database(server.dsn, DATABASE)
        base = settings.alembic.base if settings.alembic is not None else ()
        alembic(settings, dsn, "upgrade", *base)
        users_table.seed(dsn, options.rows)
        workload = _workload(settings, dsn, Path(folder))
        owner = local_processes.identity(os.getpid())
        shop = Shop(
            settings=settings,
            dsn=dsn,
            platform=Local(workload=workload, owner=owner),
            watcher=watcher,
        )
        try:
            watcher.stage(f"{shop.processes} of {shop.old}")
            shop.platform.deploy(shop.old)
            _deployed(shop, shop.old)
            yield shop, f"{server.major}.{server.server_version % 10000}"
        finally:
            shop.platform.stop()
            _wait(lambda: not shop.platform.is_supervised())


def _workload(settings: Settings, dsn: str, folder: Path) -> LocalWorkload:
    workload = settings.of_driver(LocalWorkload)
    if workload is None:
        raise InputError("the shop's zdm.toml says nothing of [rollout.local]")
    return replace(
        workload,
        first_port=0,
        directory=folder,
        environment=(*workload.environment, ("DATABASE_URL", dsn)),
    )


def _serving(shop: Shop, version: Version) -> int:
    seen = shop.platform.observe(version)
    return sum(i.version == version and i.state == "ready" for i in seen.instances)


def _deployed(shop: Shop, version: Version) -> None:
    def is_there() -> bool:
        status = shop.platform.observe(version).status
        if isinstance(status, RolloutFailed):
            raise RolloutError(f"the shop's version {version} does not run: {status.reason}")
        return isinstance(status, RolloutComplete)

    _wait(is_there)


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            waited = duration.text(timedelta(seconds=PATIENCE))
            raise RolloutError(f"the shop's processes were not ready after {waited}")
        time.sleep(POLL)


@contextmanager
def _ticker(traffic: Traffic, watcher: Watcher) -> Iterator[None]:
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(FIGURES_EVERY):
            watcher.traffic(traffic.figures())

    thread = threading.Thread(target=tick, name="demo figures")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        watcher.traffic(traffic.figures())
