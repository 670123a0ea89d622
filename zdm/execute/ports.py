"""What the runner needs of the world: small Protocols that adapters satisfy by shape."""

from datetime import datetime, timedelta
from typing import Protocol

from zdm.model.release import Instance, RolloutStatus, Spawner, Version


class Clock(Protocol):
    """Time, so that tests need none."""

    def now(self) -> datetime:
        """The time, with a time zone."""

    def sleep(self, duration: timedelta) -> None:
        """Wait."""


class Platform(Protocol):
    """A thing that runs application versions; the gate belongs to the runner."""

    @property
    def cannot_prove(self) -> tuple[str, ...]:
        """What this driver's inventory may miss, one sentence each."""

    def inventory(self) -> tuple[Instance, ...]:
        """Every instance that is alive now, of any version, terminating ones included."""

    def templates(self) -> tuple[Spawner, ...]:
        """Everything that could start an instance later."""

    def deploy(self, version: Version) -> None:
        """Begin to move to the version; doing it again changes nothing."""

    def status(self, version: Version) -> RolloutStatus:
        """How far the move is."""

    def rollback(self, version: Version) -> None:
        """Begin to move back to the version."""
