"""The canonical sync trigger under writers of both versions, on a real server."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from tests.conftest import fresh_database
from tests.unit import schemas
from tests.waiting import until
from zdm.model.plan import AwaitRollout, Backfill, Phase, Plan, RunSql, Side, Step
from zdm.model.sql import ident
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

ROWS = 600
WRITERS = 3
ONCE = 0  # the row that the old version writes once, right before the rollout
SEED = """
ALTER TABLE users ADD COLUMN new_email text;
UPDATE users SET new_email = email;
ALTER TABLE users DROP COLUMN email;
"""
CENTS = """
ALTER TABLE users ADD COLUMN new_email numeric(12, 3);
-- zdm: reverse email = new_email * 100
UPDATE users SET new_email = email / 100.0;
ALTER TABLE users DROP COLUMN email;
"""


def made(url: str, *, kind: str = "text") -> None:
    with connection.connect(url, name="tests") as own:
        own.execute(f"CREATE TABLE users (id int PRIMARY KEY, email {kind}, n int)".encode())
        numbers = f"generate_series({ONCE}, {ROWS}) AS n"
        own.execute(f"INSERT INTO users SELECT n, n::text::{kind} FROM {numbers}".encode())


def planned(url: str, sql: str, *, fuse: bool = True) -> Plan:
    with connection.connect(url, name="tests") as own:
        snapshot = read.read(own)
    train = schemas.train(sql)
    classification = classify.classify(train, snapshot, fuse=fuse)
    return schedule.plan(classification, name="p", train=train, snapshot=snapshot)


def run(own: psycopg.Connection[tuple[object, ...]], step: Step) -> None:
    match step:
        case RunSql():
            with own.transaction():
                for sql in step.sql:
                    own.execute(sql.encode())
        case Backfill():
            values = ", ".join(f"{ident(a.column)} = {a.expression}" for a in step.assignments)
            for low in range(ONCE - 1, ROWS, 50):
                own.execute(
                    f"UPDATE {step.table.sql} SET {values}"
                    f" WHERE id > {low} AND id <= {low + 50} AND {step.differs}".encode()
                )
        case AwaitRollout():
            pass


@dataclass
class Writers:
    """Threads that each own some rows and write them as either version, by turns."""

    url: str
    may: frozenset[Side] = frozenset({Side.OLD})
    stop: threading.Event = field(default_factory=threading.Event)
    ledger: dict[int, str] = field(default_factory=dict)
    rounds: Counter[int] = field(default_factory=Counter)  # ended, by owner
    failures: list[str] = field(default_factory=list)

    def write(self, owner: int) -> None:
        chance, count = random.Random(owner), 0
        with connection.connect(self.url, name="tests") as own:
            while not self.stop.is_set():
                key = chance.randrange(owner, ROWS, WRITERS) + 1
                column = "email" if self._side(chance) is Side.OLD else "new_email"
                count += 1
                value = f"{owner}-{count}"
                sql = f"UPDATE users SET {column} = %s WHERE id = %s"
                if count % 5 == 0:
                    sql = (
                        f"INSERT INTO users ({column}, id) VALUES (%s, %s)"
                        f" ON CONFLICT (id) DO UPDATE SET {column} = EXCLUDED.{column}"
                    )
                try:
                    own.execute(sql.encode(), (value, key))
                except psycopg.Error as error:
                    self.failures.append(str(error))
                    return
                self.ledger[key] = value
                self.rounds[owner] += 1

    def _side(self, chance: random.Random) -> Side:
        return chance.choice(sorted(self.may))

    def turn_to(self, may: frozenset[Side]) -> None:
        """From now on only these; the last writes of others have ended then."""
        self.may = may
        before = dict(self.rounds)
        until(
            lambda: (
                self.failures or all(self.rounds[n] > before.get(n, 0) for n in range(WRITERS))
            )
        )

    def wait_for(self, writes: int) -> None:
        target = len(self.ledger) + writes
        while len(self.ledger) < min(target, ROWS) and not self.failures:
            self.stop.wait(0.01)


@contextmanager
def writing(url: str) -> Iterator[Writers]:
    writers = Writers(url)
    threads = [threading.Thread(target=writers.write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.stop.set()
        for thread in threads:
            thread.join()


def wrong_rows(url: str, sql: str, *, fuse: bool) -> tuple[int, list[str]]:
    """Run the plan under writers; the rows that do not hold what was written last."""
    plan = planned(url, sql, fuse=fuse)
    with connection.connect(url, name="tests") as own, writing(url) as writers:
        for step in plan.steps:
            if isinstance(step, AwaitRollout):
                own.execute(b"UPDATE users SET email = 'once' WHERE id = %s", (ONCE,))
                writers.turn_to(frozenset({Side.NEW}))
                continue
            run(own, step)
            if step.phase is not Phase.DROP:
                writers.may = step.serves
            writers.wait_for(20)
            writers.stop.wait(0.15)
    with connection.connect(url, name="tests") as own:
        rows = own.execute(b"SELECT id, new_email FROM users").fetchall()
    written = {n: str(n) for n in range(ONCE, ROWS + 1)} | {ONCE: "once"}
    expected = written | writers.ledger
    return sum(expected[key] != value for key, value in rows), writers.failures


def test_no_write_is_lost_between_two_versions(database: str) -> None:
    made(database)

    assert wrong_rows(database, SEED, fuse=True) == (0, [])


def test_planned_piece_by_piece_writes_are_lost(database: str) -> None:
    made(database)
    wrong, _ = wrong_rows(database, SEED, fuse=False)

    assert wrong > 0


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with fresh_database(server) as url:
        made(url, kind="integer")
        plan = planned(url, CENTS)
        with connection.connect(url, name="tests") as own:
            for step in plan.steps[:2]:
                run(own, step)
            yield own


@pytest.fixture
def synced(
    filled: psycopg.Connection[tuple[object, ...]],
) -> psycopg.Connection[tuple[object, ...]]:
    filled.execute(b"UPDATE users SET email = 1 WHERE id = 1")
    return filled


def pair(own: psycopg.Connection[tuple[object, ...]], key: int) -> tuple[object, str]:
    found = own.execute(
        b"SELECT email, new_email::text FROM users WHERE id = %s", (key,)
    ).fetchone()
    assert found is not None
    return found[0], str(found[1])


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("UPDATE users SET email = 250 WHERE id = 1", (250, "2.500")),
        ("UPDATE users SET new_email = 7.5 WHERE id = 1", (750, "7.500")),
        ("UPDATE users SET email = NULL WHERE id = 1", (None, "None")),
        ("UPDATE users SET new_email = NULL WHERE id = 1", (None, "None")),
        ("UPDATE users SET new_email = 1.257 WHERE id = 1", (126, "1.257")),
        (
            "UPDATE users SET new_email = 1.257 WHERE id = 1;"
            "UPDATE users SET n = 1 WHERE id = 1",
            (126, "1.257"),
        ),
        ("UPDATE users SET email = 300, new_email = 4 WHERE id = 1", (400, "4.000")),
        (
            "DELETE FROM users WHERE id = 1; INSERT INTO users (id, email) VALUES (1, 5)",
            (5, "0.050"),
        ),
        (
            "DELETE FROM users WHERE id = 1; INSERT INTO users (id, new_email) VALUES (1, 5)",
            (500, "5.000"),
        ),
    ],
)
def test_direction_comes_from_the_values(
    synced: psycopg.Connection[tuple[object, ...]], sql: str, left: tuple[object, str]
) -> None:
    for statement in sql.split(";"):
        synced.execute(statement.encode())

    assert pair(synced, 1) == left


EQUAL = [
    ("numeric", "1.0", "1.00"),
    ("json", '{"a":1}', '{"a": 1}'),
    ("interval", "1 day", "24 hours"),
    ("point", "(1,2)", "(1,3)"),
]


@pytest.mark.parametrize(("kind", "before", "after"), EQUAL, ids=[kind for kind, *_ in EQUAL])
def test_values_that_are_called_equal_are_synced_too(
    database: str, kind: str, before: str, after: str
) -> None:
    with connection.connect(database, name="tests") as own:
        assert_synced(own, database, kind, before, after)


def test_texts_that_a_collation_calls_equal_are_synced_too(every_database: str) -> None:
    with connection.connect(every_database, name="tests") as own:
        own.execute(
            b"CREATE COLLATION nocase"
            b" (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
        assert_synced(own, every_database, 'text COLLATE "nocase"', "abc", "ABC")


def assert_synced(
    own: psycopg.Connection[tuple[object, ...]],
    database: str,
    kind: str,
    before: str,
    after: str,
) -> None:
    own.execute(f"CREATE TABLE users (id int PRIMARY KEY, email {kind})".encode())
    own.execute(b"INSERT INTO users VALUES (1, %s)", (before,))
    plan = planned(database, "ALTER TABLE users RENAME COLUMN email TO mail;")
    for step in plan.steps[:2]:
        run(own, step)
    own.execute(b"UPDATE users SET email = %s WHERE id = 1", (after,))
    same = b"SELECT mail::text = email::text FROM users"

    assert own.execute(same).fetchone() == (True,), kind


def test_its_condition_spares_only_writes_for_which_it_does_nothing(database: str) -> None:
    made(database, kind="int")
    chance = random.Random(7)
    with connection.connect(database, name="tests") as own:
        for step in planned(database, CENTS).steps[:1]:
            run(own, step)
        own.execute(b"CREATE TABLE twin (LIKE users INCLUDING ALL)")
        own.execute(b"INSERT INTO twin SELECT * FROM users")
        own.execute(
            b"CREATE TRIGGER zzz_always BEFORE INSERT OR UPDATE ON twin"
            b" FOR EACH ROW EXECUTE FUNCTION zdm_sync_users_new_email()"
        )
        for number in range(3_000):
            written = any_write(chance, ROWS + 1 + number)
            for table in ("users", "twin"):
                own.execute(written.format(table=table).encode())
        differing = own.execute(b"TABLE users EXCEPT TABLE twin").fetchall()
        always = own.execute(
            b"SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'users'::regclass"
        ).fetchone()

    assert differing == []
    assert always is not None
    assert " WHEN " in always[0]


def any_write(chance: random.Random, key: int) -> str:
    """A statement of either version, on few enough values that equal ones meet."""
    old, new = (chance.choice(("NULL", "0", "100", "125")) for _ in range(2))
    new = new if new == "NULL" else f"{new} / 100.0"
    columns = chance.choice(("email", "new_email", "email, new_email", "n"))
    values = {"email": old, "new_email": new, "email, new_email": f"{old}, {new}", "n": "1"}
    if chance.random() < 0.3:
        return f"INSERT INTO {{table}} (id, {columns}) VALUES ({key}, {values[columns]})"
    row = f"({columns}) = ROW({values[columns]})"
    return f"UPDATE {{table}} SET {row} WHERE id = {chance.randrange(20)}"
