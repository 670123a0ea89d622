"""`zdm status`: where the database's run stands, and what to do next."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zdm.cli import wiring
from zdm.cli.options import Database
from zdm.errors import ZdmError

if TYPE_CHECKING:
    from zdm.model.plan import Step
    from zdm.workflows.read_status import Status


def command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    prometheus: Annotated[
        bool,
        typer.Option("--prometheus", help="As metrics in Prometheus' text format, for a cron."),
    ] = False,
    database: Database = None,
) -> None:
    """Show where the database's run stands.

    It is read from the journal in the database, so it is the same from every machine.
    """
    from zdm.workflows import read_status

    if prometheus:
        _print_metrics(wiring.database(wiring.settings(context, database)))
        return
    status = read_status.read(wiring.database(wiring.settings(context, database)))
    if as_json:
        typer.echo(json.dumps(None if status is None else plain(status), indent=2))
    else:
        typer.echo("no plan was ever run on this database" if status is None else text(status))


def _print_metrics(url: str) -> None:
    """An unreadable journal is a metric too, beside the exit code."""
    from zdm.cli import metrics

    try:
        typer.echo(metrics.of_journal(url), nl=False)
    except ZdmError:
        typer.echo(metrics.of_unreadable(url), nl=False)
        raise


def plain(status: "Status") -> dict[str, Any]:
    """For machines."""
    return {
        "run": status.run.id,
        "plan": status.run.plan_name,
        "digest": status.run.digest,
        "state": status.run.state,
        "finished": status.is_finished,
        "past_return": status.run.past_return,
        "stamp_ahead": status.is_stamp_ahead,
        "soak_since": status.run.soak_since.isoformat() if status.run.soak_since else None,
        "steps": [
            {
                "id": step.id,
                "phase": step.phase,
                "title": step.title,
                "done": step.id in status.run.done,
            }
            for step in status.plan.steps
        ],
        "backfills": [
            {"step": fill.step, "scanned": fill.scanned, "estimate": fill.estimate}
            for fill in status.fills
        ],
    }


def text(status: "Status") -> str:
    """For a person."""
    run = status.run
    lines = [f"plan {run.plan_name} · run {run.id} · {run.state}"]
    lines += [_step(status, step) for step in status.plan.steps]
    if status.is_stamp_ahead:
        lines.append(
            "note: Alembic's version table is moved already, and the contract is pending"
        )
    return "\n".join([*lines, _next(status)])


def _step(status: "Status", step: "Step") -> str:
    mark = "✓" if step.id in status.run.done else "·"
    line = f"  {mark} {step.phase:<9} {step.title}"
    filled = [fill for fill in status.fills if fill.step == step.id]
    if mark == "✓" or not filled:
        return line
    scanned = sum(fill.scanned for fill in filled)
    estimate = sum(fill.estimate or 0 for fill in filled)
    return f"{line} ({scanned:,} of ~{estimate:,} rows)"


def _next(status: "Status") -> str:
    if status.is_finished:
        return "nothing is pending"
    if status.run.past_return:
        return "next: `zdm execute` with the same plan; only forward from here"
    return (
        "next: `zdm execute` with the same plan goes on, `zdm rollback` takes it back;"
        " until then no other plan can run"
    )
