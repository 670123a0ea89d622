"""Each kind of step waits for its lock and holds it as long as that kind may."""

from datetime import timedelta

from zdm.model.plan import BOTH, LOCK_TIMEOUT, NO_TIMEOUT, STATEMENT_TIMEOUT, Phase
from zdm.model.statement import Setting, Source, Statement
from zdm.recipes import run_sql
from zdm.recipes.run_sql import Owned, Work

OWNER = Owned(operation="some_change", origin=(Source(file="m.sql", line=1, column=1),))
WORK: Work = {
    "id": "t-work",
    "phase": Phase.EXPAND,
    "title": "work",
    "sql": ("SELECT 1",),
    "locks": (),
    "probe": "",
    "undo": (),
    "serves": BOTH,
    "reason": "a reason",
}


def test_a_step_names_its_operation_and_its_origin() -> None:
    step = run_sql.short_transaction(OWNER, **WORK)

    assert (step.operation, step.origin) == (OWNER.operation, OWNER.origin)


def test_a_short_transaction_has_both_timeouts() -> None:
    step = run_sql.short_transaction(OWNER, **WORK)

    assert (step.lock_timeout, step.statement_timeout) == (LOCK_TIMEOUT, STATEMENT_TIMEOUT)


def test_a_foreign_key_change_waits_twice_half_as_long() -> None:
    step = run_sql.foreign_key_change(OWNER, **WORK)

    assert 2 * step.lock_timeout == LOCK_TIMEOUT


def test_a_full_scan_waits_shortly_for_its_lock_and_runs_as_long_as_it_needs() -> None:
    step = run_sql.full_scan(OWNER, **WORK)

    assert timedelta(0) < step.lock_timeout <= LOCK_TIMEOUT
    assert step.statement_timeout == NO_TIMEOUT


def test_concurrently_runs_outside_a_transaction_and_without_timeouts() -> None:
    step = run_sql.concurrently(OWNER, **WORK)

    assert not step.in_transaction
    assert (step.lock_timeout, step.statement_timeout) == (NO_TIMEOUT, NO_TIMEOUT)


def test_the_author_s_statement_keeps_its_text_and_its_settings() -> None:
    settings = (Setting(name="search_path", value="app"),)
    statement = Statement(sql="create  table t ()", source=OWNER.origin[0], settings=settings)

    step = run_sql.as_authored(
        OWNER, statement, id="t", title="t", locks=(), probe="", undo=(), reason="r"
    )

    assert (step.sql, step.settings) == (("create  table t ()",), settings)
