"""What a driver gives zdm beyond its Platform: settings, doctor, announcements, a Job.

A driver's package has an `entry.py` that gives one `Driver`. All drivers' entries are imported
to read the settings, so they import what does the work when it is asked for, never before.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from zdm.config.settings import RolloutSettings, Settings
from zdm.errors import InputError

if TYPE_CHECKING:
    from zdm.execute.ports import Observer, Platform
    from zdm.model.diagnosis import Diagnosis

Own = TypeVar("Own")  # the driver's settings
Document = dict[str, Any]
Complain = Callable[[str], None]  # of what could not be announced


class PlanBesideImage(Struct, frozen=True, kw_only=True):
    """The plan file and zdm.toml travel beside the image."""

    settings: str
    plan_name: str
    plan: str


class PlanInImage(Struct, frozen=True, kw_only=True):
    """The image holds both: zdm.toml in its working directory, the plan at this path."""

    path: str


class JobRequest(Struct, frozen=True, kw_only=True):
    """A job that runs a plan where the application runs, as `zdm manifest` is asked for it."""

    plan: str  # the plan's name
    digest: str  # of the plan
    release: str  # the version it brings
    image: str
    content: PlanBesideImage | PlanInImage
    account: str = "zdm"  # what the job runs as
    attempt: int = 1
    namespace: str | None = None  # None: the driver's own choice
    secret: str = "zdm-database"  # of the direct database URL
    secret_key: str = "url"
    database_port: int = 5432
    metrics_port: int | None = None


class Driver(Struct, Generic[Own], frozen=True, kw_only=True):
    """One kind of platform; every function takes the driver's own settings."""

    name: str  # `driver` in [rollout], the table [rollout.<name>], docs/drivers/<name>.md
    settings: type[Own]  # a frozen Struct of its own
    platform: "Callable[[Own], Platform]"
    doctor: "Callable[[Own, RolloutSettings], tuple[Diagnosis, ...]]"
    announcers: "Callable[[Own, Complain], tuple[Observer, ...]] | None" = None
    assume_dead: Callable[[Own, tuple[str, ...]], Own] | None = None  # --assume-dead
    manifest: Callable[[Own, JobRequest], dict[str, Document]] | None = None  # zdm manifest

    def table(self, settings: Settings) -> Own:
        """The driver's table of zdm.toml."""
        found = settings.of_driver(self.settings)
        if found is None:
            raise InputError(
                f"the rollout driver is `{self.name}`, and [rollout.{self.name}] is missing",
                hint=f"see docs/drivers/{self.name}.md for its settings",
            )
        return found
