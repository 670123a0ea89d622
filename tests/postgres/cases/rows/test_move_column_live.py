"""The triggers and the copy of columns that move, on real servers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.unit import schemas
from tests.waiting import until_true
from zdm.model.plan import Backfill, Phase, Plan, RunSql
from zdm.planning import classify, schedule
from zdm.postgres.backfill import batch, key_walk
from zdm.postgres.catalog import read
from zdm.postgres.session import connection

Connection = psycopg.Connection[tuple[object, ...]]
ROWS = 20
BEFORE = f"""
CREATE TABLE users (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, bio text, photo text);
INSERT INTO users SELECT n, n, 'was ' || n, 'photo' FROM generate_series(1, {ROWS}) AS n;
"""
MOVE = """
CREATE TABLE profiles (id int PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    bio text, photo text);
INSERT INTO profiles SELECT id, bio, photo FROM users
WHERE bio IS NOT NULL OR photo IS NOT NULL;
ALTER TABLE users DROP COLUMN bio, DROP COLUMN photo;
"""
BLOCKED = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND datname = current_database())"
)


@contextmanager
def connected(url: str, role: str = "") -> Iterator[Connection]:
    with connection.connect(url, name="tests") as own:
        if role:
            own.execute(f"SET ROLE {role}".encode())
        yield own


def begun(own: Connection) -> Plan:
    """The plan, with all steps of EXPAND done."""
    own.execute(BEFORE.encode())
    snapshot, train = read.read(own), schemas.train(MOVE)
    plan = schedule.plan(
        classify.classify(train, snapshot), name="p", train=train, snapshot=snapshot
    )
    for step in plan.steps:
        if isinstance(step, RunSql) and step.phase is Phase.EXPAND:
            with own.transaction():
                for sql in step.sql:
                    own.execute(sql.encode())
    return plan


def fill(plan: Plan) -> Backfill:
    (step,) = (step for step in plan.steps if isinstance(step, Backfill))
    return step


def copied(own: Connection, step: Backfill) -> None:
    (walk,) = key_walk.walks(own, step)
    rows = batch.unlocked(step, walk, "true")
    own.execute(batch.update(step, walk, rows).encode())


def rows(own: Connection, one: int) -> tuple[object, object]:
    """What each version sees of a row."""
    query = "SELECT {} FROM {} WHERE id = %s"
    found = [
        own.execute(query.format("bio, photo", table).encode(), (one,)).fetchone()
        for table in ("users", "profiles")
    ]
    return found[0], found[1]


def differing(own: Connection, step: Backfill) -> int:
    row = own.execute(f"SELECT count(*) FROM users WHERE {step.differs}".encode()).fetchone()
    assert row is not None
    return int(str(row[0]))


def test_a_row_that_is_being_copied_is_not_changed_meanwhile(every_database: str) -> None:
    """Else the copy would write what it has read over what the other one wrote."""
    url = every_database
    with connected(url) as own, connected(url) as other, connected(url) as application:
        step = fill(begun(own))
        other.autocommit = False
        other.execute("INSERT INTO profiles VALUES (5, 'was 5', 'photo')")
        copying = threading.Thread(target=copied, args=(own, step))
        copying.start()
        until_true(application, BLOCKED)
        application.execute("SET lock_timeout = '200ms'")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            application.execute("UPDATE users SET bio = 'new' WHERE id = 7")

        other.rollback()
        copying.join()
        application.execute("UPDATE users SET bio = 'new' WHERE id = 7")

        assert rows(application, 7) == (("new", "photo"), ("new", "photo"))
        assert differing(application, step) == 0


OLD = {
    "INSERT INTO users VALUES (30, 1, 'x')": (30, ("x", None), ("x", None)),
    "INSERT INTO users VALUES (30, 1)": (30, (None, None), None),
    "UPDATE users SET bio = 'x' WHERE id = 3": (3, ("x", "photo"), ("x", "photo")),
    "UPDATE users SET bio = NULL WHERE id = 3": (3, (None, "photo"), (None, "photo")),
    "UPDATE users SET bio = NULL, photo = NULL WHERE id = 3": (3, (None, None), None),
    "DELETE FROM users WHERE id = 3": (3, None, None),
}
NEW = {
    "INSERT INTO users VALUES (30, 1); INSERT INTO profiles VALUES (30, 'y')": (
        30,
        ("y", None),
        ("y", None),
    ),
    "UPDATE profiles SET bio = 'y' WHERE id = 3": (3, ("y", "photo"), ("y", "photo")),
    "UPDATE profiles SET bio = NULL, photo = NULL WHERE id = 3": (
        3,
        (None, None),
        (None, None),
    ),
    "DELETE FROM profiles WHERE id = 3": (3, (None, None), None),
    "DELETE FROM profiles WHERE id = 4; UPDATE profiles SET id = 4 WHERE id = 3": (
        3,
        (None, None),
        None,
    ),
    "DELETE FROM users WHERE id = 3": (3, None, None),
}


@pytest.mark.parametrize("sql", [*OLD, *NEW])
def test_what_a_version_writes_is_seen_by_both(every_database: str, sql: str) -> None:
    one, old, new = {**OLD, **NEW}[sql]
    with connected(every_database) as own:
        step = fill(begun(own))
        copied(own, step)
        own.execute(sql.encode())

        assert rows(own, one) == (old, new)
        assert differing(own, step) == 0


def test_a_session_of_replication_passes_no_trigger(every_database: str) -> None:
    with connected(every_database) as own:
        copied(own, step := fill(begun(own)))
        own.execute("SET session_replication_role = replica")
        own.execute("UPDATE users SET bio = 'old' WHERE id = 1")
        own.execute("UPDATE profiles SET bio = 'new' WHERE id = 2")

        assert differing(own, step) == 0


def test_an_application_needs_no_rights_on_the_other_table(every_database: str) -> None:
    with connected(every_database) as own:
        copied(own, step := fill(begun(own)))
        for role, table in (("moves_old", "users"), ("moves_new", "profiles")):
            own.execute(f"DROP ROLE IF EXISTS {role}".encode())
            own.execute(f"CREATE ROLE {role}".encode())
            own.execute(f"GRANT SELECT, UPDATE ON {table} TO {role}".encode())
            with connected(every_database, role) as application:
                application.execute(f"UPDATE {table} SET bio = 'x' WHERE id = 1".encode())
                application.execute(f"UPDATE {table} SET bio = '{role}' WHERE id = 1".encode())

            assert rows(own, 1) == ((role, "photo"), (role, "photo"))

            own.execute(f"DROP OWNED BY {role}".encode())
            own.execute(f"DROP ROLE {role}".encode())

        assert differing(own, step) == 0
