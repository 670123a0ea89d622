"""The driver `local`: application processes on one machine, replaced one by one.

An old version is proved gone when the processes that carry its mark are gone, children
included, and its socket is closed; `observe` asks the operating system for that at every
call and uses the supervisor's notes only for what the system does not show.
PGAPPNAME names the sessions of applications that know nothing of zdm
(`zdm-app:<version>/<workload>/<instance>`); libpq and the drivers on it read it.
It cannot prove anything about processes that are started otherwise.
"""

import fcntl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from zdm.errors import RolloutError
from zdm.execute.clock import SystemClock
from zdm.execute.ports import Clock
from zdm.model.release import (
    Instance,
    InstanceState,
    Observation,
    RolloutComplete,
    RolloutFailed,
    RolloutProgress,
    RolloutStatus,
    Spawner,
    Version,
)
from zdm.rollout.local import processes
from zdm.rollout.local import state as local_state
from zdm.rollout.local.decisions import Target, is_complete, target_of
from zdm.rollout.local.processes import Marked
from zdm.rollout.local.settings import LocalWorkload
from zdm.rollout.local.state import Identity, Member, Stage, Wish

STATES = {
    Stage.STARTING: InstanceState.STARTING,
    Stage.READY: InstanceState.READY,
    Stage.TERMINATING: InstanceState.TERMINATING,
}


class Local(Struct, frozen=True, kw_only=True):
    """Satisfies Platform; everything it knows is in the workload's folder.

    With an `owner`, everything stops when that process ends.
    """

    workload: LocalWorkload
    owner: Identity | None = None
    clock: Clock = field(default_factory=SystemClock)

    @property
    def directory(self) -> Path:
        """The folder, spelled as in the marks."""
        return self.workload.directory.resolve()

    @property
    def cannot_prove(self) -> tuple[str, ...]:
        """What the inventory may miss."""
        return (
            "processes that this driver did not start are not seen",
            "a child process that was started with an empty environment is not seen",
        )

    @property
    def deploys(self) -> bool:
        """It starts and stops the processes itself."""
        return True

    def check(self, old: Version, new: Version) -> None:
        """It needs nothing beforehand."""

    def observe(self, target: Version) -> Observation:
        """The supervisor's notes, corrected by the operating system.

        A supervisor that was killed is started again. The wish is read last: whatever starts
        an instance after the look at the processes is still seen in it.
        """
        status = self._status(target)
        instances = self._instances()
        return Observation(status=status, instances=instances, spawners=self._spawners())

    def _instances(self) -> tuple[Instance, ...]:
        """Every instance that has a live process, or whose port is still listened on."""
        members = {m.id: m for m in local_state.read_state(self.directory).members}
        marked = {m.instance: m for m in reversed(processes.marked(self.directory))}
        instances = [
            self._instance(members.get(name), marked.get(name))
            for name in sorted({*members, *marked})
        ]
        return tuple(i for i in instances if i is not None)

    def _instance(self, member: Member | None, found: Marked | None) -> Instance | None:
        if member is None:
            return None if found is None else self._unnoted(found)
        if not (
            found is not None
            or processes.is_alive(member.process)
            or processes.is_listened(member.port)
        ):
            return None
        return Instance(
            id=member.id,
            workload=self.workload.name,
            version=Version(member.version),
            state=STATES[member.stage],
            since=_moment(member.since),
            eta=None if member.deadline is None else _moment(member.deadline),
        )

    def _unnoted(self, found: Marked) -> Instance:
        return Instance(
            id=found.instance,
            workload=self.workload.name,
            version=Version(found.version),
            state=InstanceState.UNKNOWN,
            since=_moment(found.process.started),
        )

    def _spawners(self) -> tuple[Spawner, ...]:
        """The supervisor, which starts the version it was asked for; after a failure also
        the one that it falls back to."""
        wish = local_state.read_wish(self.directory)
        if wish is None or wish.version is None:
            return ()
        state = local_state.read_state(self.directory)
        versions = [wish.version]
        fallback = state.failure is not None and state.generation == wish.generation
        if fallback and state.settled not in (None, wish.version):
            versions.append(str(state.settled))
        return tuple(
            Spawner(id=f"supervisor of {self.workload.name}", version=Version(v))
            for v in versions
        )

    def deploy(self, version: Version) -> None:
        """Ask for the version; asked again, a failed rollout is tried again."""
        self._ask(version.name)

    def rollback(self, version: Version) -> str:
        """Ask for the version that was there before."""
        self._ask(version.name)
        return ""

    def pause(self, duration: timedelta, clock: Clock) -> None:
        """All of it: processes send no signal to zdm when they end."""
        clock.sleep(duration)

    def stop(self) -> None:
        """Ask that everything stops; the supervisor ends when nothing is left."""
        if local_state.read_wish(self.directory) is not None:
            self._ask(None)

    def _status(self, version: Version) -> RolloutStatus:
        """How far it is; a supervisor that was killed is started again."""
        wish = local_state.read_wish(self.directory)
        if wish is None:
            return RolloutFailed(reason=f"{version} was never requested")
        target = target_of(wish, self.clock.now().timestamp())
        if target is None or target.version != version.name:
            other = wish.version or "a stop of every process"
            return RolloutFailed(reason=f"{other} was requested instead of {version}")
        self._ensure_supervisor()
        state = local_state.read_state(self.directory)
        if state.generation != wish.generation:
            return RolloutProgress(waiting_for="the supervisor to take it up")
        if state.failure is not None:
            return RolloutFailed(reason=state.failure)
        alive = tuple(m for m in state.members if processes.is_alive(m.process))
        if is_complete(alive, target):
            return RolloutComplete()
        return RolloutProgress(waiting_for=_missing(alive, target))

    def ready_ports(self) -> tuple[int, ...]:
        """Where requests may be sent now; a terminating instance is not among them."""
        members = local_state.read_state(self.directory).members
        return tuple(m.port for m in members if m.stage is Stage.READY)

    def _ask(self, version: str | None) -> None:
        local_state.make_directory(self.directory)
        last = local_state.read_wish(self.directory)
        state = local_state.read_state(self.directory)
        wish = Wish(
            generation=1 if last is None else last.generation + 1,
            version=version,
            workload=replace(
                self.workload, directory=self.directory, root=self.workload.root.resolve()
            ),
            owner=self.owner,
        )
        unchanged = last is not None and replace(wish, generation=last.generation) == last
        if not unchanged or state.failure is not None:
            local_state.write_wish(self.directory, wish)
        self._ensure_supervisor()

    def _ensure_supervisor(self) -> None:
        if self.is_supervised():
            return
        command = [sys.executable, "-m", "zdm.rollout.local.supervisor", str(self.directory)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            last = done.stderr.strip().rpartition("\n")[2]
            raise RolloutError(
                f"the supervisor of {self.workload.name} did not start: {last}",
                hint=f"run `{' '.join(command)}` to see why",
            )

    def is_supervised(self) -> bool:
        """Whether a supervisor runs for this folder: it holds the lock while it lives."""
        try:
            file = (self.directory / local_state.LOCK).open("ab")
        except FileNotFoundError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False


def _missing(members: tuple[Member, ...], target: Target) -> str:
    live = [m for m in members if m.stage is not Stage.TERMINATING]
    ready = sum(map(target.counts, live))
    others = sum(m.version != target.version for m in live)
    text = f"{ready} of {target.replicas} instances of {target.version} are ready"
    return f"{text}, {others} of another version serve" if others else text


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
