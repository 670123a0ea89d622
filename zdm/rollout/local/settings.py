"""What `[rollout.local]` says."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from zdm.model.fields.hidden import Hiding
from zdm.model.ranges import Delay, NotEmpty, Port, Range, Timeout


class LocalWorkload(Hiding, frozen=True, kw_only=True):
    """The processes of one application on this machine."""

    hidden: ClassVar[tuple[str, ...]] = ("environment",)

    # {port}, {version} and {python} (zdm's own) are replaced
    command: Annotated[tuple[str, ...], NotEmpty()]
    replicas: Annotated[int, Range(1, 1_000)]
    first_port: Port  # the first free port from there on; 0: any free port
    ready_path: str
    directory: Path  # where the supervisor keeps its state and the logs
    grace: Delay
    environment: tuple[tuple[str, str], ...] = ()  # may hold a URL
    name: str = "app"
    root: Path = Path()  # the working directory of the processes
    start_timeout: Timeout = timedelta(seconds=30)  # from start to ready
    min_ready: Delay = timedelta(0)  # ready that long before the next old one stops
