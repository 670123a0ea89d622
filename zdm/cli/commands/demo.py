"""`zdm demo`: a rename under live traffic, counted request by request."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zdm.cli.screen import Screen
from zdm.errors import StoppedError
from zdm.model import duration

if TYPE_CHECKING:
    from zdm.demo.run import DemoResult, Migrate, Shop
    from zdm.demo.traffic import Figures

FIGURES_SECONDS = 5.0


def command(
    naive: Annotated[
        bool,
        typer.Option("--naive", help="Run plain `alembic upgrade head` instead, to compare."),
    ] = False,
    rows: Annotated[
        int, typer.Option(min=1_000, max=1_000_000_000, help="Rows in the table of users.")
    ] = 200_000,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures to this file."),
    ] = None,
) -> None:
    """Rename a column under live traffic on an embedded server.

    Three processes of an application's old version serve requests while zdm plans and runs
    the migration and rolls out the new version. Exit 4: a request failed or a row is wrong.
    """
    from zdm.demo import run
    from zdm.workflows import plan_files

    screen = Screen(sys.stderr, log_every=FIGURES_SECONDS)
    watcher = Watcher(screen)
    options = run.DemoOptions(rows=rows, naive=naive)
    result = run.run(options, watcher, migration(screen))
    screen.still()
    if json_file is not None:
        plan_files.write(json_file, json.dumps(result.plain(), indent=2) + "\n")
    typer.echo(summary(result))
    if not result.is_clean:
        raise StoppedError(
            f"{result.failed_requests} requests failed, {result.wrong_rows} rows and"
            f" {result.wrong_reads} answers are wrong",
            hint="this is what a plain upgrade costs; `zdm demo` avoids it"
            if naive
            else "please report it with the lines above",
        )


def migration(screen: Screen) -> "Migrate":
    """Plan what is pending and run it, as `zdm plan` and `zdm execute` do."""
    from zdm.cli import signals
    from zdm.cli.progress import Progress
    from zdm.demo import migrate as demo_migrate
    from zdm.execute.stop import StopFlag

    stop = StopFlag()
    planned_and_run = demo_migrate.migration(Progress(screen), stop)

    def migrate(shop: "Shop") -> None:
        with signals.stopped_by_signals(stop):
            planned_and_run(shop)

    return migrate


class Watcher:
    """Shows the demo's stages and the running count of requests."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def stage(self, text: str) -> None:
        """A stage begins."""
        self._screen.line(f"● {text}")

    def traffic(self, figures: "Figures") -> None:
        """The count so far."""
        answers = ", ".join(f"{version} {count:,}" for version, count in figures.answered_by)
        self._screen.moving(
            f"  {figures.requests:,} requests, {figures.failed:,} failed, longest"
            f" {figures.longest_ms:.0f} ms; reads answered by {answers or 'none yet'}",
            about="traffic",
        )


def summary(result: "DemoResult") -> str:
    """The figures, one per line."""
    how = "plain `alembic upgrade head`" if result.naive else "zdm"
    lines = [
        f"Rename of users.email in {result.rows:,} rows with {how}"
        f" on PostgreSQL {result.server_version}:",
        f"  requests          {result.requests:>10,}",
        f"  failed requests   {result.failed_requests:>10,}",
        f"  wrong rows        {result.wrong_rows:>10,}",
        f"  wrong answers     {result.wrong_reads:>10,}",
        f"  median request    {result.median_ms:>10,.1f} ms",
        f"  99th percentile   {result.p99_ms:>10,.1f} ms",
        f"  longest blocked   {result.longest_blocked_ms:>10,.1f} ms",
        f"  migration         {_time(result.migration_seconds):>10}",
        f"  whole demo        {_time(result.seconds):>10}",
    ]
    return "\n".join([*lines, *(f"  ! {failure}" for failure in result.failures)])


def _time(seconds: float) -> str:
    return duration.text(timedelta(seconds=seconds))
