"""Any statement that PostgreSQL runs can run as written, with the claims that a replay saw."""

import pytest
from msgspec.structs import replace

from tests.conftest import fresh_database
from zdm.model.locks import LockMode
from zdm.model.plan import Claim, Plan, RunSql, Step
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Stamp, Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read
from zdm.postgres.replay import replay
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.render.outputs import terminal
from zdm.workflows import plan_revisions, replay_plan

BEFORE = """
CREATE TYPE mood AS ENUM ('glad');
CREATE TABLE parent (id bigint PRIMARY KEY, name text);
CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint, n int NOT NULL, x text);
CREATE TABLE part (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000);
CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (1000) TO (2000);
CREATE FUNCTION locks_parent() RETURNS void LANGUAGE plpgsql
AS 'BEGIN LOCK TABLE parent IN SHARE MODE; END';
"""
# what was refused by our own verification, and its siblings
STATEMENTS = """
-- zdm: run in expand -- r
ALTER TABLE child ADD CONSTRAINT c1 FOREIGN KEY (parent_id) REFERENCES parent;
-- zdm: run in expand -- r
ALTER TABLE child ADD CONSTRAINT c2 UNIQUE (x);
-- zdm: run in expand -- r
ALTER TABLE child ADD CONSTRAINT c3 CHECK (n <> 0) NOT VALID;
-- zdm: run in expand -- r
ALTER TABLE child VALIDATE CONSTRAINT c3;
-- zdm: run in expand -- r
ALTER TYPE mood ADD VALUE 'sad';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- zdm: run in expand -- r
CREATE TRIGGER touched BEFORE UPDATE ON parent FOR EACH ROW EXECUTE FUNCTION touch();
-- zdm: run in expand -- r
ALTER TABLE child ALTER n DROP NOT NULL;
-- zdm: run in expand -- r
ALTER TABLE part ALTER n TYPE bigint;
-- zdm: run in expand -- r
CREATE INDEX CONCURRENTLY child_x ON child (x);
-- zdm: run in expand -- r
VACUUM FULL child;
-- zdm: run in expand -- r
VACUUM parent;
-- zdm: run in expand -- r
DO $$ BEGIN ALTER TABLE child ALTER x TYPE varchar(20); END $$;
-- zdm: run in expand -- r
SELECT locks_parent();
-- zdm: run in contract -- r
ALTER TABLE part ALTER n TYPE int;
-- zdm: run in contract -- r
REINDEX TABLE child;
-- zdm: run in contract -- r
ALTER TABLE parent RENAME TO parents;
"""


STAMP = Stamp(table=Name("public", "alembic_version"), from_heads=("a1",), to_heads=("a2",))


def planned(
    server: Server, migration: str, before: str = BEFORE, stamp: Stamp | None = None
) -> tuple[Plan, Snapshot]:
    with (
        fresh_database(server) as url,
        connection.connect(url, name="tests", autocommit=True) as conn,
    ):
        conn.execute(before.encode())
        start = read.read(conn)
    data = migration.encode()
    train = Train(
        statements=split.statements(data, "m.sql"),
        files=(split.source_file(data, "m.sql"),),
        stamp=stamp,
    )
    plan = schedule.plan(classify.classify(train, start), name="m", train=train, snapshot=start)
    plan_revisions.check_invariants(plan)
    return plan, start


def settled(
    server: Server, migration: str, before: str = BEFORE, stamp: Stamp | None = None
) -> tuple[Plan, Snapshot, Verification]:
    plan, start = planned(server, migration, before, stamp)
    found = replay.replay(plan, start, server, settle=True)
    seen = {step.id: step for step in found.seen}
    plan = replace(plan, steps=tuple(seen.get(step.id, step) for step in plan.steps))
    plan_revisions.check_invariants(plan)
    return plan, start, found


def step(plan: Plan, text: str) -> RunSql:
    (found,) = (s for s in plan.steps if isinstance(s, RunSql) and text in s.sql[0])
    return found


def locks(found: Step) -> set[tuple[str, LockMode]]:
    return {(lock.table.name, lock.mode) for lock in found.locks}


def check_everything(server: Server) -> None:
    plan, start, found = settled(server, STATEMENTS)

    assert found.findings == ()
    assert locks(step(plan, "FOREIGN KEY")) == {
        ("child", LockMode.SHARE_ROW_EXCLUSIVE),
        ("parent", LockMode.SHARE_ROW_EXCLUSIVE),
    }
    assert locks(step(plan, "locks_parent")) == {("parent", LockMode.SHARE)}
    assert [name.name for name in step(plan, "ALTER x TYPE").rewrites] == ["child"]
    assert {name.name for name in step(plan, "n TYPE bigint").rewrites} == {"part1", "part2"}
    assert step(plan, "ALTER x TYPE").unknown == (Claim.SCAN,)
    assert replay.replay(plan, start, server).findings == ()


def test_any_statement_runs_as_written_with_the_claims_that_were_seen(server: Server) -> None:
    check_everything(server)


@pytest.mark.more
def test_any_statement_runs_as_written_on_every_version(every_server: Server) -> None:
    check_everything(every_server)


def test_a_claim_of_such_a_step_that_does_not_hold_is_found(server: Server) -> None:
    sql = "-- zdm: run in expand -- r\nALTER TABLE child ALTER n TYPE bigint;"
    plan, start, _ = settled(server, sql)
    (first, *rest) = plan.steps
    assert isinstance(first, RunSql)
    wrong = replace(plan, steps=(replace(first, locks=(), rewrites=()), *rest))

    assert {found.slug for found in replay.replay(wrong, start, server).findings} == {
        "lock_not_claimed",
        "rewrite_not_claimed",
    }


def test_claims_that_are_not_made_are_not_judged(server: Server) -> None:
    sql = "-- zdm: run in expand -- r\nDO $$ BEGIN ALTER TABLE child ALTER n TYPE int8; END $$;"
    plan, start = planned(server, sql)

    assert "locks, scan and rewrite unknown: not verified" in terminal.render(plan)
    assert replay.replay(plan, start, server).findings == ()


def test_the_plan_does_not_promise_what_it_cannot_hold(server: Server) -> None:
    sql = "-- zdm: run in expand -- r\nALTER TABLE child ALTER n TYPE bigint;"
    text = terminal.render(settled(server, sql)[0])

    assert "can be rolled back at every step, but not step 1" in text
    assert "rewrites child" in text
    assert "no scan, no rewrite" not in text


def test_steps_before_such_a_step_are_undone_and_compared(server: Server) -> None:
    sql = "ALTER TABLE child ADD COLUMN c int;\n-- zdm: run in expand -- r\nANALYZE child;"
    plan, _, found = settled(server, sql)

    assert found.findings == ()
    assert "undo restores the schema before expand-2-as-written" in replay_plan.sentence(
        plan, found
    )


def test_a_version_that_the_statement_breaks_is_said_in_the_plan(server: Server) -> None:
    sql = "-- zdm: run in expand -- r\nALTER TABLE child RENAME TO children;"
    plan, start, found = settled(server, sql)

    assert found.findings == ()
    assert step(plan, "RENAME").breaks == (
        'after this step the old version\'s write to child fails: relation "public.child" does'
        " not exist",
    )
    assert replay.replay(plan, start, server).findings == ()


def test_a_version_that_needs_a_statement_of_the_contract_is_said_in_the_plan(
    server: Server,
) -> None:
    sql = "-- zdm: run in contract -- r\nALTER TABLE child RENAME TO children;"
    plan, _, found = settled(server, sql, stamp=STAMP)

    assert found.findings == ()
    assert step(plan, "RENAME").breaks == (
        "until this step the new version's write to children fails: relation"
        ' "public.children" does not exist',
    )
    assert "see step" in terminal.render(plan)


def test_a_column_that_the_train_renames_may_be_named_in_the_contract(server: Server) -> None:
    sql = """ALTER TABLE child RENAME COLUMN n TO number;
-- zdm: run in contract -- r
ALTER TABLE child ADD CONSTRAINT c4 CHECK (number <> 0);"""

    assert settled(server, sql)[2].findings == ()


def test_what_phases_make_impossible_is_said_with_its_remedy(server: Server) -> None:
    sql = """-- zdm: run in contract -- r
DO $$ BEGIN CREATE TABLE late (id int); END $$;
-- zdm: run in expand -- r
DO $$ BEGIN INSERT INTO late VALUES (1); END $$;"""
    (found,) = settled(server, sql)[2].findings

    assert "let it run in the other phase" in found.remedy


def test_what_needs_superuser_is_planned_and_not_run(server: Server) -> None:
    sql = """-- zdm: privileged -- only a superuser may
ALTER SYSTEM SET work_mem = '8MB';
-- zdm: privileged -- only a superuser may
CREATE PUBLICATION everything FOR ALL TABLES;
ALTER TABLE child ADD COLUMN c int;"""
    plan, _, found = settled(server, sql)

    assert found.findings == ()
    assert found.notes[-1] == (
        "not run, because they need superuser: expand-1-as-written, expand-2-as-written"
    )
    assert "not run on the shadow, not verified: needs superuser" in terminal.render(plan)


def test_what_depends_on_it_is_said_to(server: Server) -> None:
    sql = """-- zdm: privileged -- only a superuser may
CREATE TYPE made AS ENUM ('a');
-- zdm: run in expand -- r
ALTER TABLE child ADD COLUMN m made;"""
    (found,) = settled(server, sql)[2].findings

    assert found.remedy.startswith("a privileged statement before it was not run on the shadow")
    both = sql.replace("run in expand", "privileged")
    assert settled(server, both)[2].findings == ()


def test_a_statement_that_lacks_rights_is_told_to_be_privileged(server: Server) -> None:
    sql = "-- zdm: run in expand -- r\nCREATE PUBLICATION everything FOR ALL TABLES;"
    (found,) = settled(server, sql)[2].findings

    assert found.message == (
        "m.sql:2:1: this statement needs superuser, which the shadow does not give it: must be"
        " superuser to create FOR ALL TABLES publication"
    )
    assert "`-- zdm: privileged -- reason`" in found.remedy
