"""Who is told what a run does: a person or a log, and whoever asked for more."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import typer

from zdm.cli import wiring
from zdm.cli.options import LogFormat
from zdm.cli.progress import Progress
from zdm.cli.screen import Screen
from zdm.config import Settings
from zdm.errors import ZdmError
from zdm.execute.clock import SystemClock
from zdm.execute.events import Listening, RunFailed
from zdm.execute.ports import Observer
from zdm.observe.logs import JsonLog
from zdm.observe.observers import Observers


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a command's options ask for."""

    log_format: LogFormat = LogFormat.AUTO
    json_lines: bool = False  # events are the command's data, on stdout
    listen: str | None = None  # HOST:PORT for metrics and health

    @property
    def log_is_json(self) -> bool:
        """Whether what goes to stderr is JSON lines."""
        if self.log_format is LogFormat.AUTO:
            return not self.json_lines and not sys.stderr.isatty()
        return not self.json_lines and self.log_format is LogFormat.JSON


@contextmanager
def told(wanted: Wanted, settings: Settings) -> Iterator[Observer]:
    """One observer for the block, which tells all that are wanted; also how it fails."""
    observers = [_log(wanted)]
    exposed = None
    if wanted.listen is not None:
        from zdm.cli import metrics

        exposed = metrics.Exposed(wiring.database(settings), SystemClock().now)
        observers += exposed.observers
    everyone = Observers(observers, _complain)
    with ExitStack() as stack, _failures_told(wanted, everyone):
        if exposed is not None and wanted.listen is not None:
            address = stack.enter_context(exposed.serving(wanted.listen))
            everyone.notify(Listening(address=address))
        yield everyone


@contextmanager
def _failures_told(wanted: Wanted, everyone: Observers) -> Iterator[None]:
    try:
        yield
    except ZdmError as error:
        everyone.notify(
            RunFailed(
                kind=type(error).__name__,
                exit_code=error.exit_code,
                reason=error.message,
                hint=error.hint,
            )
        )
        if wanted.log_is_json:  # the line says it all; prose would not be JSON
            raise typer.Exit(error.exit_code) from error
        raise


def _log(wanted: Wanted) -> Observer:
    now = SystemClock().now
    if wanted.json_lines:
        return JsonLog(sys.stdout, now)
    if wanted.log_is_json:
        return JsonLog(sys.stderr, now)
    return Progress(Screen(sys.stderr))


def _complain(text: str) -> None:
    # what failed may have been stderr itself
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"warning: {text}\n")
