import pytest
from msgspec.structs import replace

from tests.unit import plans
from zdm.model.findings import Finding
from zdm.model.locks import LockMode
from zdm.model.plan import (
    NEW_ONLY,
    NO_TIMEOUT,
    OLD_ONLY,
    Cost,
    Irreversible,
    Phase,
    Step,
)
from zdm.model.statement import Source
from zdm.planning import invariants
from zdm.planning.invariants import Invariant, gates, locks, phases, timeouts

FIRST, BUILD, ROLLOUT, CONTRACT, DROP = plans.good()


def slugs(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.slug for finding in findings]


@pytest.mark.parametrize("check", invariants.ALL, ids=lambda c: c.__module__)
def test_a_good_plan_has_no_finding(check: Invariant) -> None:
    assert check(plans.plan(*plans.good())) == ()
    assert check(plans.plan()) == ()


@pytest.mark.parametrize(
    ("steps", "slug"),
    [
        ((BUILD, FIRST, ROLLOUT), "phase_order"),
        ((FIRST, FIRST, ROLLOUT), "step_id_twice"),
        ((FIRST, CONTRACT), "no_rollout"),
        ((FIRST, ROLLOUT, replace(plans.rollout(), id="again")), "two_rollouts"),
    ],
)
def test_order_and_ids_are_kept(steps: tuple[Step, ...], slug: str) -> None:
    assert slugs(phases.check(plans.plan(*steps))) == [slug]


@pytest.mark.parametrize(
    ("step", "slug"),
    [
        (plans.concurrent(in_transaction=True), "concurrently_in_transaction"),
        (plans.concurrent(sql=("SELECT 1", "SELECT 2")), "several_without_transaction"),
        (plans.step(cost=Cost(scan=True)), "long_lock"),
        (plans.step(rewrites=(plans.USERS,)), "long_lock"),
        (plans.step(mode=LockMode.SHARE, cost=Cost(scan=True)), "long_lock"),
    ],
)
def test_no_lock_is_held_long(step: Step, slug: str) -> None:
    assert slugs(locks.check(plans.plan(step))) == [slug]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE FUNCTION tidy() RETURNS void LANGUAGE sql AS"
        " $$ REFRESH MATERIALIZED VIEW CONCURRENTLY sums $$",
        "COMMENT ON INDEX i IS 'was built CONCURRENTLY by hand'",
        "INSERT INTO notes (text) VALUES ('build it CONCURRENTLY next time')",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY sums",
    ],
)
def test_the_word_concurrently_may_be_in_a_transaction(sql: str) -> None:
    assert locks.check(plans.plan(plans.concurrent(sql=(sql,), in_transaction=True))) == ()


@pytest.mark.parametrize(
    "sql",
    [
        "create index concurrently i on users (a)",
        "DROP INDEX CONCURRENTLY i",
        "REINDEX (CONCURRENTLY) INDEX i",
        "ALTER TABLE days DETACH PARTITION days_1 CONCURRENTLY",
        "VACUUM users",
    ],
)
def test_what_a_transaction_refuses_runs_outside_of_one(sql: str) -> None:
    within = plans.concurrent(sql=(sql,), in_transaction=True)

    assert slugs(locks.check(plans.plan(within))) == ["concurrently_in_transaction"]
    assert locks.check(plans.plan(plans.concurrent(sql=(sql,)))) == ()


def test_a_scan_that_lets_reads_and_writes_pass_is_fine() -> None:
    step = plans.step(mode=LockMode.SHARE_UPDATE_EXCLUSIVE, cost=Cost(scan=True))

    assert locks.check(plans.plan(step)) == ()


@pytest.mark.parametrize(
    ("steps", "slug"),
    [
        ((plans.step(serves=NEW_ONLY), ROLLOUT), "breaks_old"),
        ((plans.step(serves=OLD_ONLY), ROLLOUT), "new_not_ready"),
        ((FIRST, BUILD, ROLLOUT, plans.step(Phase.DROP, serves=OLD_ONLY)), "breaks_new"),
        (
            (plans.step(undo=Irreversible(reason="gone")), ROLLOUT),
            "early_point_of_no_return",
        ),
    ],
)
def test_what_may_run_works(steps: tuple[Step, ...], slug: str) -> None:
    assert slugs(gates.check(plans.plan(*steps))) == [slug]


def test_the_author_may_vouch_for_a_step_without_a_way_back() -> None:
    step = plans.step(undo=Irreversible(reason="gone"), probe="")

    assert gates.check(plans.plan(step, ROLLOUT)) == ()


@pytest.mark.parametrize(
    ("step", "slug"),
    [
        (plans.step(lock_timeout=NO_TIMEOUT), "lock_timeout"),
        (plans.step(lock_timeout=plans.LONG), "lock_timeout"),
        (plans.step(statement_timeout=NO_TIMEOUT), "statement_timeout"),
    ],
)
def test_every_step_says_how_long_it_waits_and_holds(step: Step, slug: str) -> None:
    assert slugs(timeouts.check(plans.plan(step))) == [slug]


def test_a_finding_names_the_place() -> None:
    source = Source(file="m.sql", line=2, column=1)
    step = plans.step(lock_timeout=NO_TIMEOUT, serves=NEW_ONLY, origin=(source,))
    plan = plans.plan(step)

    assert timeouts.check(plan)[0].source == source
    assert gates.check(plan)[0].source == source
