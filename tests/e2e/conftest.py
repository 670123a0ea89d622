"""A server for the folder, and the shop's database at a revision."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests import scratch
from zdm.config.settings import Settings
from zdm.demo import database as ledger
from zdm.demo import run
from zdm.demo.traffic import Figures
from zdm.execute.events import Event
from zdm.postgres.server.provider import Server, Wanted
from zdm.rollout.local.settings import LocalWorkload

Database = Callable[[str], str]


@dataclass
class Recorder:
    """Keeps what a person would have seen; satisfies Watcher and Observer."""

    stages: list[str] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def traffic(self, figures: Figures) -> None:
        self.figures.append(figures)

    def notify(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    wanted = Wanted(log_statements=True, settings=(("autovacuum", "off"),))
    with scratch.throwaway(wanted) as running:
        yield running


@pytest.fixture
def shop_settings() -> Settings:
    return run.shop_settings()


@pytest.fixture
def hurried(shop_settings: Settings) -> Settings:
    """The shop, without the pauses that a person or a slow start needs."""
    workload = shop_settings.of_driver(LocalWorkload)
    assert workload is not None
    rollout = replace(
        shop_settings.rollout, soak=timedelta(0), poll_interval=timedelta(milliseconds=300)
    )
    return replace(shop_settings, rollout=rollout).with_driver(
        replace(
            workload,
            min_ready=timedelta(milliseconds=700),
            environment=(("DRAIN_SECONDS", "4"),),  # on a machine that stands still
        )
    )


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """Databases that were upgraded once, by revision."""
    return {}


@pytest.fixture
def database(server: Server, shop_settings: Settings, templates: dict[str, str]) -> Database:
    """Make the shop's database at a revision, and return its URL."""

    def make(revision: str) -> str:
        if revision not in templates:
            dsn = ledger.create_database(server.dsn, f"at_{revision}")
            run.alembic(shop_settings, dsn, "upgrade", revision)
            templates[revision] = dsn
        dsn = templates[revision]
        name = f"shop_{uuid.uuid4().hex}"
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "at_{revision}"'.encode())
        return dsn.replace(f"/at_{revision}", f"/{name}")

    return make
