"""What a run is given: options, and the adapters of the world it acts on."""

from datetime import timedelta

from msgspec import Struct

from zdm.config.settings import RolloutSettings
from zdm.execute.ports import Clock, Database, Observer, Platform
from zdm.execute.stop import StopFlag
from zdm.model.release import RunState, Version
from zdm.model.schema import Snapshot


class Options(Struct, frozen=True, kw_only=True):
    """How far to run, which versions, and how long to wait."""

    old: Version
    new: Version
    rollout: RolloutSettings
    until: RunState = RunState.CONTRACTED
    from_state: RunState | None = None
    assume_deployed: bool = False  # without a platform: asserted by the operator
    approve: bool = False  # the operator lets the revert window end
    no_wait: bool = False  # exit instead of waiting for the revert window's end
    lock_deadline: timedelta = timedelta(minutes=10)  # for one step's locks
    reconnect_deadline: timedelta = timedelta(minutes=2)
    start: Snapshot | None = None  # to name what differs if the schema has drifted


class World(Struct, frozen=True, kw_only=True):
    """The adapters that one run works with; platform None: none is declared."""

    database: Database
    platform: Platform | None
    observer: Observer
    clock: Clock
    stop: StopFlag
