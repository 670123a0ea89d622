"""Shows a run's events: lines for what is done, one moving line for what is going on.

`zdm.observe.logs` writes the same events for machines.
"""

from datetime import timedelta
from typing import assert_never

from zdm.cli.screen import Screen
from zdm.execute.events import (
    BackfillProgress,
    DeployStarted,
    Event,
    GateClear,
    Listening,
    PointOfNoReturn,
    RunFailed,
    RunStarted,
    RunStopped,
    SessionEnded,
    StateChanged,
    StepDone,
    StepReverted,
    StepStarted,
    Suspicious,
    Waiting,
)

_MINUTE = timedelta(minutes=1)


class Progress:
    """An Observer for a person."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._step = ""
        self._state = ""

    def notify(self, event: Event) -> None:
        """Show one event."""
        match event:
            case StepStarted():
                self._step = f"{event.position}/{event.of}"
                self._screen.moving(
                    f"  … {self._step} {event.phase}: {event.title}", about=event.id
                )
            case Waiting():
                self._screen.moving(f"  … {moving(event)}", about=event.gate)
            case BackfillProgress() | GateClear():
                self._screen.moving(f"  … {moving(event)}", about=type(event).__name__)
            case StepDone():
                self._screen.still()
                self._screen.line(f"  ✓ {self._step} {event.title} ({_done(event)})")
            case Listening():
                self._screen.line(f"metrics and health at {event.address}")
            case RunFailed():
                self._screen.still()  # the command line says what went wrong
            case StateChanged() if event.state == self._state:
                pass  # each step says it
            case _:
                self._screen.still()
                self._screen.line(standing(event))
                self._state = event.state if isinstance(event, StateChanged) else self._state


def standing(
    event: RunStarted
    | StateChanged
    | StepReverted
    | DeployStarted
    | PointOfNoReturn
    | RunStopped
    | SessionEnded
    | Suspicious,
) -> str:
    """What is said once."""
    match event:
        case RunStarted():
            how = (
                f"goes on, {event.done} of {event.steps} steps are done"
                if event.resumed
                else (f"begins, {event.steps} steps")
            )
            return f"plan {event.plan}: run {event.run} {how}"
        case StateChanged():
            return f"▶ {event.state}"
        case StepReverted():
            return f"  ↶ {event.title}"
        case DeployStarted():
            return f"  → {'back to' if event.back else 'deploying'} {event.version}"
        case PointOfNoReturn():
            return "── point of no return: from here forward only ──"
        case SessionEnded() | Suspicious():
            about = event.id if isinstance(event, Suspicious) else f"ended {event.who}"
            return f"  ! {about}: {event.reason}"
        case RunStopped():
            return f"■ {event.state}{f': {event.reason}' if event.reason else ''}"
        case _:
            assert_never(event)


def moving(event: Waiting | BackfillProgress | GateClear) -> str:
    """What is going on now."""
    match event:
        case Waiting():
            names = f" ({', '.join(event.names)})" if event.names else ""
            until = f", until {event.eta:%H:%M:%S}" if event.eta else ""
            since = f"waiting since {event.since:%H:%M:%S}"
            return f"{since} for {event.gate}: {event.reason}{names}{until}"
        case BackfillProgress():
            return _backfill(event)
        case GateClear():
            return f"no old version is seen, {event.polls} of {event.needed} times"
        case _:
            assert_never(event)


def _backfill(event: BackfillProgress) -> str:
    parts = [event.table, _scanned(event)]
    if event.rate is not None:
        parts.append(f"{event.rate:,.0f} rows/s")
    if event.verifying:
        parts.append("verifying")
    else:
        parts.append(f"batch {event.batch:,} in {event.batch_seconds:.2f} s")
    if event.eta is not None and not event.verifying:
        parts.append(f"{_length(event.eta)} left")
    if event.waiting:
        parts.append(f"waiting: {event.waiting}")
    return "  ".join(parts)


def _scanned(event: BackfillProgress) -> str:
    if not event.estimate:
        return f"{event.scanned:,} rows"
    # 100 % is said only once the backfill is verified
    percent = min(99, 100 * event.scanned // event.estimate)
    return f"{percent} %  {event.scanned:,} of ~{event.estimate:,} rows"


def _done(event: StepDone) -> str:
    if event.found:
        return "was done already"
    again = f", {event.attempts} attempts" if event.attempts > 1 else ""
    return f"{_length(event.duration)}{again}"


def _length(value: timedelta) -> str:
    seconds = value.total_seconds()
    if value < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    )
