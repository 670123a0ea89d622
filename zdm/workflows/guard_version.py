"""Whether an application version may start now; on request, wait until it may."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct

from zdm.errors import RefusedError, TemporaryError
from zdm.execute import admission
from zdm.execute.admission import Admitted, RecordedRun
from zdm.execute.gate.decision import Refused, Wait
from zdm.execute.ports import Clock
from zdm.execute.stop import StopFlag
from zdm.model.release import Version

PAUSE = timedelta(seconds=1)  # between two looks at the journal


class Patience(Struct, frozen=True, kw_only=True):
    """How long to wait, and where the reason is printed."""

    clock: Clock
    stop: StopFlag
    say: Callable[[str], None]
    patience: timedelta = timedelta(0)


def run(
    version: Version, read: Callable[[], Sequence[RecordedRun]], waiting: Patience
) -> Admitted:
    """The admission; raises RefusedError (permanent) or TemporaryError (too early)."""
    until = waiting.clock.now() + waiting.patience
    said = ""
    while True:
        reason = _look(version, read)
        if isinstance(reason, Admitted):
            return reason
        _end(reason, until, waiting)
        if reason != said:
            waiting.say(f"waiting: {reason}")
            said = reason
        waiting.clock.sleep(PAUSE)
        waiting.stop.check()


def _look(version: Version, read: Callable[[], Sequence[RecordedRun]]) -> Admitted | str:
    """The admission, or what there is to wait for."""
    try:
        answer = admission.decide(version, read())
    except TemporaryError as error:
        return error.message
    match answer:
        case Admitted():
            return answer
        case Wait(reason=reason):
            return reason
        case Refused(reason=reason, hint=hint):
            raise RefusedError(reason, hint=hint)
        case _:
            assert_never(answer)


def _end(reason: str, until: datetime, waiting: Patience) -> None:
    if waiting.clock.now() >= until:
        raise TemporaryError(
            f"not admitted: {reason}",
            hint="start it again later, or wait with --wait 10m",
        )
