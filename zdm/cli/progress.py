"""Shows a run's events: lines for what is done, one moving line for current progress.

`zdm.observe.logs` writes the same events for machines.
"""

from datetime import timedelta
from typing import assert_never

from zdm.cli.screen import Screen
from zdm.execute.events import (
    BackfillMeasured,
    BackfillProgress,
    Compared,
    DeployStarted,
    Event,
    GateClear,
    Listening,
    PointOfNoReturn,
    RowsStay,
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
from zdm.model import duration, size

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
                self._screen.line(lasting(event))
                self._state = event.state if isinstance(event, StateChanged) else self._state


def lasting(  # noqa: C901  # one case for each event
    event: RunStarted
    | StateChanged
    | StepReverted
    | RowsStay
    | BackfillMeasured
    | Compared
    | DeployStarted
    | PointOfNoReturn
    | RunStopped
    | SessionEnded
    | Suspicious,
) -> str:
    """A line that stays."""
    match event:
        case RunStarted():
            how = (
                f"resumes, {event.done} of {event.steps} steps are done"
                if event.resumed
                else (f"begins, {event.steps} steps")
            )
            return f"plan {event.plan}: run {event.run} {how} · digest {event.digest}"
        case StateChanged():
            return f"▶ {event.state}"
        case StepReverted():
            return f"  ↶ {event.title}"
        case DeployStarted():
            return f"  → {'back to' if event.back else 'deploying'} {event.version}"
        case PointOfNoReturn():
            return "── point of no return: no rollback from here on ──"
        case BackfillMeasured():
            return _measured(event)
        case Compared():
            found = "rows differ" if event.differing else "none differs"
            time = duration.text(event.duration)
            return f"    {event.table}: {event.rows:,} rows compared in {time}, {found}"
        case RowsStay():
            return f"  ! {event.id}: a rollback does not bring back its rows: {event.reason}"
        case SessionEnded() | Suspicious():
            about = event.id if isinstance(event, Suspicious) else f"ended {event.who}"
            return f"  ! {about}: {event.reason}"
        case RunStopped():
            return f"■ {event.state}{f': {event.reason}' if event.reason else ''}"
        case _:
            assert_never(event)


def moving(event: Waiting | BackfillProgress | GateClear) -> str:
    """The current progress."""
    match event:
        case Waiting():
            names = f" ({', '.join(event.names)})" if event.names else ""
            until = f", until {event.eta:%H:%M:%S}" if event.eta else ""
            since = f"waiting since {event.since:%H:%M:%S}"
            return f"{since} for {event.gate}: {event.reason}{names}{until}"
        case BackfillProgress():
            return _backfill(event)
        case GateClear():
            return f"no old version seen in {event.polls} of {event.needed} polls"
        case _:
            assert_never(event)


def _backfill(event: BackfillProgress) -> str:
    parts = [event.table, _scanned(event)]
    if event.rate is not None and not event.verifying:
        parts.append(f"{event.rate:,.0f} rows/s")
    if event.verifying:
        parts.append("verifying")
    else:
        parts.append(f"batch {event.batch:,} in {duration.text(event.batch_time)}")
    if event.wal_rate is not None and not event.verifying:
        parts.append(f"WAL {size.text(event.wal_rate)}/s")
    if event.expected is not None and not event.verifying:
        planned = event.expected.planned_wal_bytes
        beside = "" if planned is None else f" ({size.text(planned)} planned)"
        parts.append(f"of {size.text(event.expected.wal_bytes)}{beside}")
    if event.rest_reason and not event.verifying and not event.waiting:
        parts.append(f"rests {duration.text(event.rest)} ({event.rest_reason})")
    if event.eta is not None and not event.verifying:
        parts.append(f"{_left(event.eta, event.eta_high)} left")
    if event.waiting:
        parts.append(f"waiting: {event.waiting}")
    return "  ".join(parts)


def _measured(event: BackfillMeasured) -> str:
    planned = event.planned_wal_bytes
    expected = "" if planned is None else f" ({size.text(planned)} planned)"
    lines = [
        f"    {event.table}: {event.changed:,} of {event.scanned:,} rows changed in"
        f" {duration.text(event.filling)}, verified in {duration.text(event.verifying)};"
        f" WAL {size.text(event.wal_bytes)}{expected}"
    ]
    if event.held:
        held = ", ".join(f"{gate} {duration.text(time)}" for gate, time in event.held)
        lines.append(f"    held: {held}")
    if event.retries:
        again = ", ".join(f"{state} {count} times" for state, count in event.retries)
        lines.append(f"    retried batches: {again}")
    return "\n".join([*lines, *(f"    ! {note}" for note in event.notes)])


def _left(low: timedelta, high: timedelta | None) -> str:
    if high is not None and low >= _MINUTE:
        low, high = low // _MINUTE * _MINUTE, -(-high // _MINUTE) * _MINUTE
    shortest, longest = duration.text(low), duration.text(high or low)
    return shortest if shortest == longest else f"{shortest} to {longest}"


def _scanned(event: BackfillProgress) -> str:
    if not event.estimate:
        return f"{event.scanned:,} rows"
    # 100 % is shown only once the backfill is verified
    percent = min(99, 100 * event.scanned // event.estimate)
    return f"{percent} %  {event.scanned:,} of ~{event.estimate:,} rows"


def _done(event: StepDone) -> str:
    if event.found:
        return "already done"
    again = f", {event.attempts} attempts" if event.attempts > 1 else ""
    return f"{duration.text(event.duration)}{again}"
