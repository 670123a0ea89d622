"""A journal without a database, for tests of the gate between two versions."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from zdm.execute.ports import Clock, Order
from zdm.model.plan import Backfill
from zdm.model.release import RunState, Session


@dataclass(slots=True)
class JournalOnly:
    """The few things a gate keeper asks of a database; no SQL is played."""

    clock: Clock
    states: list[RunState] = field(default_factory=list)
    orders: deque[Order | None] = field(default_factory=deque)  # one for each time it is asked
    wrong: dict[int, tuple[str, ...]] = field(default_factory=dict)  # by look at the rows
    looks: int = 0

    def differing(self, step: Backfill) -> tuple[str, ...]:
        """Rows of the step `fill` that differ."""
        self.looks += 1
        return self.wrong.get(self.looks, ()) if step.id == "fill" else ()

    def sessions(self) -> tuple[Session, ...]:
        """Nobody else is connected."""
        return ()

    def order(self) -> Order | None:
        """What an operator asks for."""
        return self.orders.popleft() if self.orders else None

    def obeyed(self, order: Order) -> None:  # noqa: ARG002  the port's signature
        """It is done with."""
        self.orders.clear()

    def record_state(self, state: RunState, *, soak: bool = False) -> datetime | None:
        """Keep it; when a soak began."""
        self.states.append(state)
        return self.clock.now() if soak else None
