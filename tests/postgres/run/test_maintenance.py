"""Maintenance beside applications: what it locks, and what an attempt that failed leaves."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psycopg
import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.postgres.cases import writing
from tests.waiting import until_true
from zdm.errors import StoppedError, ZdmError
from zdm.execute.events import Event, StepStarted
from zdm.model.plan import Plan, RunSql
from zdm.model.release import RunState
from zdm.postgres.server.provider import Server

BEFORE = """
CREATE TABLE t (k bigint PRIMARY KEY, code text NOT NULL, free int4range,
    EXCLUDE USING gist (free WITH &&));
CREATE INDEX t_code ON t (code);
INSERT INTO t SELECT n, n FROM generate_series(1, 1000) AS n;
"""
AT_WORK = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name LIKE 'zdm-run:execute%' AND wait_event_type = 'Lock'"
    " AND query ~ '^(REINDEX|VACUUM|ANALYZE)')"
)
END = (
    "SELECT {}(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name LIKE 'zdm-run:execute%' AND query ~ '^REINDEX'"
)
LOCKS = (
    "SELECT DISTINCT l.mode FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
    " WHERE a.application_name LIKE 'zdm-run:execute%' AND l.relation = 't'::regclass"
    " AND l.granted"
)
INDEXES = (
    "SELECT i.indexrelid::regclass::text, i.indisvalid FROM pg_index AS i"
    " WHERE i.indrelid = 't'::regclass ORDER BY 1"
)
TABLE = "oid = 't'::regclass"
THIS = "indexrelid = 't_code_ccold'::regclass"
WHOLE = [("t_code", True), ("t_free_excl", True), ("t_pkey", True)]
SERVERS = pytest.mark.parametrize("every_server", [14, 18], indirect=True)
REINDEX = "REINDEX INDEX CONCURRENTLY t_code;"


@pytest.fixture
def url(every_server: Server) -> Iterator[str]:
    with fresh_database(every_server) as found:
        writing.run(found, BEFORE)
        yield found


def while_it_waits(
    url: str, plan: Plan, looks: str, acts: str = "SELECT"
) -> list[tuple[object, ...]]:
    """Execute with an older transaction beside it, which the first step waits for; what
    another session finds then, before it acts."""
    found: list[tuple[object, ...]] = []

    def other(older: "psycopg.Connection[tuple[object, ...]]") -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            until_true(conn, AT_WORK)
            conn.execute("UPDATE t SET code = 'new' WHERE k = 2")  # nothing blocks it
            conn.execute("SELECT count(*) FROM t")
            found.extend(conn.execute(looks.encode()).fetchall())
            conn.execute(acts.encode())
        older.commit()

    with ExitStack() as ends:

        def begin(event: Event) -> None:
            if isinstance(event, StepStarted) and not found and event.id == plan.steps[0].id:
                older = ends.enter_context(psycopg.connect(url))
                older.execute("UPDATE t SET code = 'old' WHERE k = 1")
                thread = threading.Thread(target=other, args=(older,))
                thread.start()
                ends.callback(thread.join)

        with suppress(ZdmError):  # the next attempt may be another run's
            cases.run(url, plan, watching=Watching(begin))
    return found


@SERVERS
def test_reads_and_writes_pass_while_an_index_is_rebuilt(url: str) -> None:
    plan = writing.planned(url, REINDEX)
    node = "SELECT pg_relation_filenode('t_code')"
    former = writing.rows(url, node)

    assert while_it_waits(url, plan, LOCKS) == [("ShareUpdateExclusiveLock",)]
    assert writing.rows(url, INDEXES) == WHOLE
    assert writing.rows(url, node) != former


@SERVERS
@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
def test_what_a_failed_attempt_leaves_is_dropped(url: str, end: str) -> None:
    plan = writing.planned(url, REINDEX)

    assert ("t_code_ccnew", False) in while_it_waits(url, plan, INDEXES, END.format(end))
    assert cases.run(url, plan) is RunState.CONTRACTED
    assert writing.rows(url, INDEXES) == WHOLE


@SERVERS
@pytest.mark.parametrize("label", ["ccnew", "ccold"])
def test_the_probe_finds_each_kind_of_leftover_and_its_repair_drops_it(
    url: str, label: str
) -> None:
    plan = writing.planned(url, REINDEX)
    (step,) = (s for s in plan.steps if isinstance(s, RunSql))
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"CREATE INDEX t_code_{label} ON t (code)".encode())
        conn.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
            (f"t_code_{label}",),
        )
        answer = conn.execute(step.probe.encode()).fetchone()

        assert answer == ("half done",)

        for sql in step.repair:
            conn.execute(sql.encode())

        assert conn.execute(step.probe.encode()).fetchone() == (RunSql.RECORDED,)
    assert writing.rows(url, INDEXES) == WHOLE


@SERVERS
@pytest.mark.parametrize("is_valid", [False, True])
def test_an_index_that_somebody_else_made_is_never_dropped(url: str, *, is_valid: bool) -> None:
    plan = writing.planned(url, REINDEX)
    words = "a name that the rebuild of t_code needs" if is_valid else "did not make it"

    def make(event: Event) -> None:
        if isinstance(event, StepStarted) and event.id == plan.steps[0].id:
            writing.run(url, "CREATE INDEX t_code_ccold ON t (code)")
            if not is_valid:
                writing.run(url, f"UPDATE pg_index SET indisvalid = false WHERE {THIS}")

    with pytest.raises(StoppedError, match=words):
        cases.run(url, plan, watching=Watching(make))
    with pytest.raises(StoppedError, match=words):
        cases.run(url, plan)

    assert ("t_code_ccold", is_valid) in writing.rows(url, INDEXES)


@SERVERS
def test_postgresql_rebuilds_and_cuts_as_the_plan_says(url: str) -> None:
    """The exclusion constraint's index is passed over; the empty end stays."""
    writing.run(url, "INSERT INTO t SELECT n, n FROM generate_series(1001, 60000) AS n")
    writing.run(url, "DELETE FROM t WHERE k > 1000")
    plan = writing.planned(url, "VACUUM (ANALYZE) t; REINDEX TABLE CONCURRENTLY t;")
    nodes = "SELECT pg_relation_filenode(c) FROM unnest(ARRAY['t_free_excl', 't_code']) AS c"
    size = writing.rows(url, "SELECT pg_relation_size('t')")
    excluded, code = writing.rows(url, nodes)

    assert cases.run(url, plan) is RunState.CONTRACTED
    assert writing.rows(url, "SELECT pg_relation_size('t')") == size
    assert writing.rows(url, f"SELECT reltuples FROM pg_class WHERE {TABLE}") == [(1000,)]
    after = writing.rows(url, nodes)
    assert (after[0], after[1] == code) == (excluded, False)
