"""What a step after the rollout needs, asked while there is a way back.

A GRANT before it, or a statement as written, may give what it needs, so what is behind that is
asked once it is done. A new owner before it may give what `contract` checks ask for, no other.
"""

from collections.abc import Collection, Iterator
from typing import Literal

from zdm.errors import RefusedError
from zdm.model.plan import AwaitRollout, Backfill, Check, Plan, RunSql
from zdm.postgres.session.connection import Connection


def refusal(
    opened: Connection,
    plan: Plan,
    when: Literal["contract", "start"],
    done: Collection[str] = (),
) -> RefusedError | None:
    """The first that does not hold; what cannot be answered yet is asked at its step."""
    for step, check in _asked(plan, when, done):
        if opened.execute(check.sql.encode()).fetchone() == (False,):
            return RefusedError(f"{step.id}: {check.failure}", hint=check.hint)
    return None


def _asked(plan: Plan, when: str, done: Collection[str]) -> Iterator[tuple[RunSql, Check]]:
    if plan.point_of_no_return in done:
        return
    owned = False
    for step in plan.steps:
        if isinstance(step, AwaitRollout | Backfill) or step.id in done:
            continue
        for check in step.preconditions:
            if check.early == "start" or (check.early and when == "contract" and not owned):
                yield step, check
        if step.as_written or any(text.startswith("GRANT ") for text in step.sql):
            return
        owned = owned or step.operation == "change_owner"
