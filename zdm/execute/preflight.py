"""What must hold before a run begins or resumes; every answer but yes is a refusal."""

from collections.abc import Callable

from zdm.errors import RefusedError, StoppedError
from zdm.execute import states
from zdm.execute.events import Suspicious
from zdm.execute.ports import Database, JournalRun, PlanText
from zdm.execute.world import Options
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.schema import enums
from zdm.serialize import snapshot_file

SHOWN = 5  # differences named in a message


def check(
    plan: PlanText, database: Database, wanted: Options, say: Callable[[Suspicious], object]
) -> JournalRun | None:
    """The unfinished run of this plan, or None if a new one may begin; `say` reports what is no
    reason to refuse it."""
    run = database.journal.unfinished()
    if run is None:
        _no_start_in_the_middle(plan.plan, wanted)
        now = _start(plan.plan, database, wanted.start)
        everything = ", ".join(one.name for one in now.publications if one.all_tables)
        if everything:
            say(Suspicious(id="replication", reason="; ".join(all_tables(everything))))
        database.refuse_unseen_rows()
        return None
    if run.plan_name != plan.plan.name:
        raise RefusedError(
            f"the plan `{run.plan_name}` is unfinished ({run.state}), and a pending contract"
            " blocks the next plan",
            hint=f"finish it with `zdm execute`, or undo it with `zdm rollback`, then run"
            f" `{plan.plan.name}`",
        )
    if run.digest != plan.digest:
        raise RefusedError(
            f"the unfinished run of `{run.plan_name}` was begun with a different plan file",
            hint="restore the plan file of that run, or run `zdm rollback` first",
        )
    _heads(plan.plan, database, run)
    _from_state(plan.plan, run, wanted.from_state)
    if not run.past_return:  # others may have changed it since it was begun
        database.refuse_unseen_rows()
    return run


def _no_start_in_the_middle(plan: Plan, wanted: Options) -> None:
    if wanted.from_state is not None:
        raise RefusedError(
            f"no run of `{plan.name}` has reached {wanted.from_state}: none was begun",
            hint="run `zdm execute` without --from first",
        )


def _from_state(plan: Plan, run: JournalRun, wanted: RunState | None) -> None:
    if wanted is not None and not states.has_reached(plan, run.done, wanted):
        raise RefusedError(
            f"the run of `{plan.name}` is {run.state}, not yet {wanted}",
            hint=f"run `zdm execute --until {wanted}` first",
        )


def all_tables(publications: str) -> tuple[str, str]:
    """What publications FOR ALL TABLES mean, and what to do (measured, PostgreSQL 14 and 18:
    the apply worker fails at the first row, and continues once the tables are there)."""
    return (
        f"the publication {publications} sends all tables, those of schema `zdm` included: a"
        " subscriber that lacks them stops at their first row, and its slot retains WAL",
        "make them there as soon as they are here (`pg_dump --schema-only --schema=zdm`): it"
        " then continues, and no row is lost",
    )


def _start(plan: Plan, database: Database, start: Snapshot | None) -> Snapshot:
    table = plan.stamp.table if plan.stamp else None
    now = database.snapshot(table)
    if now.major != plan.server_major:
        raise RefusedError(
            f"the plan was made for PostgreSQL {plan.server_major} and the server is"
            f" {now.major}, so its locks and rewrites are not proved here",
            hint="plan again for this server",
        )
    if plan.stamp is not None and now.heads != tuple(sorted(plan.stamp.from_heads)):
        raise RefusedError(
            f"the database is at revision {_listed(now.heads)}, and the plan starts from"
            f" {_listed(plan.stamp.from_heads)}",
            hint="plan again from the database's revision",
        )
    # a label that a rollback has left is added by IF NOT EXISTS
    if snapshot_file.fingerprint(enums.without(now, plan.labels)) != plan.fingerprint:
        raise RefusedError(
            "the schema is not the one the plan was made from" + _differences(start, now),
            hint="plan again from the current schema, and have the new plan reviewed",
        )
    return now


def _differences(start: Snapshot | None, now: Snapshot) -> str:
    if start is None:
        return ""
    found = snapshot_file.difference(start, now)
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ": " + "; ".join(found[:SHOWN]) + more


def _listed(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or "none"


def _heads(plan: Plan, database: Database, run: JournalRun) -> None:
    """Alembic's version table must not have moved: that would have done the contract."""
    if plan.stamp is None:
        return
    stamped = any(step.operation == "stamp" and step.id in run.done for step in plan.steps)
    wanted = plan.stamp.to_heads if stamped else plan.stamp.from_heads
    heads = database.snapshot(plan.stamp.table).heads
    if heads != tuple(sorted(wanted)):
        raise StoppedError(
            f"Alembic's version table was changed to {_listed(heads)} in the middle of the"
            f" run; it should hold {_listed(wanted)}",
            hint="find out what ran (a plain `alembic upgrade`?); restore the heads or the"
            " schema by hand, then run it again; `zdm.revisions.env.guard` prevents this",
        )
