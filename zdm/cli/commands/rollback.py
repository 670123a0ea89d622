"""`zdm rollback`: roll back an unfinished run, before the point of no return."""

from typing import Annotated

import typer

from zdm.cli import wiring
from zdm.cli.options import (
    AssumeDead,
    Database,
    EndBlockersAfter,
    JsonLines,
    Log,
    LogFormat,
    TakeOver,
    Trace,
    reached,
)


def command(
    context: typer.Context,
    assume_deployed: Annotated[
        bool,
        typer.Option(
            "--assume-deployed",
            help="Assert that only the old version runs, if no rollout driver is set.",
        ),
    ] = False,
    assume_dead: AssumeDead = None,
    end_blockers_after: EndBlockersAfter = None,
    take_over: TakeOver = False,
    json_lines: JsonLines = False,
    log_format: Log = LogFormat.AUTO,
    trace: Trace = False,
    database: Database = None,
) -> None:
    """Roll back an unfinished run, before the point of no return.

    First the application returns to the old version, then all steps are undone in reverse
    order, Alembic's version table included. Refused after the point of no return.
    """
    from zdm.cli import running
    from zdm.cli.observing import Wanted
    from zdm.workflows import assume_dead as lost_pods
    from zdm.workflows import execute_plan, rollback_run
    from zdm.workflows.execute_plan import Goal

    settings = lost_pods.run(wiring.settings(context, database), assume_dead)
    options = execute_plan.options(settings, Goal(assume_deployed=assume_deployed))
    means = running.Means(end_blockers_after=end_blockers_after, take_over=take_over)
    shown = Wanted(log_format=log_format, json_lines=json_lines, trace=trace)
    with running.world(settings, means, shown) as world:
        state = rollback_run.run(wiring.database(settings), world, options)
    if not json_lines:
        reached(state)
