"""`zdm verify`: a plan replayed on a throwaway server, its claims compared with the facts."""

import typer

from zdm.cli import options, wiring
from zdm.cli.options import Database, PlanFile, SnapshotFile


def command(
    context: typer.Context,
    plan: PlanFile,
    snapshot: SnapshotFile = None,
    database: Database = None,
) -> None:
    """Replay a plan on a throwaway server and check what it claims.

    Plans the plan's statements again, and refuses a plan that holds anything else. Runs every
    statement and compares locks, rewrites, undo and the final schema with what the plan says.
    Starts from the schema in the snapshot file, else from the database's schema
    (which is only read), else from what the revisions before the plan give.
    """
    from zdm.workflows import plan_files, plan_origin

    settings = wiring.settings(context, database)
    wanted = plan_files.read_plan(plan)
    plan_files.check_sources(wanted, settings.root)
    start = plan_files.read_snapshot(snapshot) if snapshot else None
    if start is None:
        start = wiring.start(settings, wanted)
    plan_origin.check(wanted, start, settings.root)
    options.say(wiring.verify(settings, wanted, start))
