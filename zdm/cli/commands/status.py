"""`zdm status`: the state of the database's run, and what to do next."""

import json
import sys
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zdm.cli import streams, wiring
from zdm.cli.options import Database
from zdm.errors import ZdmError
from zdm.execute import executors
from zdm.execute.clock import SystemClock
from zdm.model import size

if TYPE_CHECKING:
    from zdm.model.plan import Step
    from zdm.postgres.backfill.wal_forecast import RecordedCost
    from zdm.workflows.read_status import Status

EVERY = timedelta(seconds=2)


def command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    prometheus: Annotated[
        bool,
        typer.Option("--prometheus", help="Print metrics in Prometheus' text format."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh every two seconds until the run ends.")
    ] = False,
    database: Database = None,
) -> None:
    """Show the state of the database's run.

    Reads the journal in the database, so the output is the same on every machine.
    """
    from zdm.workflows import read_status

    url = wiring.database(wiring.settings(context, database))
    if prometheus:
        _print_metrics(url)
        return
    show = partial(_json, indent=None if watch else 2) if as_json else _text
    status = read_status.read(url)
    typer.echo(show(status))
    while watch and status and not (status.is_finished or streams.fault()):
        SystemClock().sleep(EVERY)
        status = read_status.read(url)
        if sys.stdout.isatty() and not as_json:
            typer.echo("\x1b[2J\x1b[H", nl=False)
        typer.echo(show(status))


def _json(status: "Status | None", indent: int | None) -> str:
    return json.dumps(None if status is None else plain(status), indent=indent)


def _text(status: "Status | None") -> str:
    return "no plan was ever run on this database" if status is None else text(status)


def _print_metrics(url: str) -> None:
    """An unreadable journal is reported as a metric, too, besides the exit code."""
    from zdm.cli import metrics

    try:
        typer.echo(metrics.of_journal(url), nl=False)
    except ZdmError:
        typer.echo(metrics.of_unreadable(url), nl=False)
        raise


def plain(status: "Status") -> dict[str, Any]:
    """For machines."""
    return {
        **_run(status),
        "order": _order(status),
        "waiting": _waiting(status),
        "steps": _steps(status),
        "failing_rows": _failing_rows(status),
        "costs": _costs(status),
        "backfills": _backfills(status),
        "comparisons": _comparisons(status),
    }


def _run(status: "Status") -> dict[str, Any]:
    run, history = status.run, status.history
    return {
        "run": run.id,
        "plan": run.plan_name,
        "digest": run.digest,
        "state": run.state,
        "finished": status.is_finished,
        "past_return": run.past_return,
        "stamp_ahead": status.is_stamp_ahead,
        "soak_since": _moment(run.soak_since),
        "owner": history.owner,
        "epoch": run.epoch,
        "executor_is_running": bool(status.executors),
        "started_at": _moment(history.started_at),
        "updated_at": _moment(history.updated_at),
        "deployed_at": _moment(history.deployed_at),
        "finished_at": _moment(history.finished_at),
    }


def _steps(status: "Status") -> list[dict[str, Any]]:
    failed = {item.step: item for item in status.history.attempted}
    return [
        {
            "id": step.id,
            "phase": step.phase,
            "title": step.title,
            "done": step.id in status.run.done,
            "failures": failed[step.id].failures if step.id in failed else 0,
            "last_failure": failed[step.id].reason if step.id in failed else None,
        }
        for step in status.plan.steps
    ]


def _failing_rows(status: "Status") -> list[dict[str, Any]]:
    return [
        {"step": row.step, "relation": row.relation, "key": row.key, "reason": row.reason}
        for row in status.failing
    ]


def _costs(status: "Status") -> list[dict[str, Any]]:
    return [
        {
            "step": cost.step,
            "rows_planned": cost.planned_rows,
            "rows_expected": cost.expected_rows,
            "wal_bytes_planned": cost.planned_wal,
            "wal_bytes_expected": cost.expected_wal,
            "wal_bytes_limit": cost.wal_limit,
            "holds": cost.holds,
            "approved_by": cost.approved_by,
        }
        for cost in status.costs
    ]


def _backfills(status: "Status") -> list[dict[str, Any]]:
    return [
        {
            "step": fill.step,
            "scanned": fill.scanned,
            "estimate": fill.estimate,
            "changed": fill.changed,
            "rows_per_second": fill.rate,
            "updated_at": _moment(fill.updated_at),
        }
        for fill in status.fills
    ]


def _comparisons(status: "Status") -> list[dict[str, Any]]:
    return [
        {
            "step": one.step,
            "rows": one.rows,
            "compared_at": _moment(one.compared_at),
            "is_current": not status.is_restored,
        }
        for one in status.comparisons
    ]


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _order(status: "Status") -> dict[str, Any] | None:
    order = status.order
    if order is None:
        return None
    return {"kind": order.kind, "by": order.by, "at": _moment(order.at)}


def _waiting(status: "Status") -> dict[str, Any] | None:
    waiting = status.waiting
    if waiting is None:
        return None
    return {
        "gate": waiting.gate,
        "reason": waiting.reason,
        "names": list(waiting.names),
        "since": _moment(waiting.since),
        "eta": _moment(waiting.eta),
        "seen_at": _moment(status.waiting_seen_at),
    }


def text(status: "Status") -> str:
    """For a person."""
    run = status.run
    lines = [f"plan {run.plan_name} · run {run.id} · {run.state}"]
    lines += [_step(status, step) for step in status.plan.steps]
    lines += _compared(status)
    if not status.is_finished:
        lines += _now(status)
    if status.is_stamp_ahead:
        lines.append(
            "note: Alembic's version table is already updated, but the contract is pending"
        )
    return "\n".join([*lines, _next(status)])


def _compared(status: "Status") -> list[str]:
    """What the last look compared, and when."""
    tables = {step.id: step.table for step in status.plan.steps if step.kind == "backfill"}
    since = (
        "; restored or failed over since then, so it is compared again before the contract"
        if status.is_restored
        else ""
    )
    return [
        f"compared {tables.get(one.step, one.step)} in both shapes: {one.rows:,} rows, none"
        f" differs, {one.compared_at:%Y-%m-%d %H:%M:%S %Z}{since}"
        for one in status.comparisons
    ]


def _now(status: "Status") -> list[str]:
    """The executor, and what it waits for."""
    running = ", ".join(status.executors)
    last = executors.described(status.history.owner)
    lines = [
        f"executor: {running}"
        if running
        else f"no executor is running; the last was {last},"
        f" {status.history.updated_at:%Y-%m-%d %H:%M:%S %Z}"
    ]
    if status.order is not None:
        lines.append(
            f"{status.order.kind} requested by {status.order.by} at {status.order.at:%H:%M:%S}"
        )
    waiting = status.waiting
    if waiting is not None:
        until = f", until {waiting.eta:%Y-%m-%d %H:%M:%S %Z}" if waiting.eta else ""
        verb = "waits" if status.executors else "waited"
        lines.append(
            f"{verb} since {waiting.since:%H:%M:%S} for {waiting.gate}: {waiting.reason}{until}"
        )
    return lines


def _step(status: "Status", step: "Step") -> str:
    mark = "✓" if step.id in status.run.done else "·"
    line = f"  {mark} {step.phase:<9} {step.title}"
    for item in status.history.attempted:
        if item.step == step.id and mark != "✓":
            line += f" ({item.failures} failed attempts, the last: {item.reason})"
    filled = [fill for fill in status.fills if fill.step == step.id]
    if mark == "✓" or not filled:
        return line
    scanned = sum(fill.scanned for fill in filled)
    estimate = sum(fill.estimate or 0 for fill in filled)
    rate = sum(fill.rate or 0.0 for fill in filled)
    speed = f", {rate:,.0f} rows/s" if rate else ""
    costs = "".join(_cost(cost) for cost in status.costs if cost.step == step.id)
    failing = "".join(f"\n      ! {row}" for row in status.failing if row.step == step.id)
    return f"{line} ({scanned:,} of ~{estimate:,} rows{speed}{costs}){failing}"


def _cost(cost: "RecordedCost") -> str:
    """The expected cost of a backfill."""
    planned = "" if cost.planned_wal is None else f", {size.text(cost.planned_wal)} planned"
    said = f"; {size.text(cost.expected_wal)} of WAL expected{planned}"
    if cost.holds and not cost.approved_by:
        said += "; above its limit: run `zdm resume` to exceed it"
    return said


def _next(status: "Status") -> str:
    if status.is_finished:
        return "nothing is pending"
    if status.run.past_return:
        return "next: `zdm execute` with the same plan; rollback is no longer possible"
    return (
        "next: `zdm execute` with the same plan continues, `zdm rollback` undoes it;"
        " until then no other plan can run"
    )
