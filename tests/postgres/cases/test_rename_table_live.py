"""The view of a renamed table on real servers: writers of both versions, and its rights."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from tests.unit import schemas
from tests.waiting import until
from zdm.errors import RefusedError
from zdm.model.plan import Phase, Plan, RunSql
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.session import connection

Connection = psycopg.Connection[tuple[object, ...]]
RENAME = "ALTER TABLE users RENAME TO accounts;"
TABLE = "CREATE TABLE users (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, secret text)"
ROWS = 20
INVOKER_MAJOR = 15


@contextmanager
def connected(url: str, role: str = "") -> Iterator[Connection]:
    with connection.connect(url, name="tests") as own:
        if role:
            own.execute(f"SET ROLE {role}".encode())
        yield own


def planned(own: Connection, sql: str = RENAME) -> Plan:
    snapshot, train = read.read(own), schemas.train(sql)
    return schedule.plan(
        classify.classify(train, snapshot), name="p", train=train, snapshot=snapshot
    )


def of_phase(plan: Plan, phase: Phase) -> RunSql:
    (step,) = (s for s in plan.steps if isinstance(s, RunSql) and s.phase is phase)
    return step


def run(own: Connection, statements: tuple[str, ...]) -> None:
    with own.transaction():
        for sql in statements:
            own.execute(sql.encode())


def undo(own: Connection, step: RunSql) -> None:
    assert isinstance(step.undo, tuple)
    run(own, step.undo)


def one(own: Connection, sql: str) -> object:
    row = own.execute(sql.encode()).fetchone()
    return row and row[0]


@pytest.fixture
def owned(every_database: str) -> Iterator[Connection]:
    """The database, with its tables of a role that is no superuser, and some more roles."""
    with connected(every_database) as own:
        for role in ("case_owner", "case_app", "case_other"):
            try:
                own.execute(f"CREATE ROLE {role}".encode())
            except psycopg.errors.DuplicateObject:
                continue
        own.execute(b"GRANT CREATE, USAGE ON SCHEMA public TO case_owner")
        own.execute(b"GRANT USAGE ON SCHEMA public TO case_app, case_other")
        own.execute(b"SET ROLE case_owner")
        own.execute(TABLE.encode())
        own.execute(b"INSERT INTO users SELECT n FROM generate_series(1, 20) AS n")
        own.execute(b"GRANT SELECT, UPDATE ON users TO case_app")
        yield own


def rights(own: Connection, role: str, relation: str) -> list[str]:
    return [
        word
        for word in ("SELECT", "INSERT", "UPDATE", "DELETE")
        if one(own, f"SELECT has_table_privilege('{role}', '{relation}', '{word}')")
    ]


def test_its_owner_runs_the_plan_and_the_application_has_its_rights(owned: Connection) -> None:
    plan = planned(owned)
    run(owned, of_phase(plan, Phase.EXPAND).sql)
    owned.execute(b"SET ROLE case_app")
    owned.execute(b"UPDATE users SET n = 5 WHERE id = 1")

    assert one(owned, "SELECT n FROM accounts WHERE id = 1") == 5
    assert rights(owned, "case_app", "users") == ["SELECT", "UPDATE"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owned.execute(b"DELETE FROM users")

    owned.execute(b"SET ROLE case_owner")
    run(owned, of_phase(plan, Phase.DROP).sql)

    assert one(owned, "SELECT to_regclass('users')") is None


def test_another_role_runs_the_plan_and_the_owner_keeps_its_rights(owned: Connection) -> None:
    owned.execute(b"RESET ROLE")
    run(owned, of_phase(planned(owned), Phase.EXPAND).sql)
    owned.execute(b"SET ROLE case_owner")

    assert one(owned, "SELECT count(*) FROM users") == ROWS


def test_default_privileges_grant_nothing_on_the_view(owned: Connection) -> None:
    owned.execute(b"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO case_other, PUBLIC")
    run(owned, of_phase(planned(owned), Phase.EXPAND).sql)

    assert rights(owned, "case_other", "users") == []


def test_grants_on_columns_are_enough_as_they_were(owned: Connection) -> None:
    owned.execute(b"GRANT SELECT (id), UPDATE (n) ON users TO case_other")
    run(owned, of_phase(planned(owned), Phase.EXPAND).sql)
    owned.execute(b"SET ROLE case_other")
    owned.execute(b"UPDATE users SET n = 7 WHERE id = 2")

    assert one(owned, "SELECT max(id) FROM users") == ROWS
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owned.execute(b"SELECT secret FROM users")


def test_an_owner_without_rights_stops_a_view_that_would_use_them(owned: Connection) -> None:
    owned.execute(b"GRANT SELECT (id) ON users TO case_other")
    (check,) = of_phase(planned(owned), Phase.EXPAND).preconditions
    with_rights = one(owned, check.sql)
    owned.execute(b"REVOKE INSERT ON users FROM case_owner")

    assert (with_rights, one(owned, check.sql)) == (True, False)


def test_row_security_applies_through_the_view_or_the_rename_is_refused(
    owned: Connection,
) -> None:
    owned.execute(b"ALTER TABLE users ENABLE ROW LEVEL SECURITY")
    owned.execute(b"CREATE POLICY own ON users USING (current_user = 'case_app' AND id < 4)")
    if owned.info.server_version // 10000 < INVOKER_MAJOR:
        with pytest.raises(RefusedError, match="row security"):
            planned(owned)
        return
    run(owned, of_phase(planned(owned), Phase.EXPAND).sql)
    owned.execute(b"SET row_security = on")  # as an application has it; zdm's sessions do not
    owned.execute(b"SET ROLE case_app")

    assert one(owned, "SELECT count(*) FROM users") == 3


DEFAULTED = """
CREATE DOMAIN named AS text DEFAULT 'of the domain';
ALTER TABLE users ADD COLUMN a named DEFAULT 'own', ADD COLUMN b named,
    ADD COLUMN c named DEFAULT NULL;
"""


def test_an_insert_by_the_former_name_has_the_defaults_of_the_table(owned: Connection) -> None:
    owned.execute(DEFAULTED.encode())
    run(owned, of_phase(planned(owned), Phase.EXPAND).sql)
    owned.execute(b"INSERT INTO users (id, secret) VALUES (901, 's')")
    owned.execute(b"INSERT INTO accounts (id, secret) VALUES (902, 's')")
    rows = owned.execute(b"SELECT n, a, b, c FROM users WHERE id > 900").fetchall()

    assert rows == [(0, "own", "of the domain", None)] * 2


def test_a_generated_column_of_a_domain_with_a_default_is_refused(owned: Connection) -> None:
    owned.execute(DEFAULTED.encode())
    owned.execute(b"ALTER TABLE users ADD COLUMN d named GENERATED ALWAYS AS (secret) STORED")

    with pytest.raises(RefusedError, match="the generated column d the default of its domain"):
        planned(owned)


def test_an_undo_of_what_was_not_done_does_nothing(owned: Connection) -> None:
    step = of_phase(planned(owned), Phase.EXPAND)
    before = read.read(owned)
    undo(owned, step)
    run(owned, step.sql)
    undo(owned, step)
    undo(owned, step)

    assert read.read(owned) == before


WITH_COLUMNS = """
ALTER TABLE users RENAME COLUMN secret TO n_;
ALTER TABLE users RENAME TO accounts;
ALTER TABLE accounts RENAME COLUMN n TO secret;
ALTER TABLE accounts RENAME COLUMN n_ TO n;
"""
WITH_COLUMN = f"{RENAME} ALTER TABLE accounts RENAME COLUMN secret TO word;"
BY_FORMER_NAMES = (
    ("INSERT INTO users (id, n, secret) VALUES (100, 1, 'a') RETURNING n, secret", (1, "a")),
    (
        "INSERT INTO users AS u (id, n, secret) VALUES (101, 2, 'b') ON CONFLICT (secret)"
        " WHERE secret IS NOT NULL DO UPDATE SET n = 9 RETURNING u.secret, u.n",
        ("b", 2),
    ),
    (
        "INSERT INTO users (id, n, secret) VALUES (102, 3, 'a') ON CONFLICT (secret)"
        " WHERE secret IS NOT NULL DO UPDATE SET n = users.n + EXCLUDED.n RETURNING id, n",
        (100, 4),
    ),
    ("UPDATE users SET secret = n || 'x', n = 5 WHERE n = 4 RETURNING *", (100, 5, "4x")),
    ("DELETE FROM users WHERE secret = '4x' RETURNING users.n", (5,)),
    ("INSERT INTO users (id) VALUES (103) RETURNING n, secret", (0, None)),
)


def test_columns_renamed_with_the_table_are_used_by_their_former_names(
    owned: Connection,
) -> None:
    owned.execute(b"CREATE UNIQUE INDEX one ON users (secret) WHERE secret IS NOT NULL")
    owned.execute(b"GRANT INSERT, DELETE ON users TO case_app")
    plan = planned(owned, WITH_COLUMNS)
    run(owned, of_phase(plan, Phase.EXPAND).sql)
    owned.execute(b"SET ROLE case_app")
    found = [owned.execute(sql.encode()).fetchone() for sql, _ in BY_FORMER_NAMES]

    assert found == [expected for _, expected in BY_FORMER_NAMES]
    assert one(owned, "SELECT n FROM accounts WHERE secret = 2") == "b"

    owned.execute(b"SET ROLE case_owner")
    undo(owned, of_phase(plan, Phase.EXPAND))

    assert one(owned, "SELECT secret FROM users WHERE n = 2") == "b"


def test_grants_on_renamed_columns_are_enough_as_they_were(owned: Connection) -> None:
    owned.execute(b"GRANT SELECT (id, n), UPDATE (n) ON users TO case_other")
    run(owned, of_phase(planned(owned, WITH_COLUMNS), Phase.EXPAND).sql)
    owned.execute(b"SET ROLE case_other")
    owned.execute(b"UPDATE users SET n = 7 WHERE id = 2")

    assert one(owned, "SELECT max(n) FROM users") == 7
    assert one(owned, "SELECT max(secret) FROM accounts") == 7
    for sql in (b"SELECT secret FROM users", b"SELECT n FROM accounts"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owned.execute(sql)


def test_the_view_stays_while_a_function_names_it(owned: Connection) -> None:
    body = "AS 'SELECT count(*) FROM {}'"
    made = "CREATE OR REPLACE FUNCTION how_many() RETURNS bigint LANGUAGE sql " + body
    owned.execute(made.format("Users").encode())
    plan = planned(owned)
    run(owned, of_phase(plan, Phase.EXPAND).sql)
    (check,) = of_phase(plan, Phase.DROP).preconditions
    named = one(owned, check.sql)
    owned.execute(made.format("accounts").encode())

    assert (named, one(owned, check.sql)) == (False, True)


@dataclass
class Writers:
    """Threads that count up rows by one name of the table, with prepared statements."""

    url: str
    table: str
    stop: threading.Event = field(default_factory=threading.Event)
    written: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def write(self, key: int) -> None:
        with connection.connect(self.url, name="tests") as own:
            own.prepare_threshold = 0
            update = f"UPDATE {self.table} SET n = n + 1 WHERE id = %s RETURNING *"
            insert = f"INSERT INTO {self.table} (id) VALUES (%s) ON CONFLICT (id) DO NOTHING"
            while not self.stop.is_set():
                try:
                    own.execute(update.encode(), (key,))
                    own.execute(insert.encode(), (key,))
                except psycopg.Error as error:
                    self.failures.append(str(error))
                    return
                self.written[key] += 1

    def wait_for(self, writes: int) -> None:
        before = self.written.total()
        until(lambda: self.failures or self.written.total() >= before + writes)


@contextmanager
def writing(url: str, table: str, keys: range) -> Iterator[Writers]:
    writers = Writers(url, table)
    threads = [threading.Thread(target=writers.write, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.more
@pytest.mark.parametrize("sql", [RENAME, WITH_COLUMN], ids=["table", "table and column"])
def test_no_write_fails_or_is_lost_there_back_and_there_again(
    every_database: str, sql: str
) -> None:
    with connected(every_database) as own:
        own.execute(TABLE.encode())
        own.execute(b"INSERT INTO users SELECT n FROM generate_series(1, 20) AS n")
        plan = planned(own, sql)
        expand = of_phase(plan, Phase.EXPAND)
        with writing(every_database, "users", range(1, 4)) as old:
            old.wait_for(50)
            run(own, expand.sql)
            with writing(every_database, "accounts", range(3, 6)) as first:
                old.wait_for(50)
                first.wait_for(50)
            undo(own, expand)
            old.wait_for(50)
            run(own, expand.sql)
            old.wait_for(50)
        with writing(every_database, "accounts", range(3, 6)) as new:
            new.wait_for(50)
            run(own, of_phase(plan, Phase.DROP).sql)
            new.wait_for(50)
        written = old.written + first.written + new.written

        assert [old.failures, first.failures, new.failures] == [[], [], []]
        assert one(own, "SELECT sum(n)::bigint FROM accounts") == written.total()


COUNTED = "ALTER TABLE users ADD COLUMN seq serial; ALTER TABLE users ADD COLUMN k int"


@pytest.mark.parametrize("migration", [RENAME, "ALTER TABLE users SET SCHEMA moved;"])
def test_the_plan_says_that_the_view_hides_the_sequence_of_a_column(
    owned: Connection, migration: str
) -> None:
    owned.execute(b"RESET ROLE")
    owned.execute(b"CREATE SCHEMA moved")
    owned.execute(b"GRANT USAGE, CREATE ON SCHEMA moved TO PUBLIC")
    before = planned(owned, migration)
    owned.execute(COUNTED.encode())
    plan = planned(owned, migration)
    run(owned, of_phase(plan, Phase.EXPAND).sql)

    assert one(owned, "SELECT setval(pg_get_serial_sequence('users', 'seq'), 7)") is None
    assert any("pg_get_serial_sequence, which gives NULL" in h.message for h in plan.hazards)
    assert not any("pg_get_serial_sequence" in h.message for h in before.hazards)


@pytest.mark.parametrize("table", ["users", "parts"], ids=["referred", "refers"])
def test_foreign_keys_look_for_a_moved_table_with_its_owners_rights(
    owned: Connection, table: str
) -> None:
    owned.execute(b"CREATE TABLE parts (id int PRIMARY KEY, u int REFERENCES users)")
    owned.execute(b"GRANT ALL ON users, parts TO case_app")
    owned.execute(b"RESET ROLE")
    owned.execute(b"CREATE SCHEMA moved")
    owned.execute(b"GRANT USAGE ON SCHEMA moved TO case_app, case_other")
    step = of_phase(planned(owned, f"ALTER TABLE {table} SET SCHEMA moved;"), Phase.EXPAND)
    (finds,) = [c for c in step.preconditions if "has no USAGE on schema" in c.failure]

    def answer() -> object:
        return one(owned, finds.sql)

    assert answer() is False

    run(owned, step.sql)
    owned.execute(b"SET ROLE case_app")
    says = "INSERT INTO parts VALUES (1, 1)" if table == "users" else "DELETE FROM users"

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema moved"):
        owned.execute(says.encode())

    owned.execute(b"RESET ROLE")
    owned.execute(b"GRANT USAGE ON SCHEMA moved TO case_owner")

    assert answer() is True

    owned.execute(b"SET ROLE case_app")
    owned.execute(says.encode())
