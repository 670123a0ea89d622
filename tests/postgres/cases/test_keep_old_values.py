"""`-- zdm: keep old values` on a real server: a rollback gives every row its right value."""

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from tests.unit import schemas
from tests.waiting import until, until_true
from zdm.errors import RefusedError, StoppedError, TemporaryError
from zdm.execute.events import BackfillProgress, Event, StepReverted, StepStarted
from zdm.model.plan import Phase, Plan, RunSql
from zdm.model.release import RunState
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.journal import orders
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

ROWS = 3000
WRITERS = 3
BEFORE = f"""
CREATE TABLE users (id bigserial PRIMARY KEY, tag integer UNIQUE, email text NOT NULL,
                    visits integer NOT NULL DEFAULT 0);
INSERT INTO users (tag, email) SELECT n, 'User' || n FROM generate_series(1, {ROWS}) AS n;
ANALYZE users;
"""
WRITES = (  # of the old version
    "UPDATE users SET email = %(value)s WHERE id = %(row)s RETURNING id",
    "INSERT INTO users (email) VALUES (%(value)s) RETURNING id",
    # a conflict on the walking key, on another one, and one that does nothing
    "INSERT INTO users (id, email) VALUES (%(row)s, %(value)s)"
    " ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email RETURNING id",
    "INSERT INTO users (tag, email) VALUES (%(row)s, %(value)s)"
    " ON CONFLICT (tag) DO UPDATE SET email = EXCLUDED.email RETURNING id",
    "INSERT INTO users (id, email) VALUES (%(row)s, %(value)s)"
    " ON CONFLICT DO NOTHING RETURNING id",
    # another column; the row keeps its email
    "WITH other AS (UPDATE users SET visits = visits + 1 WHERE id = %(row)s RETURNING id)"
    " SELECT id FROM other WHERE false",
)
LOWER = "-- zdm: keep old values\nUPDATE users SET email = lower(email)"


def planned(url: str, sql: str = LOWER) -> Plan:
    train = schemas.train(sql)
    with connection.connect(url, name="tests") as own:
        snapshot = read.read(own)
    return schedule.plan(
        classify.classify(train, snapshot), name="p", train=train, snapshot=snapshot
    )


def prepared(url: str, before: str = BEFORE, sql: str = LOWER) -> Plan:
    execute(url, before)
    return planned(url, sql)


def execute(url: str, sql: str) -> None:
    with connection.connect(url, name="tests") as own:
        own.execute(sql.encode())


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with connection.connect(url, name="tests") as own:
        return own.execute(query.encode()).fetchall()


def emails(url: str) -> dict[object, object]:
    return dict(rows(url, "SELECT id, email FROM users"))  # type: ignore[arg-type]  # pairs


def own_objects(url: str) -> list[tuple[object, ...]]:
    return rows(
        url,
        "SELECT relname FROM pg_class WHERE relname LIKE 'zdm\\_%' UNION ALL"
        " SELECT proname FROM pg_proc WHERE proname LIKE 'zdm\\_%'",
    )


@dataclass
class Old:
    """Threads of the old version, each with rows of its own, and what each row must hold."""

    url: str
    stop: threading.Event = field(default_factory=threading.Event)
    right: dict[object, object] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    writes: int = 0

    def write(self, owner: int) -> None:
        chance = random.Random(owner)
        with connection.connect(self.url, name="tests") as own:
            while not self.stop.is_set():
                try:
                    self._one(own, chance, chance.randrange(owner, ROWS, WRITERS) + 1)
                except psycopg.Error as error:
                    self.failures.append(str(error))
                    return
                self.writes += 1

    def _one(self, own: connection.Connection, chance: random.Random, row: int) -> None:
        value = f"Old{row}x{chance.randrange(10**9)}"
        sql = chance.choice(WRITES)
        with own.cursor() as cursor:
            cursor.execute(sql.encode(), {"row": row, "value": value})
            found = cursor.fetchone()
        if found is not None:
            self.right[found[0]] = value

    @contextmanager
    def writing(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def goes_on(self, writes: int = 200) -> None:
        target = self.writes + writes
        until(lambda: self.failures or self.writes >= target)


def gives_right_values_under_load(url: str) -> None:
    plan = prepared(url)
    old = Old(url=url, right=emails(url))
    with old.writing():
        old.goes_on()
        cases.run(url, plan, until=RunState.BACKFILLED, watching=Watching())
        old.goes_on()
    kept = rows(url, "SELECT count(*) FROM users WHERE email <> lower(email)")
    execute(url, f"UPDATE users SET email = 'new' || id WHERE id % 7 = 0 AND id <= {ROWS}")
    old.right |= {n: f"new{n}" for n in range(7, ROWS + 1, 7)}
    execute(url, "DELETE FROM users WHERE id % 11 = 0")
    right = {n: email for n, email in old.right.items() if int(str(n)) % 11}
    again = Old(url=url, right=right)
    with again.writing():
        again.goes_on(50)
        revert(url, plan)
        again.goes_on(50)
    now = emails(url)

    assert (old.failures, again.failures) == ([], [])
    assert kept[0][0] != 0  # the old version went on after the fill
    assert {n: (now.get(n), email) for n, email in right.items() if now.get(n) != email} == {}
    assert now.keys() == right.keys()
    assert own_objects(url) == []


def test_a_rollback_gives_every_row_its_value_while_the_old_version_writes(
    database: str,
) -> None:
    gives_right_values_under_load(database)


@pytest.mark.more
@pytest.mark.parametrize("every_server", [14, 15], indirect=True)
def test_a_rollback_does_so_on_older_versions(every_server: Server) -> None:
    with fresh_database(every_server) as url:
        gives_right_values_under_load(url)


def in_child(work: Callable[[], object]) -> int:
    """Do it in a process of its own; its id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def side_table(plan: Plan) -> str:
    (step,) = (s for s in plan.steps if isinstance(s, RunSql) and s.restore is not None)
    assert step.restore is not None
    return step.restore.table.sql


@contextmanager
def held_up(url: str) -> Iterator[Watching]:
    """An observer of a rollback that locks a row as soon as nothing but restoring is left."""
    with connection.connect(url, name="holder", autocommit=False) as holder:

        def hold(event: Event) -> None:
            if isinstance(event, StepReverted) and event.id.startswith("expand-2"):
                holder.execute(f"SELECT FROM users WHERE id = {ROWS - 1} FOR UPDATE".encode())

        yield Watching(hold)
        holder.rollback()


def reverted_slowly(url: str, plan: Plan) -> None:
    with held_up(url) as watching:
        revert(url, plan, watching)


def killed_in_the_middle(url: str, plan: Plan) -> None:
    """A rollback that gets as far as a row which someone holds, and dies there."""
    side = side_table(plan)
    child = in_child(lambda: reverted_slowly(url, plan))
    with connection.connect(url, name="tests") as own:
        until_true(own, f"SELECT EXISTS (SELECT FROM {side} WHERE restored)")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    left = rows(url, f"SELECT count(*) FROM {side} WHERE NOT restored")

    assert left != [(0,)]


def test_a_rollback_waits_for_no_row_while_it_holds_others(database: str) -> None:
    plan = prepared(database)
    right = emails(database)
    cases.run(database, plan, until=RunState.BACKFILLED)
    left = f"SELECT count(*) = 1 FROM {side_table(plan)} WHERE NOT restored"
    with (
        connection.connect(database, name="tests") as own,
        ThreadPoolExecutor(1) as pool,
        held_up(database) as watching,
    ):
        running = pool.submit(revert, database, plan, watching)
        until_true(own, left)
        own.execute("UPDATE users SET email = email || '!' WHERE id <> %s", (ROWS - 1,))
    running.result()

    assert emails(database) == {
        n: value if n == ROWS - 1 else f"{value}!" for n, value in right.items()
    }


def test_a_rollback_that_is_killed_while_it_restores_is_run_again(database: str) -> None:
    plan = prepared(database)
    right = emails(database)
    cases.run(database, plan, until=RunState.BACKFILLED)
    killed_in_the_middle(database, plan)
    execute(database, "UPDATE users SET email = 'user1' WHERE id = 1")  # restored: no more
    revert(database, plan)

    assert emails(database) == right | {1: "user1"}
    assert own_objects(database) == []


def test_a_rollback_whose_connections_are_lost_restores_all_the_same(database: str) -> None:
    plan = prepared(database)
    right = emails(database)
    cases.run(database, plan, until=RunState.BACKFILLED)
    with (
        connection.connect(database, name="tests") as own,
        ThreadPoolExecutor(1) as pool,
        held_up(database) as watching,
    ):
        running = pool.submit(revert, database, plan, watching)
        until_true(own, f"SELECT EXISTS (SELECT FROM {side_table(plan)} WHERE restored)")
        ended = own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
            " current_database() AND application_name LIKE '%execute%'"
        ).rowcount
    running.result()

    assert ended > 1
    assert emails(database) == right
    assert own_objects(database) == []


def test_a_rollback_that_stops_half_way_may_be_executed_and_rolled_back_again(
    database: str,
) -> None:
    plan = prepared(database)
    right = emails(database)
    cases.run(database, plan, until=RunState.BACKFILLED)
    killed_in_the_middle(database, plan)
    cases.run(database, plan, until=RunState.BACKFILLED)
    filled = set(emails(database).values())
    execute(database, "UPDATE users SET email = 'Later' WHERE id = 5")
    revert(database, plan)

    assert filled == {str(email).lower() for email in right.values()}
    assert emails(database) == right | {5: "Later"}


def test_the_application_needs_no_right_to_the_side_table_and_gets_none(database: str) -> None:
    execute(
        database,
        f"""{BEFORE}
        DO $$ BEGIN
          IF to_regrole('keep_app') IS NULL THEN CREATE ROLE keep_app; END IF;
        END $$;
        GRANT SELECT, INSERT, UPDATE ON users TO keep_app;
        GRANT USAGE ON SEQUENCE users_id_seq TO keep_app;
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO keep_app, PUBLIC;
        """,
    )
    plan = planned(database)
    found: list[object] = []

    def write(event: Event) -> None:
        if not isinstance(event, StepStarted) or event.id != "backfill-1-users-email-fill":
            return
        with connection.connect(database, name="tests", pinned=False) as own:
            own.execute("SET ROLE keep_app")
            own.execute("SET search_path = pg_temp")
            own.execute("UPDATE public.users SET email = 'Mine' WHERE id = 1")
            own.execute("INSERT INTO public.users (id, email) VALUES (0, 'Too')")
            query = f"SELECT count(*) FROM {side_table(plan)}"
            found.extend(own.execute(query.encode()).fetchall())

    cases.run(database, plan, until=RunState.BACKFILLED, watching=Watching(write))
    kept = rows(
        database, f"SELECT old_email FROM {side_table(plan)} WHERE key_id < 2 ORDER BY key_id"
    )
    revert(database, plan)

    assert found == [(0,)]
    assert kept == [("Too",), ("Mine",)]
    assert emails(database)[1] == "Mine"


COMPOSITE = """
CREATE DOMAIN amount AS numeric CHECK (VALUE > -1);
CREATE TABLE lines (shop text COLLATE "C", "Key" integer, rate amount, details json,
                    "old_rate" text, PRIMARY KEY (shop, "Key"));
INSERT INTO lines SELECT 's' || n % 7, n, n::numeric / 10 + 0.000, '{"a":  1}', 'x'
FROM generate_series(1, 700) AS n;
"""
TWO = """
-- zdm: keep old values
UPDATE lines SET rate = trunc(rate), details = '{"a": 2}';
"""


def test_each_column_is_restored_for_itself_by_a_composite_key(database: str) -> None:
    plan = prepared(database, COMPOSITE, TWO)
    query = 'SELECT shop, "Key", rate::text, details::text FROM lines ORDER BY 2'
    before = rows(database, query)
    cases.run(database, plan, until=RunState.BACKFILLED)
    execute(database, """UPDATE lines SET details = '{"a": 3}' WHERE "Key" = 15""")
    execute(database, """UPDATE lines SET rate = 1.0 WHERE "Key" = 16""")
    revert(database, plan)
    now = rows(database, query)

    assert now[:14] + now[16:] == before[:14] + before[16:]
    assert now[14:16] == [
        ("s1", 15, "1.5000000000000000", '{"a": 3}'),
        ("s2", 16, "1.0", '{"a":  1}'),
    ]


def test_a_write_of_one_column_keeps_the_old_value_of_the_other(database: str) -> None:
    plan = prepared(database, COMPOSITE, TWO)

    def write(event: Event) -> None:
        if isinstance(event, StepStarted) and event.id.startswith("validate"):
            execute(database, 'UPDATE lines SET rate = 2.25 WHERE "Key" = 15')

    cases.run(database, plan, until=RunState.BACKFILLED, watching=Watching(write))
    revert(database, plan)
    now = rows(database, 'SELECT rate::text, details::text FROM lines WHERE "Key" = 15')

    assert now == [("2.25", '{"a":  1}')]


def test_the_contract_drops_the_old_values_and_nothing_restores_them(database: str) -> None:
    plan = prepared(database)
    state = cases.run(database, plan)

    assert state is RunState.CONTRACTED
    assert own_objects(database) == []
    with pytest.raises(RefusedError, match="nothing to roll back"):
        revert(database, plan)


def test_a_rollback_stops_where_what_restores_is_disabled(database: str) -> None:
    plan = prepared(database)
    right = emails(database)
    cases.run(database, plan, until=RunState.BACKFILLED)
    side = side_table(plan)
    execute(database, f"ALTER TABLE {side} DISABLE TRIGGER ALL")
    with pytest.raises(StoppedError, match="missing or disabled"):
        revert(database, plan)
    execute(database, f"ALTER TABLE {side} ENABLE TRIGGER ALL")
    revert(database, plan)

    assert emails(database) == right


def test_a_rollback_that_is_cancelled_while_it_restores_is_run_again(database: str) -> None:
    plan = prepared(database)
    right = emails(database)
    cases.run(database, plan, until=RunState.BACKFILLED)

    def cancel(event: Event) -> None:
        if isinstance(event, BackfillProgress):
            with connection.connect(database, name="tests") as own:
                orders.give(own, "cancel", "ann")

    with pytest.raises(TemporaryError, match="cancelled by ann"):
        revert(database, plan, Watching(cancel))
    revert(database, plan)

    assert emails(database) == right


MANY = """
ALTER TABLE users RENAME COLUMN visits TO visited;
-- zdm: keep old values
UPDATE users SET email = lower(email);
ALTER TABLE users ADD COLUMN seen integer NOT NULL DEFAULT 0;
-- zdm: keep old values
UPDATE users SET tag = 0 - id WHERE tag IS NULL;
"""


def test_it_goes_together_with_other_changes_of_the_table(database: str) -> None:
    """A session of the old version that writes before and after each step."""
    plan = prepared(database, f"{BEFORE} UPDATE users SET tag = NULL WHERE id % 2 = 0;", MANY)
    before = rows(database, "SELECT id, tag, email, visits FROM users ORDER BY id")
    with connection.connect(database, name="old") as old:

        def write(event: Event) -> None:
            if isinstance(event, StepStarted | StepReverted):
                old.execute("UPDATE users SET visits = visits + 1 WHERE id = 1")
                old.execute("UPDATE users SET email = 'Kept' || visits WHERE id = 1")

        cases.run(database, plan, until=RunState.BACKFILLED, watching=Watching(write))
        filled = rows(database, "SELECT count(*) FROM users WHERE tag IS NULL")
        revert(database, plan, Watching(write))
    now = rows(database, "SELECT id, tag, email, visits FROM users ORDER BY id")

    assert filled == [(0,)]
    assert now[0][:2] == before[0][:2]
    assert now[0][2] == f"Kept{now[0][3]}"
    assert now[1:] == before[1:]


APART = """
CREATE SCHEMA "app x";
CREATE FUNCTION "app x".norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'wrong'$$;
CREATE TABLE "app x".users (id int PRIMARY KEY, email text, label text);
INSERT INTO "app x".users VALUES (1, 'One', 'first'), (2, 'Two', 'second');
"""


def test_the_expression_means_what_it_meant_to_its_author(database: str) -> None:
    path = """SET search_path = "app x", public;\n"""
    sql = f"{path}-- zdm: keep old values\nUPDATE users SET label = norm(email);"
    plan = prepared(database, APART, sql)
    query = """SELECT id, label FROM "app x".users ORDER BY 1"""

    def write(event: Event) -> None:
        if isinstance(event, StepStarted) and event.phase is Phase.BACKFILL:
            with connection.connect(database, name="old") as old:
                old.execute("SET search_path = public")
                old.execute("""UPDATE "app x".users SET label = 'Three' WHERE id = 2""")

    cases.run(database, plan, until=RunState.BACKFILLED, watching=Watching(write))
    filled = rows(database, query)
    revert(database, plan)

    assert filled == [(1, "one"), (2, "two")]
    assert rows(database, query) == [(1, "first"), (2, "Three")]
