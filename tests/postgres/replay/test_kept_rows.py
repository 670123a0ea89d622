"""Old values that a plan keeps must come back, also where other rows of the table stay."""

import pytest
from msgspec.structs import replace

from tests import case as cases
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from tests.postgres.cases.writing import planned, rows, run
from zdm.model.plan import Backfill, Plan
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server

T = """
CREATE TABLE t (id bigint PRIMARY KEY, name text, role text);
INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 5) AS g;
"""
KEEP = "-- zdm: keep old values\nUPDATE t SET role = 'member' WHERE role IS NULL;"
NEW = "INSERT INTO t (id, role) VALUES (1000, 'member');"
COPIED = "INSERT INTO t (id, role) SELECT id + 1000, role FROM t WHERE id = 1;"
RENAMED = "UPDATE t SET name = 'x' WHERE id = 1;"
GONE = "DELETE FROM t WHERE name = 'n2'; CREATE UNIQUE INDEX i ON t (name);"
WRITTEN = "\n-- zdm: run in expand -- known\nDO $$BEGIN INSERT INTO t (id) VALUES (9); END$$;"


def made(server: Server, behind: str) -> tuple[Plan, Snapshot]:
    with fresh_database(server) as url:
        run(url, T)
        return planned(url, KEEP + behind), cases.read(url)


def slugs(server: Server, plan: Plan, start: Snapshot) -> set[str]:
    return {found.slug for found in replay.replay(plan, start, server).findings}


@pytest.mark.parametrize("behind", [NEW, COPIED, RENAMED, GONE, WRITTEN])
def test_a_plan_that_keeps_old_values_beside_rows_that_stay_is_verified(
    server: Server, behind: str
) -> None:
    plan, start = made(server, behind)

    assert slugs(server, plan, start) == set()


@pytest.mark.parametrize("behind", ["", NEW])
def test_old_values_that_do_not_come_back_are_found_beside_rows_that_stay(
    server: Server, behind: str
) -> None:
    plan, start = made(server, behind)
    steps = [replace(s, settings=()) if isinstance(s, Backfill) else s for s in plan.steps]
    wrong = replace(plan, steps=tuple(steps))  # the trigger takes the batch for a writer

    assert slugs(server, wrong, start) == {"rows_not_restored"}


def test_a_rollback_brings_old_values_back_and_leaves_the_new_row(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, T)
        plan = planned(url, KEEP + NEW)
        before = rows(url, "TABLE t ORDER BY id")
        cases.run(url, plan, until=RunState.BACKFILLED)
        changed = rows(url, "SELECT DISTINCT role FROM t")
        revert(url, plan)

        assert changed == [("member",)]
        assert rows(url, "TABLE t ORDER BY id") == [*before, (1000, None, "member")]
