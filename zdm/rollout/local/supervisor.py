"""The process that keeps the wish true: `python -m zdm.rollout.local.supervisor FOLDER`.

It is not a child of zdm, so that `zdm execute` may be killed and the application runs on.
When it is killed itself, the next one adopts what runs, by the marks on the processes.
One runs per folder: it holds a file lock that the kernel releases with its life.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from zdm.execute.clock import SystemClock
from zdm.execute.ports import Clock
from zdm.model import duration
from zdm.rollout.local import processes
from zdm.rollout.local.decisions import Start, Stop, decide, is_complete, target_of
from zdm.rollout.local.processes import Marked
from zdm.rollout.local.settings import LocalWorkload
from zdm.rollout.local.state import (
    LOCK,
    LOG,
    Identity,
    Member,
    Stage,
    State,
    Wish,
    read_state,
    read_wish,
    write_state,
)

TICK = timedelta(milliseconds=100)
READY_PROBE_EVERY = 1.0  # seconds between probes of an instance that is ready
MISSES = 3  # probes in a row, before what was ready is not
MAX_CRASHES = 4  # the first start and three restarts
FIRST_BACKOFF = 0.2
MAX_BACKOFF = 5.0
KEPT_LOGS = 20
STABLE = 10.0  # seconds without a crash after which earlier ones are forgotten


@dataclass(slots=True)
class Supervisor:
    """The loop; `children` are those that it must reap itself."""

    directory: Path
    state: State
    children: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    probed: dict[str, float] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)  # probes in a row
    clock: Clock = field(default_factory=SystemClock)

    def _now(self) -> float:
        return self.clock.now().timestamp()

    def run(self) -> None:
        """Work until everything is stopped and nothing is left."""
        while self.tick():
            self.clock.sleep(TICK)

    def tick(self) -> bool:
        """One round; False when there is nothing more to do, ever."""
        wish = read_wish(self.directory)
        if wish is None:
            return False
        if wish.owner is not None and not processes.is_alive(wish.owner):
            wish = replace(wish, version=None)
        before = self.state
        if wish.generation != self.state.generation:
            self.state = replace(
                self.state,
                generation=wish.generation,
                failure=None,
                crashes=0,
                retry_at=0.0,
                settled_at=None,
            )
        self._observe(wish)
        self._settle(wish)
        self._act(wish)
        if self.state != before:
            write_state(self.directory, self.state)
        return wish.version is not None or bool(self.state.members)

    def _observe(self, wish: Wish) -> None:
        self._reap()
        marked = processes.marked(self.directory) if self._must_scan() else ()
        known = {m.id for m in self.state.members}
        adopted = {}
        for found in marked:  # started by a supervisor that was killed before it wrote so
            if found.instance not in known and found.instance not in adopted:
                adopted[found.instance] = _adopt(found, self._now())
        members = []
        for member in (*self.state.members, *adopted.values()):
            rest = tuple(m for m in marked if m.instance == member.id)
            seen = self._look(member, rest, wish.workload)
            if seen.stage is not Stage.TERMINATING or _is_left(seen, rest):
                members.append(seen)
        self.state = replace(self.state, members=tuple(members))

    def _must_scan(self) -> bool:
        """Reading every process's environment is too expensive for each round."""
        first = not self.probed and not self.children
        return first or any(m.stage is Stage.TERMINATING for m in self.state.members)

    def _reap(self) -> None:
        for pid, child in list(self.children.items()):
            if child.poll() is not None and not any(
                m.process.pid == pid and m.stage is not Stage.TERMINATING
                for m in self.state.members
            ):
                del self.children[pid]

    def _look(
        self, member: Member, rest: tuple[Marked, ...], workload: LocalWorkload
    ) -> Member:
        now = self._now()
        if member.stage is Stage.TERMINATING:
            return _push(member, rest, now)
        if not processes.is_alive(member.process):
            self._crashed(member)
            return _terminating(member, now, workload)
        pause = 0.0 if member.stage is Stage.STARTING else READY_PROBE_EVERY
        if now - self.probed.get(member.id, 0.0) < pause:
            return member
        self.probed[member.id] = now
        why_not = processes.not_ready(member.port, workload.ready_path)
        if why_not is None:
            self.missed.pop(member.id, None)
            return member if member.stage is Stage.READY else _at(member, Stage.READY, now)
        if member.stage is Stage.READY:
            return self._missed(member, now)
        if now - member.since > workload.start_timeout.total_seconds():
            self._fail(
                f"{member.id} ({member.version}) is not ready after "
                f"{duration.text(workload.start_timeout)}: {why_not}",
                member.id,
            )
        return member

    def _missed(self, member: Member, now: float) -> Member:
        """A late answer may be the machine's fault; it is asked again at once."""
        missed = self.missed.pop(member.id, 0) + 1
        if missed >= MISSES:
            return _at(member, Stage.STARTING, now)
        self.missed[member.id] = missed
        self.probed[member.id] = 0.0
        return member

    def _crashed(self, member: Member) -> None:
        child = self.children.get(member.process.pid)
        code = child.poll() if child is not None else None
        crashes = self.state.crashes + 1
        delay = min(FIRST_BACKOFF * 2**crashes, MAX_BACKOFF)
        self.state = replace(
            self.state,
            crashes=crashes,
            retry_at=self._now() + delay,
            settled_at=None,
        )
        if crashes >= MAX_CRASHES:
            self._fail(f"{member.id} ({member.version}) {_end(code)}, as others did", member.id)

    def _fail(self, reason: str, instance: str) -> None:
        if self.state.failure is None:
            output = processes.last_lines(self.directory, instance)
            full = f"{reason}; its last output: {output}" if output else reason
            self.state = replace(self.state, failure=full)

    def _settle(self, wish: Wish) -> None:
        now = self._now()
        target = target_of(wish, now)
        if target is None or not is_complete(self.state.members, target):
            return
        since = self.state.settled_at or now
        calm = now - since > STABLE
        self.state = replace(
            self.state,
            settled=target.version,
            settled_at=since,
            crashes=0 if calm else self.state.crashes,
            failure=None if calm else self.state.failure,
        )

    def _act(self, wish: Wish) -> None:
        now = self._now()
        for move in decide(self.state, target_of(wish, now)):
            match move:
                case Stop():
                    members = tuple(
                        _terminating(m, now, wish.workload) if m.id == move.id else m
                        for m in self.state.members
                    )
                    self.state = replace(self.state, members=members)
                case Start():
                    if now >= self.state.retry_at:
                        self._start(move.version, wish.workload)

    def _start(self, version: str, workload: LocalWorkload) -> None:
        number = self.state.number + 1
        instance = f"{workload.name}-{number}"
        self.state = replace(self.state, number=number)
        stale = f"{workload.name}-{number - KEPT_LOGS}"
        processes.log_file(self.directory, stale).unlink(missing_ok=True)
        try:
            port = processes.free_port(
                workload.first_port, (m.port for m in self.state.members)
            )
            child = processes.start(workload, self.directory, version, instance, port)
        except OSError as error:
            self.state = replace(self.state, retry_at=self._now() + MAX_BACKOFF)
            self._fail(f"{instance} ({version}) cannot be started: {error}", instance)
            return
        self.children[child.pid] = child
        process = processes.identity(child.pid)
        member = Member(
            id=instance,
            version=version,
            port=port,
            process=process or Identity(pid=child.pid, started=0.0),
            stage=Stage.STARTING,
            since=self._now(),
        )
        self.state = replace(self.state, members=(*self.state.members, member))


def _is_left(member: Member, rest: tuple[Marked, ...]) -> bool:
    """Whether anything of a terminating member is alive: a process of it, or its socket."""
    return (
        not member.signalled  # only now found dead: the next round looks at its children
        or bool(rest)
        or processes.is_alive(member.process)
        or processes.is_listened(member.port)
    )


def _at(member: Member, stage: Stage, now: float) -> Member:
    return replace(member, stage=stage, since=now)


def _terminating(member: Member, now: float, workload: LocalWorkload) -> Member:
    """Taken out of every router first; the signal follows one round later."""
    deadline = now + workload.grace.total_seconds()
    return replace(member, stage=Stage.TERMINATING, since=now, deadline=deadline)


def _push(member: Member, rest: tuple[Marked, ...], now: float) -> Member:
    if not member.signalled:
        processes.send(member.process, signal.SIGTERM)
        return replace(member, signalled=True)
    if member.deadline is not None and now > member.deadline:
        for found in rest:
            processes.send(found.process, signal.SIGKILL)
    return member


def _adopt(found: Marked, now: float) -> Member:
    return Member(
        id=found.instance,
        version=found.version,
        port=found.port,
        process=found.process,
        stage=Stage.STARTING,
        since=now,
    )


def _end(code: int | None) -> str:
    if code is None:
        return "is gone"
    return f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"


def take_lock(directory: Path) -> IO[bytes] | None:
    """The open lock file while this process supervises; None where another one does."""
    file = (directory / LOCK).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def main(directory: Path) -> None:
    """Leave the caller's session and work; the caller waits only until the lock is held."""
    lock = take_lock(directory)
    if lock is None or os.fork() != 0:
        return
    with lock:
        os.setsid()
        log = os.open(directory / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        state = read_state(directory)
        resumed = tuple(replace(m, signalled=False) for m in state.members)
        supervisor = Supervisor(directory, replace(state, members=resumed))
        write_state(directory, supervisor.state)
        supervisor.run()
        wish = read_wish(directory)
    if wish is not None and wish.owner is not None and not processes.is_alive(wish.owner):
        shutil.rmtree(directory, ignore_errors=True)  # the owner cannot do it any more


if __name__ == "__main__":
    main(Path(sys.argv[1]))
