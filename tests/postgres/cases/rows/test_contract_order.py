"""What can still fail on the data comes before the point of no return, on a real server."""

import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import on, revert
from tests.unit import schemas
from zdm.errors import PastReturnError, StoppedError
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

DROPPED = """
CREATE TABLE t (id integer PRIMARY KEY, note smallint, code integer);
INSERT INTO t VALUES (1, 1, NULL);
"""
REPLACE = """
ALTER TABLE t ADD COLUMN total integer;
UPDATE t SET total = note::integer;
ALTER TABLE t DROP COLUMN note;
ALTER TABLE t ALTER COLUMN code SET NOT NULL;
"""
ITSELF = """
ALTER TABLE t ADD COLUMN total integer;
UPDATE t SET total = code;
ALTER TABLE t DROP COLUMN code;
ALTER TABLE t ALTER COLUMN total SET NOT NULL;
"""
TRAINS = pytest.mark.parametrize("sql", [REPLACE, ITSELF], ids=["another", "itself"])


def prepared(url: str, sql: str) -> Plan:
    with connection.connect(url, name="tests", autocommit=True) as own:
        own.execute(DROPPED.encode())
        start = read.read(own)
    train = schemas.train(sql)
    found = classify.classify(train, start)
    return schedule.plan(found, name="p", train=train, snapshot=start)


def stops_and_rolls_back(server: Server, sql: str) -> None:
    with fresh_database(server) as url:
        plan = prepared(url, sql)
        start = cases.read(url)
        with pytest.raises(StoppedError, match="holds NULLs") as stopped:
            cases.run(url, plan)
        revert(url, plan)

        assert not isinstance(stopped.value, PastReturnError)
        assert cases.differences(start, cases.read(url)) == ()


def ends_once_filled(server: Server, sql: str) -> None:
    with fresh_database(server) as url:
        plan = prepared(url, sql)
        with pytest.raises(StoppedError):
            cases.run(url, plan)
        with connection.connect(url, name="tests", autocommit=True) as own:
            column = "code" if sql is REPLACE else "total"
            own.execute(f"UPDATE t SET {column} = 1".encode())

        assert cases.run(url, plan) is RunState.CONTRACTED


@TRAINS
def test_nulls_stop_the_contract_where_it_can_be_rolled_back(server: Server, sql: str) -> None:
    stops_and_rolls_back(server, sql)


@TRAINS
def test_the_contract_ends_once_the_nulls_are_filled(server: Server, sql: str) -> None:
    ends_once_filled(server, sql)


@on(14)
@TRAINS
def test_nulls_stop_the_contract_on_the_oldest(every_server: Server, sql: str) -> None:
    stops_and_rolls_back(every_server, sql)
    ends_once_filled(every_server, sql)
