"""No step scans, rewrites or builds while its lock blocks reads or writes, and CONCURRENTLY
runs alone outside a transaction (manual, CREATE INDEX)."""

import re
from collections.abc import Iterator

from zdm.model.findings import Finding, violation
from zdm.model.locks import LockMode
from zdm.model.plan import Plan, RunSql
from zdm.parse import split

_WORDS = re.compile("CONCURRENTLY|VACUUM", re.IGNORECASE)


def check(plan: Plan) -> tuple[Finding, ...]:
    """Findings about locks."""
    return tuple(
        found
        for step in plan.steps
        if isinstance(step, RunSql)
        for found in (*_alone(step), *_long(step))
    )


def _alone(step: RunSql) -> Iterator[Finding]:
    if step.in_transaction and any(_refused_within(sql) for sql in step.sql):
        yield violation(
            "concurrently_in_transaction",
            f"step {step.id} runs in a transaction what PostgreSQL refuses there",
            step.origin,
        )
    if not step.in_transaction and len(step.sql) != 1:
        yield violation(
            "several_without_transaction",
            f"step {step.id} runs {len(step.sql)} statements outside a transaction, so a"
            " failure would leave some of them done",
            step.origin,
        )


def _refused_within(sql: str) -> bool:
    """Read by the parser: a body, a comment or a value may have the word, too."""
    if not _WORDS.search(sql):
        return False  # parsing each statement of a plan would take longer than planning it
    return split.outside_transaction(sql)


def _long(step: RunSql) -> Iterator[Finding]:
    """What runs as written may do so: the plan says it, and the step has a time limit.
    EXCLUSIVE is that of REFRESH CONCURRENTLY, on a materialized view, which nothing writes."""
    if step.as_written:
        return
    blocking = [
        lock for lock in step.locks if lock.mode.blocks_reads or lock.mode.blocks_writes
    ]
    for lock in blocking:
        reads = step.cost.scan and lock.mode is not LockMode.EXCLUSIVE
        if reads or lock.table in step.rewrites:
            work = "rewrites" if lock.table in step.rewrites else "reads all of"
            yield violation(
                "long_lock",
                f"step {step.id} {work} {lock.table} under {lock.mode}: other sessions would"
                " wait until it is done",
                step.origin,
            )
