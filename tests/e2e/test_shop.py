"""The shop: its two versions answer alike, each on its schema, and its migrations hold."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from tests.e2e.conftest import Database
from tests.rollout.conftest import Application
from tests.waiting import PATIENCE, until
from zdm.config.settings import Settings
from zdm.demo import run
from zdm.model.release import RolloutComplete, Version
from zdm.postgres.server.provider import Server
from zdm.rollout.local.driver import Local
from zdm.rollout.local.settings import LocalWorkload

Ask = Callable[..., tuple[int, Any]]
Serve = Callable[[str, str], AbstractContextManager[Ask]]

VERSIONS = [pytest.param("v1", "0004", id="v1"), pytest.param("v2", "head", id="v2")]


@pytest.fixture
def serve(shop_settings: Settings, tmp_path: Path) -> Serve:
    """One process of a version on a database; what it gives asks it."""

    @contextmanager
    def running(version: str, dsn: str) -> Iterator[Ask]:
        declared = shop_settings.of_driver(LocalWorkload)
        assert declared is not None
        workload = replace(
            declared,
            replicas=1,
            first_port=0,
            min_ready=timedelta(0),
            directory=tmp_path,
            environment=(("DATABASE_URL", dsn), ("DRAIN_SECONDS", "0")),
        )
        shop = Application(Local(workload=workload), go_on=tmp_path / "go_on")
        shop.driver.deploy(Version(version))
        shop.until_status(Version(version), RolloutComplete)
        [port] = shop.driver.ready_ports()
        yield partial(ask, port)
        shop.driver.stop()
        shop.until(lambda: not shop.driver.is_supervised())

    return running


def ask(port: int, method: str, path: str, **body: object) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, json.dumps(body) if body else None)
    answer = connection.getresponse()
    data = json.loads(answer.read())
    connection.close()
    return answer.status, data


@pytest.mark.parametrize(("version", "revision"), VERSIONS)
def test_both_versions_answer_alike(
    version: str, revision: str, database: Database, serve: Serve
) -> None:
    with serve(version, database(revision)) as ask:
        status, added = ask("POST", "/users", email="ann@example.com", name="Ann")
        answers = [
            ask("PUT", "/users/1/email", email="ann@example.org"),
            ask("PUT", "/users/1/name", name="Anna"),
            ask("GET", "/users/1"),
            ask("POST", "/users/find", email="ann@example.org"),
            ask("POST", "/users/1/orders", product=2, quantity=3),
            ask("GET", "/users/1/orders"),
            ask("GET", "/users/99"),
            ask("GET", "/nothing"),
        ]

    assert (status, added["id"]) == (201, 1)
    order = {"id": 1, "product": "Tea towel", "quantity": 3, "status": "new"}
    assert answers == [
        (200, {"updated": 1}),
        (200, {"updated": 1}),
        (200, {"id": 1, "email": "ann@example.org", "name": "Anna", "version": version}),
        (200, [{"id": 1, "name": "Anna"}]),
        (201, {"id": 1}),
        (200, [order]),
        (404, {"error": "no such user"}),
        (404, {"error": "no GET /nothing"}),
    ]


@pytest.mark.parametrize(("version", "revision"), VERSIONS)
def test_its_sessions_are_named_and_its_statements_prepared(
    version: str, revision: str, database: Database, server: Server, serve: Serve
) -> None:
    dsn = database(revision)
    with serve(version, dsn) as ask:
        ask("POST", "/users", email="ann@example.com", name="Ann")
        for _ in range(5):
            ask("GET", "/users/1")
        with psycopg.connect(dsn) as connection:
            names = connection.execute(
                "SELECT DISTINCT application_name FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            ).fetchall()

    assert names == [(f"zdm-app:{version}/shop/shop-1",)]
    assert server.log_directory is not None
    log = server.log_directory / "server.csv"
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]

    def executed() -> list[str]:
        lines = log.read_text().splitlines()
        return [line for line in lines if f'"{name}"' in line and "_pg3_" in line]

    assert until(executed)  # the log collector is a process of its own


def test_the_migrations_lead_to_the_models_and_back(
    database: Database, shop_settings: Settings
) -> None:
    dsn = database("head")

    run.alembic(shop_settings, dsn, "check")
    run.alembic(shop_settings, dsn, "downgrade", "base")
    with psycopg.connect(dsn) as connection:
        left = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()

    assert left == [("alembic_version",)]
