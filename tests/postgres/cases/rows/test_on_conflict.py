"""INSERT … ON CONFLICT of several sessions on the same new keys, while a rename has a unique
index on each of two columns that hold the same: what the plan's hazard says of it."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from time import monotonic

import psycopg
import pytest

from tests.conftest import fresh_database
from tests.unit import schemas
from zdm.model.plan import AwaitRollout, Phase, Plan, RunSql
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

SESSIONS = 6
SAFE_SECONDS = 4.0
PATIENCE = 60.0  # for the first duplicate key, of which there are several a second
TABLE = "CREATE TABLE t (id bigserial PRIMARY KEY, o text UNIQUE, k int NOT NULL DEFAULT 0)"
COUNTED = "ON CONFLICT ({c}) DO UPDATE SET k = t.k + 1"
NOTHING = "ON CONFLICT DO NOTHING"


def plan(url: str) -> Plan:
    with connection.connect(url, name="tests") as own:
        snapshot = read.read(own)
    train = schemas.train("ALTER TABLE t RENAME COLUMN o TO n;")
    classification = classify.classify(train, snapshot)
    return schedule.plan(classification, name="p", train=train, snapshot=snapshot)


@pytest.fixture
def url(every_server: Server) -> Iterator[str]:
    with (
        fresh_database(every_server) as url,
        connection.connect(url, name="tests", autocommit=True) as own,
    ):
        own.execute(TABLE)
        yield url


def expand(url: str) -> None:
    """Every step before the rollout; there are no rows to fill."""
    with connection.connect(url, name="tests", autocommit=True) as own:
        for step in plan(url).steps:
            if isinstance(step, AwaitRollout):
                return
            for sql in step.sql if isinstance(step, RunSql) else ():
                own.execute(sql.encode())


def load(
    url: str,
    columns: tuple[str, ...],
    conflict: str,
    *,
    seconds: float,
    until_one: bool = False,
) -> Counter[str]:
    """What the sessions' statements ended with, by SQLSTATE; keys are new, and the same."""
    ended: Counter[str] = Counter()
    numbers, end = count(), monotonic() + seconds

    def write(seed: int) -> None:
        own, column = random.Random(seed), columns[seed % len(columns)]
        sql = f"INSERT INTO t ({column}) VALUES (%s) {conflict.format(c=column)}".encode()
        with psycopg.connect(url, autocommit=True) as session:
            while monotonic() < end and not (until_one and ended["23505"]):
                key = f"{columns}{conflict}{next(numbers) // SESSIONS + own.randrange(3)}"
                try:
                    session.execute(sql, (key,))
                    ended["00000"] += 1
                except psycopg.Error as error:
                    ended[error.sqlstate or ""] += 1

    with ThreadPoolExecutor(SESSIONS) as pool:
        list(pool.map(write, range(SESSIONS)))
    return ended


def test_with_one_index_no_statement_fails(url: str) -> None:
    assert set(load(url, ("o",), COUNTED, seconds=SAFE_SECONDS)) == {"00000"}


@pytest.mark.parametrize("columns", [("o",), ("n",), ("o", "n")], ids=["old", "new", "both"])
def test_with_two_a_statement_without_a_column_never_fails(
    url: str, columns: tuple[str, ...]
) -> None:
    expand(url)

    assert set(load(url, columns, NOTHING, seconds=SAFE_SECONDS)) == {"00000"}


@pytest.mark.parametrize("columns", [("o",), ("n",), ("o", "n")], ids=["old", "new", "both"])
def test_one_that_names_a_column_can_fail_with_a_duplicate_key_and_nothing_else(
    url: str, columns: tuple[str, ...]
) -> None:
    expand(url)
    ended = load(url, columns, COUNTED, seconds=PATIENCE, until_one=True)

    assert ended["23505"] > 0
    assert set(ended) == {"00000", "23505"}


def test_the_second_index_is_built_by_the_last_steps_before_the_rollout(url: str) -> None:
    steps = plan(url).steps
    rollout = next(n for n, step in enumerate(steps) if isinstance(step, AwaitRollout))

    assert [step.phase for step in steps[rollout - 2 : rollout]] == [Phase.SWITCH] * 2
    assert Phase.SWITCH not in [step.phase for step in steps[: rollout - 2]]


def test_an_index_beside_a_deferrable_key_is_no_arbiter(server: Server) -> None:
    with (
        fresh_database(server) as url,
        connection.connect(url, name="tests", autocommit=True) as own,
    ):
        own.execute("CREATE TABLE d (n int, CONSTRAINT d_n UNIQUE (n) DEFERRABLE)")
        own.execute("CREATE UNIQUE INDEX other ON d (n)")

        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            own.execute("INSERT INTO d VALUES (1) ON CONFLICT (n) DO NOTHING")
        own.execute("ALTER TABLE d DROP CONSTRAINT d_n")
        own.execute("INSERT INTO d VALUES (1) ON CONFLICT (n) DO NOTHING")
