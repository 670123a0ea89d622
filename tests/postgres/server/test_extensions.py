"""Extensions that a migration creates: trusted, on the list, off the list."""

import pytest

from tests.conftest import fresh_database
from tests.postgres.catalog.test_rebuild import read
from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.planning import classify, schedule
from zdm.postgres.replay import replay
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

T = "CREATE TABLE t (id bigint PRIMARY KEY, a text);"


def verified(server: Server, migration: str, *allowed: str) -> Verification:
    with fresh_database(server) as url:
        start = read(url, T)
    train = schemas.train(migration)
    found = classify.classify(train, start)
    plan = schedule.plan(found, name="m", train=train, snapshot=start)
    return replay.replay(plan, start, server, allowed)


def test_a_trusted_extension_is_created_by_the_author_s_role(server: Server) -> None:
    found = verified(server, "CREATE EXTENSION citext; ALTER TABLE t ADD COLUMN z citext;")

    assert found.findings == ()
    assert found.notes == ()


@pytest.mark.parametrize("condition", ["", "IF NOT EXISTS "], ids=["plain", "if not exists"])
def test_one_on_the_list_is_created_beforehand(server: Server, condition: str) -> None:
    found = verified(
        server,
        f"CREATE EXTENSION {condition}pg_stat_statements WITH SCHEMA public;"
        "CREATE VIEW seen AS SELECT query FROM pg_stat_statements;",
    )

    assert found.findings == ()
    assert found.notes == (
        "the extension pg_stat_statements was created beforehand, since only a superuser may;"
        " the step that creates it was not replayed",
    )


def test_on_every_version_as_well(every_server: Server) -> None:
    assert verified(every_server, "CREATE EXTENSION earthdistance CASCADE;").findings == ()


def test_one_off_the_list_is_refused_by_name(server: Server) -> None:
    with pytest.raises(RefusedError, match="the extension file_fdw, which only a superuser"):
        verified(server, "CREATE EXTENSION file_fdw;")


def test_the_setting_adds_to_the_list(server: Server) -> None:
    found = verified(server, "CREATE EXTENSION file_fdw;", "file_fdw")

    assert found.findings == ()


def test_one_that_the_server_does_not_have_is_refused_by_name(server: Server) -> None:
    with pytest.raises(RefusedError, match="no_such, which is not installed"):
        verified(server, "CREATE EXTENSION no_such;")


def test_what_an_option_says_is_no_sql(server: Server) -> None:
    version = "1.0''; CREATE ROLE evil SUPERUSER; --"
    with pytest.raises(RefusedError, match="invalid extension version name"):
        verified(server, f"CREATE EXTENSION pg_stat_statements VERSION '{version}';")
    with connection.connect(server.dsn, name="test") as conn:
        row = conn.execute("SELECT FROM pg_roles WHERE rolname = 'evil'").fetchone()

    assert row is None
