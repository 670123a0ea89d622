"""Ask a platform until it answers: a restarting server is away, then forbids everything."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from zdm.errors import InputError, RefusedError, StoppedError, TemporaryError
from zdm.execute.events import Waiting
from zdm.execute.world import Options, World

T = TypeVar("T")

FORBIDDEN_PATIENCE = timedelta(seconds=30)  # before a refusal of the platform is final


@dataclass(slots=True)
class Grace:
    """A starting API server refuses everything until it has read its Roles.

    So a refusal is final only once it has lasted for `patience`.
    """

    patience: timedelta
    since: datetime | None = None  # of the first refusal

    def covers(self, now: datetime) -> bool:
        """Whether a refusal at this moment may come from a starting server."""
        self.since = self.since or now
        return now - self.since < self.patience

    def end(self) -> None:
        """The server answered, or is away: its next refusal begins a new period of grace."""
        self.since = None


class Asker(Struct, frozen=True):
    """Repeats a request to the platform until it answers, or the rollout's deadline."""

    world: World
    options: Options
    grace: Grace

    def before_the_run(self, ask: Callable[[], T]) -> T:
        """The answer; a refusal is final at once, since nothing was changed yet."""
        return self._repeat(ask, lambda _: False)

    def part_way(self, ask: Callable[[], T]) -> T:
        """The answer; a refusal that lasts stops a run that has changed something already."""
        try:
            return self._repeat(ask, self.grace.covers)
        except (RefusedError, InputError) as error:
            raise StoppedError(error.message, hint=error.hint) from error

    def _repeat(self, ask: Callable[[], T], is_excused: Callable[[datetime], bool]) -> T:
        clock, rollout = self.world.clock, self.options.rollout
        since = clock.now()
        while True:
            self.world.stop.check()
            try:
                answer = ask()
            except TemporaryError as error:
                self.grace.end()
                if clock.now() - since > rollout.deadline:
                    raise
                reason = error.message
            except RefusedError as error:
                if not is_excused(clock.now()):
                    raise
                reason = error.message
            else:
                self.grace.end()
                return answer
            self.world.observer.notify(Waiting(gate="platform", reason=reason, since=since))
            clock.sleep(rollout.poll_interval)
