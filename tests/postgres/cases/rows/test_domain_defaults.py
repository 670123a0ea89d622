"""A domain's default is no default of the column: once two columns are no longer kept in sync,
the old one is NULL in new rows, whatever its domain says."""

import pytest

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.test_dual_write import planned
from zdm.model.plan import Phase, Plan, RunSql
from zdm.model.release import RunState
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

RENAME = "ALTER TABLE t RENAME COLUMN code TO name;"
DOMAIN = "CREATE DOMAIN dd AS text DEFAULT 'dd'; GRANT ALL ON DOMAIN dd TO PUBLIC;"
TABLES = {
    "unique": "CREATE TABLE t (id int PRIMARY KEY, code dd UNIQUE)",
    "own default": "CREATE TABLE t (id int PRIMARY KEY, code dd DEFAULT 'own' UNIQUE)",
    "not null": "CREATE TABLE t (id int PRIMARY KEY, code dd NOT NULL UNIQUE)",
    "check": "CREATE TABLE t (id int PRIMARY KEY, code dd, CHECK (code <> 'dd' OR id < 0))",
}


def contract(plan: Plan) -> list[RunSql]:
    return [s for s in plan.steps if isinstance(s, RunSql) and s.phase is Phase.CONTRACT]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_new_rows_are_accepted_between_the_contract_and_the_drop(
    server: Server, table: str
) -> None:
    with fresh_database(server) as url, connection.connect(url, name="tests") as own:
        own.execute(f"{DOMAIN} {table}; INSERT INTO t VALUES (1, 'a')".encode())
        own.commit()
        plan = planned(url, RENAME)
        cases.run(url, plan, until=RunState.DEPLOYED)
        for step in contract(plan):
            with own.transaction():
                for sql in step.sql:
                    own.execute(sql.encode())
            assert own.execute(step.probe.encode()).fetchone() == ("done",)
        own.execute(b"INSERT INTO t (id, name) VALUES (2, 'b'), (3, 'c')")

        assert own.execute(b"SELECT code FROM t WHERE id > 1").fetchall() == [(None,)] * 2
