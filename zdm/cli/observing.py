"""Where a run's events go: to a person or a log, and to what the options and settings add."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import typer
from msgspec import Struct

from zdm.cli import streams, wiring
from zdm.cli.options import LogFormat
from zdm.cli.progress import Progress
from zdm.cli.screen import Screen
from zdm.config.settings import Settings
from zdm.errors import ZdmError
from zdm.execute.clock import SystemClock
from zdm.execute.events import Listening, RunFailed
from zdm.execute.ports import Observer
from zdm.observe.logs import JsonLog
from zdm.observe.observers import Observers
from zdm.rollout import registry


class Wanted(Struct, frozen=True, kw_only=True):
    """What a command's options ask for."""

    log_format: LogFormat = LogFormat.AUTO
    json_lines: bool = False  # events are the command's data, on stdout
    listen: str | None = None  # HOST:PORT for metrics and health
    trace: bool = False

    @property
    def log_is_json(self) -> bool:
        """Whether what goes to stderr is JSON lines."""
        if self.log_format is LogFormat.AUTO:
            return not self.json_lines and not sys.stderr.isatty()
        return not self.json_lines and self.log_format is LogFormat.JSON


@contextmanager
def observer(wanted: Wanted, settings: Settings) -> Iterator[Observer]:
    """One observer for the block, which passes events to all; a failure is an event, too."""
    url, now = wiring.database(settings), SystemClock().now
    with ExitStack() as stack:
        observers = [_log(wanted), *_traces(wanted, url, stack)]
        observers += registry.announcers(settings, _complaining(wanted))
        exposed = None
        if wanted.listen is not None:
            from zdm.cli import metrics

            exposed = metrics.Exposed(url, now)
            observers += exposed.observers
        everyone = Observers(observers, _complaining(wanted))
        with _failures_reported(wanted, everyone):
            if exposed is not None and wanted.listen is not None:
                address = stack.enter_context(exposed.serving(wanted.listen))
                everyone.notify(Listening(address=address))
            yield everyone


def _traces(wanted: Wanted, url: str, stack: ExitStack) -> tuple[Observer, ...]:
    from zdm.cli import tracing

    if not (wanted.trace or tracing.is_configured()):
        return ()
    complain = _complaining(wanted)
    found = tracing.observer(url, SystemClock().now, asked=wanted.trace, complain=complain)
    if found is None:
        return ()

    def close() -> None:
        undelivered = found.close()
        if undelivered:
            complain(undelivered)

    stack.callback(close)
    return (found,)


@contextmanager
def _failures_reported(wanted: Wanted, everyone: Observers) -> Iterator[None]:
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
        if wanted.log_is_json:  # the line holds everything; text would not be JSON
            raise typer.Exit(error.exit_code) from error
        raise


def _log(wanted: Wanted) -> Observer:
    now = SystemClock().now
    if wanted.json_lines:
        streams.not_needed(raises=True)  # the run continues without it, with a warning
        return JsonLog(sys.stdout, now)
    if wanted.log_is_json:
        return JsonLog(sys.stderr, now)
    return Progress(Screen(sys.stderr))


def _complaining(wanted: Wanted) -> Callable[[str], None]:
    def complain(text: str) -> None:
        line = {"level": "warning", "event": "warning", "reason": text}
        # what failed may have been stderr itself
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(
                f"{json.dumps(line) if wanted.log_is_json else f'warning: {text}'}\n"
            )

    return complain
