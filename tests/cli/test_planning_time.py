"""Planning takes as long as a train is: the process's own seconds, best of three.

Beside other work a core is slower, up to three times, so the limits are four times what an idle
one takes.
"""

import time
from collections.abc import Iterator

from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.schema import Name, Snapshot
from zdm.planning import classify, schedule

TABLES = 100
WIDE = schemas.snapshot(
    *(replace(schemas.users(), name=Name("public", f"t{number}")) for number in range(TABLES))
)
HERE = schemas.snapshot(schemas.users())


def seconds(sql: str, snapshot: Snapshot) -> Iterator[float]:
    """What each of three times takes."""
    for _ in range(3):
        started = time.process_time()
        train = schemas.train(sql)
        found = classify.classify(train, snapshot)
        schedule.plan(found, name="m", train=train, snapshot=snapshot)
        yield time.process_time() - started


def over_tables(statements: int) -> str:
    return ";\n".join(
        f"ALTER TABLE t{number % TABLES} ADD COLUMN c{number} int"
        for number in range(statements)
    )


def test_a_thousand_columns_are_planned_in_eight_seconds() -> None:
    sql = ";\n".join(f"ALTER TABLE users ADD COLUMN c{number} int" for number in range(1_000))

    assert any(taken < 8 for taken in seconds(sql, HERE))


def test_ten_times_the_statements_take_at_most_twenty_times_as_long() -> None:
    few = min(seconds(over_tables(300), WIDE))

    assert any(taken < 20 * few for taken in seconds(over_tables(3_000), WIDE))
