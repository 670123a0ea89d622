"""`zdm rollback`: take an unfinished run back while there is a way."""

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
            help="Your word that only the old version runs, where no rollout driver is set.",
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
    """Take an unfinished run back, before the point of no return.

    The application goes back to the old version first, then every step is undone in reverse
    order, Alembic's version table included. After the point of no return it is refused.
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
