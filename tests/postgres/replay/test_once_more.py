"""Rows that an UPDATE fills from other tables, and once more in the contract, while both
versions write either of them."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.postgres.replay.test_data_proof import planned
from zdm.model.plan import Plan, RunSql
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server

TABLES = """
CREATE TABLE m (id bigint PRIMARY KEY, org bigint NOT NULL);
CREATE TABLE u (id bigint PRIMARY KEY, m_id bigint NOT NULL REFERENCES m);
INSERT INTO m VALUES (1, 7); INSERT INTO u VALUES (1, 1);
"""
FROM = "UPDATE u SET org = m.org FROM m WHERE m.id = u.m_id;"
SUBQUERY = "UPDATE u SET org = COALESCE((SELECT m.org FROM m WHERE m.id = u.m_id), 0);"


def train(update: str) -> str:
    return (
        f"ALTER TABLE u ADD COLUMN org bigint;{update}"
        "ALTER TABLE u ALTER COLUMN org SET NOT NULL;"
    )


@pytest.mark.parametrize("update", [FROM, SUBQUERY])
@pytest.mark.parametrize("rows", ["", "ANALYZE;"], ids=["many", "few"])
def test_a_new_column_filled_from_another_table_becomes_not_null(
    server: Server, tmp_path: Path, update: str, rows: str
) -> None:
    found = replay.replay(*planned(server, tmp_path, TABLES + rows, train(update)), server)

    assert found.findings == ()
    assert found.compared.writes > 20


def test_another_value_once_more_than_that_of_the_migration_is_found(
    server: Server, tmp_path: Path
) -> None:
    plan, start = planned(server, tmp_path, TABLES + "ANALYZE;", train(FROM))
    wrong = differently_once_more(plan)
    found = replay.replay(wrong, start, server)

    assert wrong != plan
    assert [one.slug for one in found.findings] == ["rows_differ"]


def differently_once_more(plan: Plan) -> Plan:
    steps = [
        replace(s, sql=tuple(q.replace("m.org", "m.org + 1") for q in s.sql))
        if isinstance(s, RunSql) and s.id.endswith("once-more")
        else s
        for s in plan.steps
    ]
    return replace(plan, steps=tuple(steps))
