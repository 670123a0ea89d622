"""Several statements in one message are one transaction, or a part of the one that is open."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from zdm.postgres.session import connection, one_message
from zdm.postgres.session.connection import Connection


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="tests") as conn:
        conn.execute("CREATE TABLE t (n int PRIMARY KEY)")
        yield conn


def rows(own: Connection) -> list[int]:
    return [n for (n,) in own.execute("SELECT n FROM t ORDER BY n")]


@pytest.mark.parametrize(("keep", "left"), [(True, [1, 2]), (False, [])])
def test_statements_are_kept_or_undone(own: Connection, keep: bool, left: list[int]) -> None:
    found = one_message.run(
        own,
        ["INSERT INTO t VALUES (1) RETURNING n -- one", "INSERT INTO t VALUES (2)", "TABLE t"],
        keep=keep,
    )

    assert [list(one) for one in found] == [[(1,)], [], [(1,), (2,)]]
    assert rows(own) == left
    assert own.info.transaction_status is TransactionStatus.IDLE


@pytest.mark.parametrize(("keep", "left"), [(True, [0, 1]), (False, [0])])
def test_in_a_transaction_they_are_a_part_of_it(
    own: Connection, keep: bool, left: list[int]
) -> None:
    with own.transaction():
        own.execute("INSERT INTO t VALUES (0)")
        one_message.run(own, ["INSERT INTO t VALUES (1)"], keep=keep)
        with pytest.raises(psycopg.errors.UniqueViolation):
            one_message.run(
                own, ["INSERT INTO t VALUES (7)", "INSERT INTO t VALUES (0)"], keep=keep
            )
        assert own.info.transaction_status is TransactionStatus.INTRANS

    assert rows(own) == left


def test_one_that_fails_undoes_those_before(own: Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        one_message.run(
            own, ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)"], keep=True
        )

    assert own.info.transaction_status is TransactionStatus.IDLE
    assert rows(own) == []


def test_what_only_the_commit_refuses_is_undone(own: Connection) -> None:
    own.execute("CREATE TABLE r (n int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        one_message.run(own, ["INSERT INTO r VALUES (5)"], keep=True)

    assert own.info.transaction_status is TransactionStatus.IDLE
