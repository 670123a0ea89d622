"""A journal without a database, for tests of the gate between two versions."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from zdm.execute.ports import Clock, Order
from zdm.model.plan import Backfill
from zdm.model.release import RunState, Session


@dataclass(slots=True)
class JournalOnly:
    """The few things a gate keeper asks of a database, journal and orders in one."""

    clock: Clock
    states: list[RunState] = field(default_factory=list)
    asked: deque[Order | None] = field(default_factory=deque)  # one for each time it is read
    wrong: dict[int, tuple[str, ...]] = field(default_factory=dict)  # by look at the rows
    looks: int = 0

    @property
    def journal(self) -> "JournalOnly":
        """Itself."""
        return self

    @property
    def orders(self) -> "JournalOnly":
        """Itself."""
        return self

    def differing(self, step: Backfill) -> tuple[str, ...]:
        """Rows of the step `fill` that differ."""
        self.looks += 1
        return self.wrong.get(self.looks, ()) if step.id == "fill" else ()

    def sessions(self) -> tuple[Session, ...]:
        """Nobody else is connected."""
        return ()

    def current(self) -> Order | None:
        """What an operator asks for."""
        return self.asked.popleft() if self.asked else None

    def acknowledge(self, order: Order) -> None:  # noqa: ARG002  the port's signature
        """It is done with."""
        self.asked.clear()

    def record_state(self, state: RunState) -> None:
        """Keep it."""
        self.states.append(state)

    def begin_soak(self) -> timedelta:
        """Keep that it soaks; it begins now."""
        self.states.append(RunState.SOAKING)
        return timedelta(0)
