"""A duplicate that is written between the look at the rows and the build of a unique index."""

import threading
from contextlib import ExitStack

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.postgres.cases import writing
from tests.waiting import until_true
from zdm.errors import StoppedError
from zdm.execute.events import Event, StepStarted
from zdm.model.plan import RunSql
from zdm.model.release import RunState

BEFORE = """
CREATE TABLE t (k bigint NOT NULL, code text NOT NULL);
INSERT INTO t SELECT g, 'c' || g FROM generate_series(1, 50) AS g;
"""
WAITS = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name LIKE 'zdm-run:execute%' AND wait_event_type = 'Lock')"
)


@pytest.mark.parametrize(
    ("migration", "said"),
    [
        ("ALTER TABLE t ADD CONSTRAINT t_code UNIQUE (code);", "duplicates.*: code = c7"),
        ("CREATE UNIQUE INDEX t_code ON t (code);", "t holds duplicates.*: code = c7"),
        (
            "CREATE UNIQUE INDEX t_code ON t (lower(code), (k * 0)) WHERE k > 0;",
            r"duplicates.*: \(lower\(code\), k \* 0\) = \(c7,0\)",
        ),
        ("ALTER TABLE t ADD CONSTRAINT t_code PRIMARY KEY (code);", "duplicates.*: code = c7"),
    ],
    ids=["unique", "index", "expressions", "primary key"],
)
def test_it_is_told_and_no_invalid_index_is_left(
    database: str, migration: str, said: str
) -> None:
    writing.run(database, BEFORE)
    plan = writing.planned(database, migration)
    builds = next(s.id for s in plan.steps if isinstance(s, RunSql) and not s.in_transaction)
    with ExitStack() as ends:

        def write(event: Event) -> None:
            if isinstance(event, StepStarted) and event.id == builds:
                own = ends.enter_context(psycopg.connect(database))
                own.execute("INSERT INTO t VALUES (51, 'c7')")
                thread = threading.Thread(target=commit, args=(database, own))
                thread.start()
                ends.callback(thread.join)

        with pytest.raises(StoppedError, match=said):
            cases.run(database, plan, watching=Watching(write))

    assert all(table.indexes == () for table in cases.read(database).tables)

    writing.run(database, "DELETE FROM t WHERE k = 51")

    assert cases.run(database, plan) is RunState.CONTRACTED


@pytest.mark.parametrize("key", ["(true)", "(1)", "('a'::text)", "(1), k"])
def test_a_table_of_one_row_may_have_an_index_on_a_constant(database: str, key: str) -> None:
    writing.run(database, f"{BEFORE} DELETE FROM t WHERE k > 2;")
    plan = writing.planned(database, f"CREATE UNIQUE INDEX t_one ON t ({key});")

    if "k" not in key:
        with pytest.raises(StoppedError, match="t holds duplicates"):
            cases.run(database, plan)

    writing.run(database, "DELETE FROM t WHERE k = 2")

    assert cases.run(database, plan) is RunState.CONTRACTED


def commit(url: str, own: "psycopg.Connection[tuple[object, ...]]") -> None:
    with psycopg.connect(url, autocommit=True) as other:
        until_true(other, WAITS)
    own.commit()
