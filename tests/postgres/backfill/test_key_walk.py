"""How a table is walked: several batches of a key at once."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.postgres.backfill.fills import step, table
from zdm.postgres.backfill import key_walk
from zdm.postgres.backfill.key_walk import Bounds, Key, Walk
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

TABLES = {
    "whole numbers": ("id int PRIMARY KEY", "3 * g", ("id",)),
    "text": ("id text PRIMARY KEY", "g", ("id",)),  # 10 comes before 9
    "composite": ("a int, b text, PRIMARY KEY (a, b)", "g / 100, 'b' || g", ("a", "b")),
}


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def walk(own: Connection, key: tuple[str, ...]) -> Walk:
    (found,) = key_walk.walks(own, step(key))
    return found


def one_by_one(own: Connection, there: Walk, size: int, end: Key | None) -> list[Bounds]:
    found = [there.next(own, None, size, end)]
    while not found[-1].last:
        found.append(there.next(own, found[-1].upper, size, end))
    return found


@pytest.mark.parametrize("kind", TABLES)
def test_several_batches_are_those_that_one_by_one_are_found(
    own: Connection, kind: str
) -> None:
    columns, values, key = TABLES[kind]
    table(own, columns, values)
    there = walk(own, key)
    singly = one_by_one(own, there, 90, None)

    assert there.several(own, None, 90, None, 8) == tuple(singly[:8])
    assert there.several(own, singly[20].upper, 90, None, 8) == tuple(singly[21:27])
    assert all(a.upper == b.lower for a, b in pairwise(singly))


def test_none_of_several_is_after_the_end_of_the_range(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")

    found = walk(own, ("id",)).several(own, ("1000",), 100, ("1250",), 8)

    assert [bounds.upper for bounds in found] == [("1100",), ("1200",)]


def test_where_less_than_a_batch_is_left_there_are_none(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")

    assert walk(own, ("id",)).several(own, ("2450",), 100, None, 8) == ()


def test_a_table_without_a_key_has_none(own: Connection) -> None:
    table(own, "id int", "g")

    assert walk(own, ()).several(own, None, 100, None, 8) == ()
