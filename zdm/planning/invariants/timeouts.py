"""Every step limits how long it waits for a lock and how long it may hold it.

Queued DDL blocks all later queries on its table, so only CONCURRENTLY, which a timeout would
leave INVALID, waits without limit; and a step without statement timeout holds no lock that
stops reads or writes. DETACH CONCURRENTLY locks the partition only at its end, when no query
of the table above comes to it.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from zdm.model import duration
from zdm.model.findings import Finding, violation
from zdm.model.plan import NO_TIMEOUT, Plan, RunSql

_DETACH = re.compile(r"ALTER TABLE .+ DETACH PARTITION .+ CONCURRENTLY", re.DOTALL)
_REFRESH = "REFRESH MATERIALIZED VIEW CONCURRENTLY "
LONGEST_WAIT = timedelta(seconds=2)


def check(plan: Plan) -> tuple[Finding, ...]:
    """Findings about timeouts."""
    return tuple(
        found for step in plan.steps if isinstance(step, RunSql) for found in _findings(step)
    )


def _findings(step: RunSql) -> Iterator[Finding]:
    if step.in_transaction and not NO_TIMEOUT < step.lock_timeout <= LONGEST_WAIT:
        yield violation(
            "lock_timeout",
            f"step {step.id} waits for its lock {_limit(step)}, and all later queries queue"
            " behind it",
            step.origin,
        )
    modes = [lock.mode for lock in step.locks]
    stops = not _detaches(step) and any(
        m.blocks_reads or (m.blocks_writes and not _refreshes(step)) for m in modes
    )
    if stops and step.statement_timeout <= NO_TIMEOUT:
        yield violation(
            "statement_timeout",
            f"step {step.id} holds a lock that blocks reads or writes, without a time limit",
            step.origin,
        )


def _refreshes(step: RunSql) -> bool:
    """Whether its one statement is a REFRESH of a materialized view, which nothing writes."""
    return all(sql.startswith(_REFRESH) for sql in step.sql)


def _detaches(step: RunSql) -> bool:
    """Whether its one statement is DETACH PARTITION … CONCURRENTLY."""
    return all(_DETACH.fullmatch(sql) for sql in step.sql)


def _limit(step: RunSql) -> str:
    if step.lock_timeout <= NO_TIMEOUT:
        return "without a time limit"
    return f"for up to {duration.text(step.lock_timeout)}"
