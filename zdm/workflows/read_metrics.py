"""What the journal knows, as metrics."""

from collections import Counter
from datetime import datetime

from zdm.model.release import RunState
from zdm.observe.metrics import Samples
from zdm.workflows import read_status
from zdm.workflows.read_status import Status


def read(url: str, now: datetime) -> Samples:
    """The database's run; raises what connecting and reading raise."""
    return samples(read_status.read(url), now)


def unreadable() -> Samples:
    """The metrics if the journal could not be read."""
    found = Samples()
    found.set("zdm_journal_up", 0)
    return found


def samples(status: Status | None, now: datetime) -> Samples:
    """The metrics of one status; where no plan was ever run, that nothing is pending."""
    found = Samples()
    found.set("zdm_journal_up", 1)
    found.set("zdm_pending_contract_age_seconds", 0 if status is None else _age(status, now))
    if status is None:
        return found
    run = status.run
    found.set("zdm_run_info", 1, str(run.id), run.plan_name)
    for state in RunState:
        found.set("zdm_run_state", float(run.state is state), state.value)
    found.set("zdm_run_started_timestamp_seconds", status.history.started_at.timestamp())
    found.set("zdm_last_progress_timestamp_seconds", status.history.last_progress.timestamp())
    found.set("zdm_point_of_no_return", float(run.past_return))
    for sqlstate, count in status.history.failures:
        found.set("zdm_failed_attempts_total", count, sqlstate or "none")
    if status.waiting is not None and status.executors and not status.is_finished:
        found.set("zdm_waiting", 1, status.waiting.gate)
    _steps(found, status)
    _fills(found, status)
    return found


def _age(status: Status, now: datetime) -> float:
    since = status.history.changed_since
    if status.is_finished or since is None:
        return 0.0
    return (now - since).total_seconds()


def _steps(found: Samples, status: Status) -> None:
    planned = Counter(step.phase for step in status.plan.steps)
    done = Counter(step.phase for step in status.plan.steps if step.id in status.run.done)
    for phase, count in planned.items():
        found.set("zdm_steps", count, phase.value)
        found.set("zdm_steps_done", done[phase], phase.value)


def _fills(found: Samples, status: Status) -> None:
    for fill in status.fills:
        about = (fill.step, fill.table)
        # leaves and ranges of one table add up
        found.add("zdm_backfill_rows_scanned", fill.scanned, *about)
        found.add("zdm_backfill_rows_changed", fill.changed, *about)
        if fill.estimate is not None:
            found.add("zdm_backfill_rows_estimate", fill.estimate, *about)
    for step, table, wal in status.history.wal:
        found.set("zdm_backfill_wal_bytes", wal, step, table)
