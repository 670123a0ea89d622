"""Whose a half done index is, where a step builds one outside a transaction.

A probe finds it by its name, so the journal tells whether this run can have made it: only
from the record of the step's begin on, and not where the server refused the name as taken. What
another session made is neither removed nor recorded as the step's work.
"""

import psycopg
from psycopg import errors

from zdm.errors import StoppedError
from zdm.model.plan import RunSql
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection

_NAMES = "pg_class_relname_nsp_index"  # two that are made at the same time meet here


def is_build(step: RunSql) -> bool:
    """Whether its repair takes away what it makes, or all that a failure leaves of it."""
    return not step.in_transaction and bool(step.repair) and step.undo in ((), step.repair)


def refuse_others(own: Connection, fence: Fence, step: RunSql, found: str) -> None:
    """Raise StoppedError where there is something before the step's first attempt."""
    if found == "not done" or not is_build(step) or runs.is_begun(own, fence, step.id):
        return
    raise StoppedError(
        f"{step.id}: what it builds is there under its name, and this run did not make it",
        hint="see who made it; rename it, or, if nobody needs or builds it, remove it with"
        f" `{step.repair[0]}`, then run the same command again",
    )


def is_taken(error: BaseException) -> bool:
    """Whether the server refused a name that another session has used."""
    taken = isinstance(error, psycopg.Error) and error.diag.constraint_name == _NAMES
    return taken or isinstance(error, errors.DuplicateTable)


def forget(own: Connection, fence: Fence, step: RunSql) -> None:
    """Record that the attempt made nothing, so that what is there is another session's."""
    with own.transaction():
        runs.check(own, fence)
        runs.reverted(own, fence, step.id)
