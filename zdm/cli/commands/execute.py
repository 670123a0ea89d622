"""`zdm execute`: run a plan, or continue it, up to the state given by `--until`."""

from pathlib import Path
from typing import Annotated

import typer

from zdm.backfill.pacing import Pacing
from zdm.cli import wiring
from zdm.cli.options import (
    AssumeDead,
    Database,
    EndBlockersAfter,
    JsonLines,
    Listen,
    Log,
    LogFormat,
    PlanFile,
    TakeOver,
    Trace,
    Until,
    reached,
)


def command(
    context: typer.Context,
    plan: PlanFile,
    until: Annotated[
        Until, typer.Option(help="Stop once this state is reached.")
    ] = Until.CONTRACTED,
    from_: Annotated[
        Until | None,
        typer.Option("--from", help="Refuse to continue unless this state is reached."),
    ] = None,
    pacing: Annotated[
        Pacing, typer.Option(help="Limit the load of backfills, or run them at full speed.")
    ] = Pacing.PACED,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4,
            help="Connections of a backfill; else `workers` in [backfill].",
            show_default=False,
        ),
    ] = None,
    assume_deployed: Annotated[
        bool,
        typer.Option(
            "--assume-deployed",
            help="Assert that only the new version runs, if no rollout driver is set.",
        ),
    ] = False,
    approve: Annotated[
        bool,
        typer.Option("--approve", help="Contract without waiting for the revert window."),
    ] = False,
    no_wait: Annotated[
        bool,
        typer.Option(
            "--no-wait", help="Exit with 75 instead of waiting for the revert window to end."
        ),
    ] = False,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST",
            help="Refuse a plan with another digest than the reviewed one.",
            show_default=False,
        ),
    ] = None,
    allowed_signers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Refuse a plan that nobody in this file (ssh-keygen's format) has signed;"
            " else `allowed_signers` in [execute].",
            show_default=False,
        ),
    ] = None,
    assume_dead: AssumeDead = None,
    end_blockers_after: EndBlockersAfter = None,
    take_over: TakeOver = False,
    json_lines: JsonLines = False,
    log_format: Log = LogFormat.AUTO,
    listen: Listen = None,
    trace: Trace = False,
    database: Database = None,
) -> None:
    """Run a plan, wait for the rollout, contract.

    Continues where an earlier run of the same plan stopped; succeeds if the state is reached
    already. SIGTERM and Ctrl-C stop it at a safe point (exit 75); run it again to continue.
    """
    from zdm.cli import running
    from zdm.cli.observing import Wanted
    from zdm.workflows import assume_dead as lost_pods
    from zdm.workflows import execute_plan
    from zdm.workflows.execute_plan import Goal

    settings = lost_pods.run(wiring.settings(context, database, workers), assume_dead)
    goal = Goal(
        until=until,
        from_state=from_,
        assume_deployed=assume_deployed,
        approve=approve,
        no_wait=no_wait,
        expect=expect,
        allowed_signers=allowed_signers,
    )
    means = running.Means(
        pacing=pacing, end_blockers_after=end_blockers_after, take_over=take_over
    )
    wanted = execute_plan.read(plan, settings, goal)
    shown = Wanted(log_format=log_format, json_lines=json_lines, listen=listen, trace=trace)
    with running.world(settings, means, shown) as world:
        state = execute_plan.run(wanted, world, execute_plan.options(settings, goal))
    if not json_lines:
        reached(state)
