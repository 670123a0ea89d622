"""The last look: what others change during a run stops it before the point of no return."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests import case as cases
from tests import scratch
from tests.case import Watching
from tests.conftest import MAJORS, fresh_database, lasting
from tests.postgres.run.looking import (
    BEFORE,
    OFF,
    ON,
    is_past,
    opened,
    owned,
    planned,
    rows,
    run_sql,
    world,
)
from tests.waiting import until
from zdm.cli.commands.status import plain, text
from zdm.errors import PastReturnError, RefusedError, StoppedError
from zdm.execute import evidence, rollback
from zdm.execute.events import Compared, Event, StepDone
from zdm.execute.ports import LockBusyError
from zdm.model.plan import AwaitRollout, Phase, Plan, RunSql
from zdm.model.release import RunState
from zdm.postgres.catalog import evidence as catalog
from zdm.postgres.journal import looks, runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.run.evidence import Evidence
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import unseen_rows
from zdm.postgres.session.connection import Connection
from zdm.workflows import read_status

CONVERT = """
ALTER TABLE t ADD COLUMN n text;
UPDATE t SET n = b::text;
ALTER TABLE t DROP COLUMN b;
"""
# what others do, and what the run says of it; it names what undoes it
IN_THE_WAY = {
    "trigger": (
        "CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN new.a := lower(new.a); RETURN new; END';"
        " CREATE TRIGGER low BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION low()",
        "trigger low on public.t is new",
    ),
    "view": ("CREATE VIEW vv AS SELECT a FROM t", "view public.vv is new"),
    "view of the new column": ("CREATE VIEW vv AS SELECT n FROM t", "view public.vv is new"),
    "materialized view": (
        "CREATE MATERIALIZED VIEW vv AS SELECT a FROM t",
        "materialized view public.vv is new",
    ),
    "foreign key": (
        "CREATE TABLE child (x text REFERENCES t (a))",
        "table constraint child_x_fkey on public.child is new",
    ),
    "new column renamed": ("ALTER TABLE t RENAME n TO m", "column public.t.n is gone"),
    "old column renamed": ('ALTER TABLE t RENAME a TO "m.n"', "column public.t.a is gone"),
    "table renamed": ("ALTER TABLE t RENAME TO u", "table public.t is gone"),
    "table moved": (
        "CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s; ALTER TABLE s.t RENAME TO u",
        "table public.t is gone",
    ),
    "index": ("CREATE INDEX hand ON t (a, b)", "index public.hand is new"),
    "expression index": ("CREATE INDEX hand ON t (lower(a))", "index public.hand is new"),
    "own constraint dropped": (
        "ALTER TABLE t DROP CONSTRAINT zdm_t_a_key",
        "table constraint zdm_t_a_key on public.t is gone",
    ),
    "check": (
        "ALTER TABLE t ADD CONSTRAINT hand CHECK (a <> '')",
        "table constraint hand on public.t is new",
    ),
    "check of the new column": (
        "ALTER TABLE t ADD CONSTRAINT hand CHECK (n <> '')",
        "table constraint hand on public.t is new",
    ),
    "default": ("ALTER TABLE t ALTER a SET DEFAULT 'hand'", "column public.t.a was altered"),
    "no default": ("ALTER TABLE t ALTER a DROP DEFAULT", "column public.t.a was altered"),
    "statistics": (
        "CREATE STATISTICS hand ON a, b FROM t",
        "statistics object public.hand is new",
    ),
    "rule": (
        "CREATE RULE hand AS ON DELETE TO t DO ALSO NOTIFY deleted",
        "rule hand on public.t is new",
    ),
    "policy": ("CREATE POLICY hand ON t USING (a <> '')", "policy hand on public.t is new"),
    "row security": ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "table public.t was altered"),
}
# the same, where rows may have been written without the dual write meanwhile
OWN_TRIGGER = {
    "off": OFF,
    "on, but not always": "ALTER TABLE t ENABLE TRIGGER zzz_zdm_sync_n",
    "dropped": "DROP TRIGGER zzz_zdm_sync_n ON t",
    "as pg_restore --disable-triggers does": "ALTER TABLE t DISABLE TRIGGER USER;"
    " ALTER TABLE t ENABLE TRIGGER USER",
    "replaced by another": "DROP TRIGGER zzz_zdm_sync_n ON t; CREATE TRIGGER zzz_zdm_sync_n"
    " BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION zdm_sync_t_n();"
    " ALTER TABLE t ENABLE ALWAYS TRIGGER zzz_zdm_sync_n",
    "function replaced": "CREATE OR REPLACE FUNCTION zdm_sync_t_n() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "function dropped": "DROP FUNCTION zdm_sync_t_n() CASCADE",
}
DOUBTFUL = {
    "off and on again": (OFF, ON),
    "off and on again at once": (f"BEGIN; {OFF}; {ON}; COMMIT",),
    "all of its triggers": ("ALTER TABLE t DISABLE TRIGGER USER", ON),
    "replaced by the same": ("SELECT replaced()",),
}


@pytest.fixture(
    scope="module",
    params=[*(pytest.param(n, marks=pytest.mark.more) for n in MAJORS[:-1]), MAJORS[-1]],
)
def ground(request: pytest.FixtureRequest) -> Server:
    return lasting(request.param)


@pytest.fixture
def url(ground: Server) -> Iterator[str]:
    """A database of an owner's own."""
    with fresh_database(ground) as admin:
        found = owned(admin)
        run_sql(found, BEFORE)
        yield found


def remedy(stopped: StoppedError) -> list[str]:
    """The statements that the message names, of which a concurrent one runs by itself."""
    named = stopped.hint.partition("; then run the same command again")[0]
    return [named] if "$" in named else named.split("; ")


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_is_in_the_way_of_the_contract_stops_it_until_it_is_undone(
    url: str, what: str
) -> None:
    done, message = IN_THE_WAY[what]
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    run_sql(url, done)
    for _ in range(2):
        with pytest.raises(StoppedError) as stopped:
            cases.run(url, plan)
    before = is_past(url)
    run_sql(url, *remedy(stopped.value))

    assert message in str(stopped.value)
    assert stopped.value.exit_code == 4
    assert not before
    assert cases.run(url, plan) is RunState.CONTRACTED


@pytest.mark.parametrize("what", DOUBTFUL)
def test_a_trigger_that_was_off_stops_it_once_and_then_every_row_is_compared(
    url: str, what: str
) -> None:
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    run_sql(
        url,
        "CREATE FUNCTION replaced() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE"
        " pg_get_functiondef('zdm_sync_t_n'::regproc); END $$",
        *DOUBTFUL[what],
    )
    with pytest.raises(StoppedError, match=r"no row differs now") as stopped:
        cases.run(url, plan)
    before, watching = is_past(url), Watching()
    state = cases.run(url, plan, watching=watching)
    compared = [event.rows for event in watching.events if isinstance(event, Compared)]

    assert "is as before" in str(stopped.value)
    assert stopped.value.exit_code == 4
    assert (before, state, compared) == (False, RunState.CONTRACTED, [300])


def test_rows_that_were_written_while_it_was_off_are_named_until_they_are_corrected(
    url: str,
) -> None:
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    run_sql(url, OFF, "UPDATE t SET a = 'lost' WHERE id = 7", ON)
    messages = []
    for _ in range(2):
        with pytest.raises(StoppedError) as stopped:
            cases.run(url, plan)
        messages.append(str(stopped.value))
    run_sql(url, "UPDATE t SET n = a WHERE id = 7")

    assert all(
        "rows of t differ between the old and the new shape (n): 7" in m for m in messages
    )
    assert cases.run(url, plan) is RunState.CONTRACTED
    assert rows(url, "SELECT n FROM t WHERE id = 7") == [("lost",)]


@pytest.mark.parametrize("what", OWN_TRIGGER)
def test_a_sync_trigger_that_is_not_as_it_was_stops_it_with_the_statement_that_helps(
    url: str, what: str
) -> None:
    plan = planned(url)
    cases.run(url, plan, until=RunState.DEPLOYED)
    run_sql(url, OWN_TRIGGER[what], "UPDATE t SET a = 'lost' WHERE id = 7")
    with pytest.raises(StoppedError, match=r"the run: (trigger zzz|function)") as stopped:
        cases.run(url, plan)
    run_sql(url, *remedy(stopped.value))
    with pytest.raises(StoppedError, match=r"is as before|is new") as doubted:
        cases.run(url, plan)
    before = is_past(url)
    run_sql(url, "UPDATE t SET n = a WHERE id = 7")
    state = cases.run(url, plan)

    assert (stopped.value.exit_code, doubted.value.exit_code, before) == (4, 4, False)
    assert state is RunState.CONTRACTED
    assert rows(url, "SELECT n FROM t WHERE id = 7") == [("lost",)]


@pytest.mark.parametrize(
    "what",
    [
        "ALTER TABLE t ADD COLUMN other int",
        "CREATE INDEX hand ON t (b)",
        "CREATE VIEW vv AS SELECT b FROM t",
        "VACUUM FULL t",
        "ANALYZE",
        "VACUUM FREEZE pg_catalog.pg_trigger",
    ],
)
def test_what_is_not_in_the_way_does_not_stop_it(database: str, what: str) -> None:
    run_sql(database, BEFORE)
    plan = planned(database)
    cases.run(database, plan, until=RunState.DEPLOYED)
    run_sql(database, what)

    assert cases.run(database, plan) is RunState.CONTRACTED


def test_a_run_of_a_zdm_that_kept_no_evidence_compares_every_row(database: str) -> None:
    run_sql(database, BEFORE)
    plan = planned(database)
    cases.run(database, plan, until=RunState.DEPLOYED)
    run_sql(
        database,
        OFF,
        "UPDATE t SET a = 'lost' WHERE id = 299",
        ON,
        "DELETE FROM zdm.evidence",
        "DELETE FROM zdm.comparison",
    )

    with pytest.raises(StoppedError, match=r"differ between .*: 299"):
        cases.run(database, plan)


def test_a_value_that_only_the_way_back_gives_is_no_difference(url: str) -> None:
    plan = planned(url, CONVERT)
    cases.run(url, plan, until=RunState.DEPLOYED)
    run_sql(url, "UPDATE t SET n = '007' WHERE id = 1")

    assert cases.run(url, plan) is RunState.CONTRACTED
    assert rows(url, "SELECT n FROM t WHERE id < 3 ORDER BY id") == [("007",), ("2",)]


def test_rows_that_the_update_leaves_out_are_no_difference(url: str) -> None:
    run_sql(url, "ALTER TABLE t ADD n text; UPDATE t SET n = 'x', b = NULL WHERE id = 7")
    plan = planned(
        url, "UPDATE t SET n = b::text WHERE b IS NOT NULL; ALTER TABLE t DROP COLUMN b;"
    )

    assert cases.run(url, plan) is RunState.CONTRACTED
    assert rows(url, "SELECT n FROM t WHERE id IN (7, 8) ORDER BY id") == [("x",), ("8",)]


def test_a_session_of_the_replica_role_is_kept_in_sync(database: str) -> None:
    run_sql(database, BEFORE)
    plan = planned(database)
    cases.run(database, plan, until=RunState.DEPLOYED)
    with opened(database) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE t SET a = 'by replication' WHERE id = 1")
        conn.execute("INSERT INTO t (id, a) VALUES (301, 'restored')")

    assert cases.run(database, plan) is RunState.CONTRACTED
    assert rows(database, "SELECT n FROM t WHERE id IN (1, 301) ORDER BY id") == [
        ("by replication",),
        ("restored",),
    ]


def test_a_failed_contract_leaves_no_marker_and_can_be_taken_up_again(database: str) -> None:
    """Marker and the end of the dual write are one transaction."""
    run_sql(database, BEFORE)
    plan = planned(database)
    cases.run(database, plan, until=RunState.DEPLOYED)
    with opened(database) as conn, conn.transaction():
        conn.execute("LOCK TABLE t IN ACCESS SHARE MODE")
        with pytest.raises(Exception, match=r"gave up|would queue") as failed:
            cases.run(database, plan)
        before = is_past(database)

    assert not isinstance(failed.value, PastReturnError)
    assert not before
    assert cases.run(database, plan) is RunState.CONTRACTED


def own_evidence(conn: Connection, plan: Plan) -> Evidence:
    run = runs.unfinished(conn)
    assert run is not None
    return Evidence(
        own=conn, fence=Fence(run=run.id, epoch=run.epoch), scope=evidence.scope(plan)
    )


def step(plan: Plan, part: str) -> RunSql:
    return next(s for s in plan.steps if isinstance(s, RunSql) and part in s.id)


def test_what_changes_after_the_look_is_seen_under_the_lock_of_the_contract(
    database: str,
) -> None:
    run_sql(database, BEFORE)
    plan = planned(database)
    cases.run(database, plan, until=RunState.DEPLOYED)
    run_sql(database, f"BEGIN; {OFF}; {ON}; COMMIT")

    with opened(database) as conn:
        kept = own_evidence(conn, plan)
        with pytest.raises(LockBusyError, match="trigger zzz_zdm_sync_n"), conn.transaction():
            kept.before(step(plan, "end-dual-write"))


def test_a_step_that_is_killed_between_its_work_and_its_record_is_still_the_plans(
    database: str,
) -> None:
    run_sql(database, BEFORE)
    plan = planned(database)
    cases.run(database, plan, until=RunState.EXPANDED)
    index = step(plan, "-index")
    with opened(database) as conn:
        kept = own_evidence(conn, plan)
        runs.intend(conn, kept.fence, index.id)
        kept.begin(index)
        for text in index.sql:
            conn.execute(text.encode())
        kept.begin(index)  # the next attempt
        kept.end()
        run = runs.unfinished(conn)
        assert run is not None
        now = looks.kept(conn, run.id)

    assert now is not None
    assert any(kind == "index" and "zdm_" in name for kind, name in now.facts)
    assert cases.run(database, plan) is RunState.CONTRACTED


@pytest.mark.parametrize("major", [pytest.param(14, marks=pytest.mark.more), 18])
def test_a_subscriptions_rows_are_kept_in_sync_and_the_run_is_not_taken_up_with_it(
    major: int,
) -> None:
    settings = (("wal_level", "logical"), ("autovacuum", "off"))
    with scratch.throwaway(Wanted(major=major, settings=settings)) as server:
        there = urlsplit(server.dsn)
        publisher, target = (
            there._replace(path=f"/{name}").geturl() for name in ("source", "target")
        )
        run_sql(server.dsn, "CREATE DATABASE source", "CREATE DATABASE target")
        run_sql(publisher, BEFORE, "CREATE PUBLICATION pp FOR TABLE t")
        run_sql(publisher, "SELECT pg_create_logical_replication_slot('s1', 'pgoutput')")
        run_sql(target, BEFORE)
        plan = planned(target)
        cases.run(target, plan, until=RunState.DEPLOYED)
        subscribe = (
            f"CREATE SUBSCRIPTION s CONNECTION 'host={there.hostname} port={there.port}"
            f" dbname=source user={there.username} password={there.password}'"
            " PUBLICATION pp WITH (create_slot = false, slot_name = s1, copy_data = false)"
        )
        run_sql(target, subscribe)
        run_sql(publisher, "UPDATE t SET a = 'changed' WHERE id = 1")
        run_sql(publisher, "INSERT INTO t (id, a) VALUES (301, 'added')")
        until(
            lambda: (
                rows(target, "SELECT n FROM t WHERE id IN (1, 301) ORDER BY id")
                == [("changed",), ("added",)]
            )
        )
        with pytest.raises(RefusedError, match=r"the subscription s writes to public.t"):
            cases.run(target, plan)
        run_sql(target, "ALTER SUBSCRIPTION s DISABLE")
        run_sql(target, "ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s")
        state = cases.run(target, plan)
        run_sql(publisher, "SELECT pg_drop_replication_slot('s1')")

    assert state is RunState.CONTRACTED


def test_a_plan_for_a_table_that_a_subscription_feeds_is_not_begun(database: str) -> None:
    run_sql(database, BEFORE)
    run_sql(
        database,
        "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere.invalid' PUBLICATION pp"
        " WITH (connect = false, slot_name = NONE)",
        "INSERT INTO pg_subscription_rel SELECT oid, 't'::regclass, 'r', NULL"
        " FROM pg_subscription WHERE subname = 's'",
    )
    try:
        plan = planned(database)
        with pytest.raises(RefusedError, match=r"the subscription s writes to public.t"):
            cases.run(database, plan)
    finally:
        run_sql(database, "DROP SUBSCRIPTION s")

    with opened(database) as conn:
        assert runs.unfinished(conn) is None


def test_the_status_says_what_was_compared_and_when(database: str) -> None:
    run_sql(database, BEFORE)
    plan = planned(database)
    cases.run(database, plan, until=RunState.DEPLOYED)
    status = read_status.read(database)
    assert status is not None
    (compared,) = plain(status)["comparisons"]

    assert (compared["step"], compared["rows"]) == ("backfill-1-t-n-fill", 300)
    assert "compared t in both shapes: 300 rows, none differs, 20" in text(status)


def test_the_life_of_a_database_is_its_cluster_its_number_and_its_timeline(
    database: str,
) -> None:
    with opened(database) as conn:
        cluster, oid, timeline = str(catalog.server(conn)).split(" ")
        row = conn.execute(
            "SELECT system_identifier::text, (SELECT oid::text FROM pg_database WHERE"
            " datname = current_database()) FROM pg_control_system()"
        ).fetchone()

    assert (cluster, oid) == row
    assert timeline == "00000001"


def test_the_plan_says_what_the_last_look_costs(database: str) -> None:
    run_sql(database, BEFORE, "ANALYZE t")
    rollout = next(step for step in planned(database).steps if isinstance(step, AwaitRollout))

    assert "every row of t is compared in both shapes" in rollout.reason
    assert (rollout.cost.rows, rollout.cost.scan) == (300, True)


UNSEEN = {
    "inherits": (
        "CREATE TABLE child (x int) INHERITS (t)",
        "ALTER TABLE child NO INHERIT t; DROP TABLE child",
        "child inherits from public.t",
    ),
    "hidden": (
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ALTER TABLE t DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
        "row security hides rows of public.t",
    ),
}


@pytest.mark.parametrize("kind", UNSEEN)
def test_rows_that_a_fill_would_miss_are_refused_at_the_start(url: str, kind: str) -> None:
    plan = planned(url)
    run_sql(url, UNSEEN[kind][0])
    with opened(url) as conn:
        refused = unseen_rows.refusal(conn, plan)

    assert refused is not None
    assert UNSEEN[kind][2] in refused.message


@pytest.mark.parametrize("until", [RunState.EXPANDED, RunState.DEPLOYED])
@pytest.mark.parametrize("kind", UNSEEN)
def test_a_run_is_not_taken_up_while_it_would_miss_rows(
    url: str, kind: str, until: RunState
) -> None:
    done, undone, message = UNSEEN[kind]
    plan = planned(url)
    cases.run(url, plan, until=until)
    run_sql(url, done)
    with pytest.raises(RefusedError, match=message):
        cases.run(url, plan)
    before = is_past(url)
    run_sql(url, undone)

    assert not before
    assert cases.run(url, plan) is RunState.CONTRACTED


@pytest.mark.parametrize("kind", UNSEEN)
def test_rows_that_are_out_of_reach_before_the_contract_stop_it(url: str, kind: str) -> None:
    done, undone, message = UNSEEN[kind]
    plan = planned(url)
    cases.run(url, plan, until=RunState.BACKFILLED)

    def during_the_rollout(event: Event) -> None:
        if isinstance(event, StepDone) and event.phase is Phase.ROLLOUT:
            run_sql(url, done)

    with pytest.raises(StoppedError, match=message) as stopped:
        cases.run(url, plan, watching=Watching(during_the_rollout))
    before = is_past(url)
    run_sql(url, undone)

    assert (before, stopped.value.exit_code) == (False, 4)
    assert cases.run(url, plan) is RunState.CONTRACTED


def test_a_rollback_is_not_refused_for_rows_that_a_fill_would_miss(url: str) -> None:
    plan = planned(url)
    cases.run(url, plan, until=RunState.BACKFILLED)
    run_sql(url, "CREATE TABLE child (x int) INHERITS (t)")
    differs = pytest.raises(StoppedError, match="the schema is not the one")
    with world(url) as there, differs:
        rollback.revert(plan, there, cases.options())  # it has the child, too
    run_sql(url, "DROP TABLE child")
    with world(url) as there:
        state = rollback.revert(plan, there, cases.options())

    assert state is RunState.REVERTED
