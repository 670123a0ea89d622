"""Application versions, where they run, and the state of a run."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

# the names of the two versions where zdm.toml gives none
OLD = "old"
NEW = "new"


class Version(Struct, frozen=True, order=True):
    """An application version; an opaque word that is compared for equality only."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def is_placeholder(self) -> bool:
        """Whether zdm.toml names no version: every release has this name."""
        return self.name in (OLD, NEW)


class RunState(StrEnum):
    """The state of a run (derived from the journal, never guessed)."""

    PLANNED = "planned"
    EXPANDING = "expanding"
    EXPANDED = "expanded"
    BACKFILLING = "backfilling"
    BACKFILLED = "backfilled"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    SOAKING = "soaking"
    CONTRACTING = "contracting"
    CONTRACTED = "contracted"
    FAILED_KEPT_EXPANDED = "failed, expand kept"
    REVERTING = "reverting"
    REVERTED = "reverted"


class InstanceState(StrEnum):
    """What a platform says about one running thing."""

    STARTING = "starting"
    READY = "ready"
    TERMINATING = "terminating"  # alive until it is gone
    UNKNOWN = "unknown"  # the platform lost sight of it: alive


class Instance(Struct, frozen=True, kw_only=True):
    """A thing that runs a version: a process, a pod, a task."""

    id: str
    workload: str
    version: Version | None  # None: unknown
    state: InstanceState
    since: datetime
    eta: datetime | None = None  # when a terminating one must be gone
    note: str = ""  # why its version or state is unknown


class Spawner(Struct, frozen=True, kw_only=True):
    """A template that could start an instance: a Deployment, a CronJob, a supervisor."""

    id: str
    version: Version | None
    reason: str = ""  # with no version: why a person must act; empty: it could not be seen


class RolloutProgress(Struct, frozen=True, kw_only=True):
    """The platform is at it; `waiting_for` names what is missing."""

    waiting_for: str
    by_hand: bool = False  # nothing moves before a person acts; the version itself is fine


class RolloutComplete(Struct, frozen=True, kw_only=True):
    """The platform says the version is there (not that the old one is gone)."""


class RolloutFailed(Struct, frozen=True, kw_only=True):
    """The rollout cannot succeed unless a person acts."""

    reason: str


RolloutStatus = RolloutProgress | RolloutComplete | RolloutFailed


class Observation(Struct, frozen=True, kw_only=True):
    """What a platform shows at one moment."""

    status: RolloutStatus  # of the move to the version that was asked about
    instances: tuple[Instance, ...]  # alive now, of any version, terminating ones included
    spawners: tuple[Spawner, ...]  # everything that could start an instance later


class Session(Struct, frozen=True, kw_only=True):
    """A client connection to the database, as pg_stat_activity shows it."""

    pid: int
    application: str
    user: str
    state: str | None  # None: not visible to us
    since: datetime | None
    query: str | None = None
    client: str = ""  # its address; empty: a socket, or not visible to us
