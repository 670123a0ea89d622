"""What earlier runs left: a busy lock, an unfinished run, an invalid index."""

from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.postgres.journal import runs
from zdm.postgres.run import executor_lock
from zdm.postgres.session.connection import Connection

_INVALID = (
    "SELECT pg_catalog.string_agg(indexrelid::pg_catalog.regclass::text, ', ' ORDER BY 1)"
    " FROM (SELECT indexrelid FROM pg_catalog.pg_index WHERE NOT indisvalid) AS i"
)


def lock_is_free(opened: Connection) -> Diagnosis:
    """Whether another executor is running now."""
    for found in executor_lock.holders(opened):
        who = executor_lock.named(found)
        return diagnosis.warning(
            "executor lock",
            f"another executor is running: {who}",
            "wait for it, or see `zdm status`; two never act at once",
        )
    return diagnosis.ok("executor lock", "no other executor is running")


def nothing_unfinished(opened: Connection) -> Diagnosis:
    """A pending contract blocks the next plan."""
    run = runs.unfinished(opened)
    if run is None:
        return diagnosis.ok("unfinished run", "none")
    return diagnosis.warning(
        "unfinished run",
        f"run {run.id} of `{run.plan_name}` is {run.state}, and blocks every other plan",
        "continue it with `zdm execute` and the same plan, or undo it with `zdm rollback`",
    )


def no_invalid_index(opened: Connection) -> Diagnosis:
    """A concurrent build that failed leaves one: it costs writes and serves no query."""
    row = opened.execute(_INVALID).fetchone()
    if row is None or row[0] is None:
        return diagnosis.ok("invalid indexes", "none")
    return diagnosis.warning(
        "invalid indexes",
        f"{row[0]}: they cost every write and serve no query",
        "DROP INDEX CONCURRENTLY, unless one is being built just now",
    )
