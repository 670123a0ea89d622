"""No step scans, rewrites or builds while its lock blocks reads or writes, and CONCURRENTLY
runs alone outside a transaction (manual, CREATE INDEX)."""

from collections.abc import Iterator

from zdm.model.findings import Finding, violation
from zdm.model.locks import LockMode
from zdm.model.plan import Plan, RunSql


def check(plan: Plan) -> tuple[Finding, ...]:
    """Findings about locks."""
    return tuple(
        found
        for step in plan.steps
        if isinstance(step, RunSql)
        for found in (*_alone(step), *_long(step))
    )


def _alone(step: RunSql) -> Iterator[Finding]:
    texts = [f"{sql} " for sql in step.sql if not sql.startswith("REFRESH ")]  # may be inside
    concurrent = any(" CONCURRENTLY " in text for text in texts)
    if concurrent and step.in_transaction:
        yield violation(
            "concurrently_in_transaction",
            f"step {step.id} runs CONCURRENTLY in a transaction, where it is an error",
            step.origin,
        )
    if not step.in_transaction and len(step.sql) != 1:
        yield violation(
            "several_without_transaction",
            f"step {step.id} runs {len(step.sql)} statements outside a transaction, so a"
            " failure would leave some of them done",
            step.origin,
        )


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
