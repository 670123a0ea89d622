"""What a run is given: options, and the adapters of the world it acts on."""

from dataclasses import dataclass
from datetime import timedelta

from zdm.config.settings import RolloutSettings
from zdm.execute.ports import Clock, Database, Observer, Platform
from zdm.execute.stop import StopFlag
from zdm.model.release import RunState, Version
from zdm.model.schema import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How far to run, which versions, and how long to wait."""

    old: Version
    new: Version
    rollout: RolloutSettings
    until: RunState = RunState.CONTRACTED
    from_state: RunState | None = None
    assume_deployed: bool = False  # without a platform: the operator's word
    approve: bool = False  # the operator's word that the revert window may end
    no_wait: bool = False  # leave rather than wait for the revert window's end
    lock_deadline: timedelta = timedelta(minutes=10)  # for one step's locks
    reconnect_deadline: timedelta = timedelta(minutes=2)
    start: Snapshot | None = None  # to name what differs where the schema drifted


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The adapters one run works with; platform None: nobody declared one."""

    database: Database
    platform: Platform | None
    observer: Observer
    clock: Clock
    stop: StopFlag
