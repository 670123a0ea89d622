"""A platform in memory: what each poll shows is scripted."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from zdm.errors import ZdmError
from zdm.execute.ports import Clock
from zdm.model.release import (
    Instance,
    Observation,
    RolloutComplete,
    RolloutStatus,
    Spawner,
    Version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the platform shows in one poll."""

    status: RolloutStatus = field(default_factory=RolloutComplete)
    instances: tuple[Instance, ...] = ()
    spawners: tuple[Spawner, ...] = ()


@dataclass(slots=True)
class FakePlatform:
    """Satisfies `zdm.execute.ports.Platform`; the last scene stays."""

    scenes: deque[Scene] = field(default_factory=lambda: deque([Scene()]))
    asked: list[str] = field(default_factory=list)
    deploys: bool = True
    left_over: str = ""  # what a rollback leaves for a person
    refusal: ZdmError | None = None  # what a check finds
    tells_within: timedelta | None = None  # how soon a change ends a pause
    pauses: list[timedelta] = field(default_factory=list)

    @property
    def cannot_prove(self) -> tuple[str, ...]:
        """Nothing is left open."""
        return ()

    def check(self, old: Version, new: Version) -> None:
        """Raise the refusal, if there is one."""
        del old, new
        if self.refusal is not None:
            raise self.refusal

    def observe(self, target: Version) -> Observation:
        """The scene; the next observation sees the next one."""
        del target
        scene = self.scenes[0]
        if len(self.scenes) > 1:
            self.scenes.popleft()
        return Observation(
            status=scene.status, instances=scene.instances, spawners=scene.spawners
        )

    def deploy(self, version: Version) -> None:
        """Note it."""
        self.asked.append(f"deploy {version}")

    def rollback(self, version: Version) -> str:
        """Note it."""
        self.asked.append(f"rollback {version}")
        return self.left_over

    def pause(self, duration: timedelta, clock: Clock) -> None:
        """All of it, unless it tells of changes at once."""
        self.pauses.append(duration)
        clock.sleep(min(duration, self.tells_within or duration))
