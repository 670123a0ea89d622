"""A server for the folder, and the shop's database at a revision."""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest

from zdm.config import Settings
from zdm.postgres import ledger, provider
from zdm.postgres.provider import Server, Wanted
from zdm.workflows import demo

Database = Callable[[str], str]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with provider.throwaway(Wanted(log_statements=True)) as running:
        yield running


@pytest.fixture
def shop_settings() -> Settings:
    return demo.shop_settings()


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
            demo.alembic(shop_settings, dsn, "upgrade", revision)
            templates[revision] = dsn
        dsn = templates[revision]
        name = f"shop_{uuid.uuid4().hex}"
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "at_{revision}"'.encode())
        return dsn.replace(f"/at_{revision}", f"/{name}")

    return make
