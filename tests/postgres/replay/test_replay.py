"""A plan that keeps its promises is verified; each broken promise is found, by name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests import case as cases
from tests.conftest import fresh_database
from zdm.errors import RefusedError
from zdm.model.plan import Backfill, Check, Phase, Plan, RunSql, Side, Step
from zdm.model.schema import Name, Snapshot
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server
from zdm.workflows import replay_plan

Change = Callable[[RunSql], Step]
USERS = Name("public", "users")


def made(server: Server, case: str) -> tuple[Plan, Snapshot]:
    folder: Path = cases.ROOT / case
    with fresh_database(server) as url:
        start = cases.prepare(url, folder)
    return cases.plan(folder, start), start


def changed(plan: Plan, phase: Phase, change: Change) -> Plan:
    """The plan with the phase's first RunSql changed."""
    steps = list(plan.steps)
    index = next(i for i, s in enumerate(steps) if isinstance(s, RunSql) and s.phase is phase)
    step = steps[index]
    assert isinstance(step, RunSql)
    steps[index] = change(step)
    return replace(plan, steps=tuple(steps))


def slugs(server: Server, plan: Plan, start: Snapshot) -> set[str]:
    return {found.slug for found in replay.replay(plan, start, server).findings}


@pytest.mark.parametrize(
    "case",
    [
        "rename_column/fused",
        "create_index/plain",
        "change_type/plain",
        "rename_column/odd_checks",
        "rename_column/like_named_tables",
        "rename_column/triggers",
        "change_type/collation",
        "add_column/inherited",
        "set_not_null/inherited",
        "create_table/referenced_partition",
        "insert_rows/with_key",
        "insert_rows/refers",
        "insert_rows/fires",
        "new_table_change/seed_rows",
        "backfill/keep_old_values",
    ],
)
def test_a_plan_that_keeps_its_promises_is_verified(server: Server, case: str) -> None:
    plan, start = made(server, case)
    found = replay.replay(plan, start, server)

    assert found.findings == ()
    assert found.steps == len(plan.steps)
    assert found.writes > 0


@pytest.mark.parametrize("case", ["add_unique/inherited", "add_foreign_key/inherited"])
def test_the_newest_server_s_locks_on_tables_that_inherit_are_claimed(
    server: Server, case: str
) -> None:
    plan, start = made(server, case)

    assert slugs(server, plan, start) == set()


@cases.in_turn(cases.PLANNED, 14, 15, 16, 17, 18, share=8)
def test_every_case_is_verified(every_server: Server, case: Path) -> None:
    plan, start = made(every_server, cases.name(case))

    assert replay.replay(plan, start, every_server).findings == ()


def leave_table(step: RunSql) -> RunSql:
    return replace(
        step,
        sql=(*step.sql, "CREATE TABLE public.zdm_left ()"),
        undo=("DROP TABLE public.zdm_left", *step.undo)
        if isinstance(step.undo, tuple)
        else step.undo,
    )


def break_trigger(step: RunSql) -> RunSql:
    broken = (
        "CREATE FUNCTION public.zdm_bad() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.no_such_column := 1; RETURN NEW; END'",
        "CREATE TRIGGER zzz_zdm_bad BEFORE INSERT ON public.users FOR EACH ROW"
        " EXECUTE FUNCTION public.zdm_bad()",
    )
    return replace(step, sql=(*step.sql, *broken))


@pytest.mark.parametrize(
    ("phase", "change", "slug"),
    [
        pytest.param(
            Phase.EXPAND, lambda s: replace(s, locks=()), "lock_not_claimed", id="a lock less"
        ),
        pytest.param(
            Phase.EXPAND,
            lambda s: replace(s, rewrites=(USERS,)),
            "rewrite_claimed",
            id="a rewrite too many",
        ),
        pytest.param(
            Phase.EXPAND,
            lambda s: replace(
                s, sql=(*s.sql, "ALTER TABLE public.users ALTER id TYPE numeric")
            ),
            "rewrite_not_claimed",
            id="a rewrite less",
        ),
        pytest.param(
            Phase.EXPAND,
            lambda s: replace(s, sql=(*s.sql, "REINDEX INDEX public.users_pkey")),
            "build_not_claimed",
            id="an index build less",
        ),
        pytest.param(
            Phase.EXPAND, lambda s: replace(s, undo=()), "undo_incomplete", id="no undo"
        ),
        pytest.param(
            Phase.EXPAND,
            lambda s: replace(s, undo=("DROP TABLE no_such_table",)),
            "undo_fails",
            id="an undo that fails",
        ),
        pytest.param(Phase.EXPAND, leave_table, "leftover", id="an object left over"),
        pytest.param(Phase.EXPAND, break_trigger, "write_fails", id="a trigger that fails"),
        pytest.param(
            Phase.EXPAND,
            lambda s: replace(s, probe="SELECT 'not done'"),
            "probe_wrong",
            id="a probe that never sees it done",
        ),
        pytest.param(
            Phase.EXPAND,
            lambda s: replace(s, preconditions=(Check(sql="SELECT false", failure="no"),)),
            "precondition_fails",
            id="a precondition that does not hold",
        ),
        pytest.param(
            Phase.EXPAND,
            lambda s: replace(s, sql=(*s.sql, "SELECT no_such_function()")),
            "step_fails",
            id="a step that fails",
        ),
        pytest.param(
            Phase.DROP,
            lambda s: replace(s, sql=(*s.sql, "COMMENT ON TABLE public.users IS 'other'")),
            "end_differs",
            id="another end",
        ),
    ],
)
def test_a_broken_promise_is_found(
    server: Server, phase: Phase, change: Change, slug: str
) -> None:
    plan, start = made(server, "rename_column/fused")
    phase = next(
        p
        for p in (phase, Phase.CONTRACT)
        if any(isinstance(s, RunSql) and s.phase is p for s in plan.steps)
    )

    assert slug in slugs(server, changed(plan, phase, change), start)


def test_a_precondition_that_does_not_hold_says_what_to_do(server: Server) -> None:
    plan, start = made(server, "rename_column/fused")
    check = Check(sql="SELECT false", failure="no", hint="do this")
    wrong = changed(plan, Phase.EXPAND, lambda s: replace(s, preconditions=(check,)))
    found = replay.replay(wrong, start, server).findings

    assert [one.remedy for one in found if one.slug == "precondition_fails"][:1] == ["do this"]


def test_the_lock_of_a_statement_outside_a_transaction_is_seen(server: Server) -> None:
    plan, start = made(server, "create_index/plain")
    steps = tuple(replace(s, locks=()) if isinstance(s, RunSql) else s for s in plan.steps)

    assert slugs(server, replace(plan, steps=steps), start) == {"lock_not_claimed"}


def test_a_backfill_that_does_not_do_its_work_is_found(server: Server) -> None:
    plan, start = made(server, "rename_column/fused")
    steps = tuple(
        replace(s, assignments=tuple(replace(a, expression="NULL") for a in s.assignments))
        if isinstance(s, Backfill)
        else s
        for s in plan.steps
    )
    found = slugs(server, replace(plan, steps=steps), start)

    assert found & {"backfill_unfinished", "data_refused", "step_fails"}


def test_a_version_that_a_step_does_not_serve_is_found(server: Server) -> None:
    plan, start = made(server, "drop_column/plain")
    steps = tuple(
        replace(s, serves=frozenset({Side.OLD, Side.NEW}), phase=Phase.EXPAND)
        for s in plan.steps
        if isinstance(s, RunSql)
    )

    assert "write_fails" in slugs(server, replace(plan, steps=steps), start)


def test_the_new_version_writes_a_renamed_table_by_its_new_name(server: Server) -> None:
    plan, start = made(server, "rename_table/plain")
    refusing = 'ALTER TABLE "accounts" ADD CONSTRAINT c CHECK (id < 0) NOT VALID'
    broken = changed(plan, Phase.DROP, lambda step: replace(step, sql=(*step.sql, refusing)))

    assert "write_fails" in slugs(server, broken, start)


@pytest.mark.parametrize("name", ["users", "users_pkey"])
def test_an_index_build_is_claimed_by_its_name_or_its_table_s(
    server: Server, name: str
) -> None:
    plan, start = made(server, "rename_column/fused")
    claimed = changed(
        plan,
        Phase.EXPAND,
        lambda s: replace(
            s,
            sql=(*s.sql, "REINDEX INDEX public.users_pkey"),
            rewrites=(Name("public", name),),
        ),
    )

    assert slugs(server, claimed, start) == set()


def test_a_table_without_sample_rows_is_said(server: Server) -> None:
    plan, start = made(server, "rename_column/odd_checks")
    found = replay.replay(plan, start, server)

    assert found.notes == (
        'hashed stayed empty, because no sample row fits: new row for relation "hashed"'
        ' violates check constraint "hashed_id_check"; locks, rewrites, undo and the final'
        " schema were verified on it, but no trigger ran, no row was filled, and no INSERT was"
        " tried",
    )


def test_a_probe_that_is_wrong_is_found_on_a_table_without_rows(server: Server) -> None:
    plan, start = made(server, "rename_column/odd_checks")
    wrong = changed(plan, Phase.EXPAND, lambda s: replace(s, probe="SELECT 'done'"))

    assert "probe_wrong" in slugs(server, wrong, start)


def test_a_plan_for_another_schema_is_refused(server: Server) -> None:
    plan, start = made(server, "create_index/plain")
    with pytest.raises(RefusedError, match="another schema"):
        replay.replay(plan, replace(start, tables=()), server)


def test_an_author_statement_that_fails_is_a_finding_with_its_place(server: Server) -> None:
    plan, start = made(server, "create_index/plain")
    bad = replace(plan.statements[0], sql="CREATE INDEX ON public.no_such_table (x)")
    (found,) = replay.replay(replace(plan, statements=(bad,)), start, server).findings

    assert (found.slug, found.source) == ("statement_fails", plan.statements[0].source)


def sentences(server: Server) -> Iterator[str]:
    plan, start = made(server, "create_index/plain")
    yield replay_plan.sentence(plan, replay.replay(plan, start, server))
    wrong = replace(server, notice="PostgreSQL 99 was wanted")
    yield replay_plan.sentence(plan, replay.replay(plan, start, wrong))


def test_a_server_of_another_version_is_said(server: Server) -> None:
    right, wrong = sentences(server)

    assert right.startswith("verified on PostgreSQL")
    assert "note: PostgreSQL 99 was wanted" in wrong
    assert "note" not in right


def test_old_values_that_a_plan_says_it_keeps_must_come_back(server: Server) -> None:
    plan, start = made(server, "backfill/keep_old_values")
    steps = [replace(s, settings=()) if isinstance(s, Backfill) else s for s in plan.steps]
    unknown = replace(plan, steps=tuple(steps))  # the trigger takes the batch for a writer

    assert slugs(server, unknown, start) == {"rows_not_restored"}
