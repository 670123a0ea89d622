"""A foreign key with its orphans goes into a train without other changes of rows."""

import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Backfill, Plan
from zdm.model.schema import Column, Name, Table
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

ORDERS = replace(
    schemas.users(rows=5),
    name=Name("public", "orders"),
    columns=(
        Column(name="id", type="bigint", not_null=True),
        Column(name="user_id", type="bigint"),
        Column(name="other_id", type="bigint"),
    ),
)
TOTALS = Table(name=Name("public", "totals"), columns=(Column(name="n", type="bigint"),))
HERE = schemas.snapshot(schemas.users(rows=5), ORDERS, TOTALS)
KEY = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users"


def orphans(how: str, key: str = KEY) -> str:
    return f"\n-- zdm: orphans {how} -- reviewed\n{key};\n"


def planned(sql: str) -> Plan:
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, HERE), name="t", train=train, snapshot=HERE)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO users (id, email) SELECT DISTINCT user_id, 'x' FROM orders;"
        + orphans("delete"),
        orphans("park") + "INSERT INTO totals SELECT count(*) FROM orders;",
        orphans("delete")
        + "-- zdm: run in contract -- x\nCREATE TABLE kept AS SELECT * FROM orders;",
        orphans("null", KEY + " NOT VALID")
        + "UPDATE orders SET other_id = user_id; ALTER TABLE orders VALIDATE CONSTRAINT k;",
        orphans("delete") + "-- zdm: run in contract -- x\nDO $$ BEGIN PERFORM 1; END $$;",
    ],
)
def test_another_statement_that_reads_or_writes_rows_is_refused(sql: str) -> None:
    with pytest.raises(RefusedError, match="reads or writes rows, and orphans are corrected"):
        planned(sql)


def test_of_two_keys_whose_orphans_are_corrected_the_second_waits() -> None:
    sql = orphans("null") + orphans("delete", KEY.replace("T k", "T l"))
    with pytest.raises(TrainRefusedError) as refused:
        planned(sql)

    (found,) = refused.value.findings
    assert found.source is not None
    assert found.source.line == 6
    assert found.message.startswith("migration.sql:3:1 has orphans corrected, too")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX ON orders (user_id);" + orphans("delete"),
        orphans("delete") + orphans("park", KEY.replace("T k", "T l")),
    ],
)
def test_others_are_planned(sql: str) -> None:
    assert [s for s in planned(sql).steps if isinstance(s, Backfill)]
