"""Integers that get wider, while sessions that were there before write on."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors

from tests import case as cases
from tests.case import Watching
from tests.postgres.cases import writing
from tests.postgres.cases.test_cases_live import revert
from zdm.errors import ZdmError
from zdm.execute.events import Event, StepDone
from zdm.model.release import RunState
from zdm.postgres.session import connection, owners

BEYOND = 3_000_000_000
BEFORE = """
CREATE TABLE users (id serial PRIMARY KEY, name text);
CREATE TABLE carts (id bigserial PRIMARY KEY, user_id int NOT NULL REFERENCES users);
CREATE FUNCTION positive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.id <= 0 THEN RAISE 'not positive'; END IF; RETURN NEW; END $$;
CREATE TRIGGER positive BEFORE INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION positive();
INSERT INTO users (name) SELECT 'u' || g FROM generate_series(1, 50) AS g;
INSERT INTO carts (user_id) SELECT g FROM generate_series(1, 50) AS g;
"""
WIDER = """
ALTER TABLE users ALTER id TYPE bigint;
ALTER TABLE carts ALTER user_id TYPE bigint;
ALTER SEQUENCE users_id_seq AS bigint;
"""
INSERT = "INSERT INTO users (name) VALUES ('new') RETURNING id"
Session = psycopg.Connection[tuple[int, ...]]


@pytest.fixture
def majors_database(every_database: str) -> str:
    writing.run(every_database, BEFORE)
    return every_database


@contextmanager
def a_session(url: str, **options: int | None) -> Iterator[Session]:
    with psycopg.connect(url, autocommit=True, **options) as own:  # type: ignore[arg-type]
        yield own


@pytest.mark.more
def test_a_session_that_was_there_before_writes_on(majors_database: str) -> None:
    url, ids = majors_database, list[int]()
    plan = writing.planned(url, WIDER)
    with a_session(url, prepare_threshold=None) as old:

        def write(event: Event) -> None:
            if isinstance(event, StepDone):
                ((id_,),) = old.execute(INSERT).fetchall()
                old.execute(f"INSERT INTO carts (user_id) VALUES ({id_})".encode())
                ids.append(id_)

        assert cases.run(url, plan, watching=Watching(write)) is RunState.CONTRACTED

    assert ids == list(range(51, 51 + len(ids)))
    assert len(writing.rows(url, "SELECT FROM carts JOIN users ON users.id = user_id")) == (
        50 + len(ids)
    )


@pytest.mark.more
def test_a_value_beyond_the_narrow_type_is_taken_after_the_contract(
    majors_database: str,
) -> None:
    url = majors_database
    plan = writing.planned(url, WIDER)
    cases.run(url, plan, until=RunState.BACKFILLED)
    with a_session(url) as own, pytest.raises(errors.NumericValueOutOfRange):
        own.execute(f"INSERT INTO users (id) VALUES ({BEYOND})".encode())
    cases.run(url, plan)
    writing.run(url, f"INSERT INTO users (id) VALUES ({BEYOND})")
    writing.run(url, f"INSERT INTO carts (user_id) VALUES ({BEYOND})")
    writing.run(url, f"SELECT setval('users_id_seq', {BEYOND}); {INSERT}")

    assert writing.rows(url, "SELECT max(id) FROM users") == [(BEYOND + 1,)]


@pytest.mark.more
def test_a_prepared_statement_with_the_column_fails_once_after_the_switch(
    majors_database: str,
) -> None:
    """As the plan says: psycopg forgets its statements with the transaction that fails."""
    url = majors_database
    plan = writing.planned(url, WIDER)
    read = b"SELECT id FROM users WHERE id = 1"
    with psycopg.connect(url, prepare_threshold=0) as own:
        own.execute(read)
        own.commit()
        cases.run(url, plan, until=RunState.BACKFILLED)
        with pytest.raises(errors.FeatureNotSupported, match="cached plan"):
            own.execute(read)
        own.rollback()

        assert own.execute(read).fetchall() == [(1,)]


@pytest.mark.more
def test_the_way_back_keeps_what_was_written_after_the_switch(majors_database: str) -> None:
    url = majors_database
    start = cases.read(url)
    plan = writing.planned(url, WIDER)
    cases.run(url, plan, until=RunState.BACKFILLED)
    with a_session(url) as own:
        own.execute(INSERT)
        own.execute(b"DELETE FROM carts WHERE user_id = 7; DELETE FROM users WHERE id = 7")
        own.execute(b"UPDATE users SET id = 600 WHERE id = 51")
    revert(url, plan)

    assert cases.differences(start, cases.read(url)) == ()
    assert writing.rows(url, "SELECT max(id), count(*) FROM users") == [(600, 50)]


POSITIONS = """
CREATE TABLE lines (id int PRIMARY KEY, amount int DEFAULT 7, note text, price int NOT NULL);
"""
WIDER_LINES = "ALTER TABLE lines ALTER amount TYPE bigint, ALTER price TYPE bigint;"


@pytest.mark.more
@pytest.mark.parametrize("until", [RunState.EXPANDED, RunState.BACKFILLED])
def test_an_insert_without_columns_fills_them_until_the_contract(
    every_database: str, until: RunState
) -> None:
    url = every_database
    writing.run(url, POSITIONS)
    cases.run(url, writing.planned(url, WIDER_LINES), until=until)
    writing.run(url, "INSERT INTO lines VALUES (1, 2, 'a', 3)")
    writing.run(url, "INSERT INTO lines (id, price) VALUES (2, 4)")
    writing.run(url, "INSERT INTO lines (id, price, amount) VALUES (3, 5, NULL)")

    found = writing.rows(url, "SELECT id, amount, price FROM lines ORDER BY id")
    assert found == [(1, 2, 3), (2, 7, 4), (3, None, 5)]


@pytest.mark.more
def test_an_identity_keeps_the_rights_and_the_comment_of_its_sequence(
    every_database: str,
) -> None:
    url = every_database
    writing.run(
        url,
        "DO $$BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END$$;"
        "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY, n int);"
        "GRANT USAGE ON SEQUENCE a_id_seq TO PUBLIC;"
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO reader;"
        "COMMENT ON SEQUENCE a_id_seq IS 'numbers'",
    )
    rights = (
        "SELECT a.grantee = 0, privilege_type, obj_description(oid, 'pg_class')"
        " FROM pg_class, aclexplode(relacl) AS a"
        " WHERE relname = 'a_id_seq' AND a.grantee <> relowner"
    )
    plan = writing.planned(url, "ALTER TABLE a ALTER id TYPE bigint;")
    cases.run(url, plan, until=RunState.BACKFILLED)
    there = writing.rows(url, rights)
    revert(url, plan)

    assert there == writing.rows(url, rights) == [(True, "USAGE", "numbers")]


@pytest.mark.more
def test_a_session_runs_a_function_of_another_table_again(every_database: str) -> None:
    url = every_database
    writing.run(
        url,
        BEFORE + "CREATE FUNCTION next_of(u int) RETURNS bigint LANGUAGE plpgsql AS $$"
        " DECLARE r record; BEGIN SELECT * INTO r FROM users WHERE id = u;"
        " RETURN r.id + 1; END$$",
    )
    plan = writing.planned(url, WIDER)
    with a_session(url, prepare_threshold=None) as old:
        before = old.execute(b"SELECT next_of(5)").fetchall()
        cases.run(url, plan, until=RunState.BACKFILLED)

        assert before == old.execute(b"SELECT next_of(5)").fetchall() == [(6,)]


@pytest.mark.more
def test_rows_that_violate_a_check_that_is_not_valid_stop_the_first_step(
    every_database: str,
) -> None:
    url = every_database
    writing.run(
        url,
        "CREATE TABLE a (id bigint PRIMARY KEY, n int); INSERT INTO a VALUES (1, -1);"
        "ALTER TABLE a ADD CONSTRAINT positive CHECK (n > 0) NOT VALID",
    )
    plan = writing.planned(url, "ALTER TABLE a ALTER n TYPE bigint;")
    with pytest.raises(ZdmError, match="the check positive, which is NOT VALID"):
        cases.run(url, plan)

    assert writing.rows(url, "SELECT * FROM a") == [(1, -1)]


@pytest.mark.more
def test_a_function_of_another_role_is_named_before_the_run(every_database: str) -> None:
    url = every_database
    writing.run(
        url,
        BEFORE + "DO $$BEGIN CREATE ROLE other; EXCEPTION WHEN duplicate_object THEN NULL;"
        " END$$; DO $$BEGIN CREATE ROLE migrator; EXCEPTION WHEN duplicate_object THEN NULL;"
        " END$$; ALTER FUNCTION positive() OWNER TO other;"
        "ALTER TABLE users OWNER TO migrator; ALTER TABLE carts OWNER TO migrator;",
    )
    plan = writing.planned(url, WIDER)
    with connection.connect(url, name="tests") as own:
        own.execute(b"SET SESSION AUTHORIZATION migrator")
        refused = owners.refusal(own, plan)

    assert refused is not None
    assert "does not own the function positive() (of other)" in refused.message
