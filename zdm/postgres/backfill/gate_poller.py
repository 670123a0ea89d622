"""Polls the gates on a connection of its own, in a thread, also while batches run.

It passes what holds to the shared permit, cancels a batch that other sessions wait for, asks
for a VACUUM when one is due, and ends a backfill whose trigger is gone.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg

from zdm.backfill.gates import Freeze, Gate, Judge, Kind, Moment, Reading, Unreadable
from zdm.backfill.server_load import Load
from zdm.backfill.shared import Shared
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillGates
from zdm.errors import StoppedError, ZdmError
from zdm.execute.events import Hold
from zdm.model import duration
from zdm.postgres.backfill import custom_gate, gate_queries
from zdm.postgres.backfill.batch import Connect
from zdm.postgres.backfill.gate_queries import Look
from zdm.postgres.backfill.trigger_guard import Guard
from zdm.postgres.session import connection as connections
from zdm.postgres.session.connection import Connection, first_line

YIELD_TO = "waiting for us"
# what reading may worsen; the others are about WAL and dead rows, which it does not make
STOP_READS = frozenset({YIELD_TO, "queue", "sql", "prometheus"})
VACUUM_PERCENT = 10.0  # of dead rows after which VACUUM pays, where they are many, too
STATEMENT_TIMEOUT = "5s"
AT_ONCE = timedelta(0)
Signal = Callable[[Look], Reading | Unreadable]


def gates(limits: BackfillGates) -> tuple[tuple[Gate, Signal], ...]:
    """Every gate with its limits, and what it looks at."""
    lag, age, patience = (
        limits.replica_lag.total_seconds(),
        limits.queue,
        limits.vacuum_patience,
    )
    signals = gate_queries
    found: list[tuple[Gate, Signal]] = [
        (_budget("replica lag", lag, lag / 2), signals.replica_lag),
        (
            _budget("replica bytes", limits.replica_mb, limits.replica_mb / 2),
            signals.replica_bytes,
        ),
        (_budget("slot", 100, 80), signals.slot_bytes),
        (_budget("slot state", 0, 0), signals.slot_state),
        (
            _budget("archive", limits.archive_segments, limits.archive_segments // 2),
            signals.archive,
        ),
        (_budget("archive failing", 0, 0), signals.archive_failing),
        (
            Gate(name="vacuum", kind=Kind.LOAD, limit=0, resume=0, patience=patience),
            signals.vacuum,
        ),
        (
            Gate(
                name="dead rows",
                kind=Kind.LOAD,
                limit=limits.dead_percent,
                resume=limits.dead_percent / 2,
            ),
            signals.dead_rows,
        ),
        *_configured(limits),
        (_budget("queue", 0, 0, age), signals.queue),
        # last, for a batch that others wait for is cancelled right after
        (_budget(YIELD_TO, 0, 0, age), signals.waiting_for_us),
    ]
    return tuple(found)


def _budget(name: str, limit: float, resume: float, delay: timedelta = AT_ONCE) -> Gate:
    return Gate(name=name, kind=Kind.BUDGET, limit=limit, resume=resume, delay=delay)


def _configured(limits: BackfillGates) -> Iterator[tuple[Gate, Signal]]:
    """The gates that the operator has configured."""
    kind = Kind.BUDGET if limits.probe_unreadable == "hold" else Kind.LOAD
    if limits.sql is not None and limits.sql_above is not None:
        resume = limits.sql_above if limits.sql_resume is None else limits.sql_resume
        gate = Gate(name="sql", kind=kind, limit=limits.sql_above, resume=resume)
        yield gate, custom_gate.sql
    if limits.prometheus is not None and limits.prometheus_above is not None:
        above, resume_at = limits.prometheus_above, limits.prometheus_resume
        resume = above if resume_at is None else resume_at
        gate = Gate(name="prometheus", kind=kind, limit=above, resume=resume)
        yield gate, custom_gate.prometheus


@dataclass(slots=True)
class Monitor:
    """The polling of one backfill's gates."""

    connect: Connect
    limits: BackfillGates
    shared: Shared
    guard: Guard
    vacuums: bool  # whether VACUUM is asked for where it is due
    tuning: Tuning
    oids: list[int] = field(default_factory=list)  # of the relations that are filled
    look: Look | None = None
    load: Load = field(init=False)
    judges: list[tuple[Judge, Signal]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    connected: threading.Event = field(default_factory=threading.Event)  # or it was refused
    watching: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)  # of what is watched

    def __post_init__(self) -> None:
        """One judge for each gate."""
        self.load = Load(self.tuning.load_after)
        self.judges = [(Judge(gate), signal) for gate, signal in gates(self.limits)]

    @contextlib.contextmanager
    def polling(self) -> Iterator[None]:
        """A thread for this block, which connects at once, and polls from `watch` on."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._close)
            pool = stack.enter_context(ThreadPoolExecutor(1, "zdm-gates"))
            stack.callback(self.watching.set)
            stack.callback(self.ended.set)
            pool.submit(self._loop).add_done_callback(self._over)
            yield

    def watch(self, oids: list[int]) -> None:
        """Look at these relations now, and then every second. It comes back with the gates'
        connection made: a worker that took the server's last one would wait for them."""
        self.connected.wait()
        with self.lock:
            self.shared.permit.looked.clear()
            self.oids = oids
        self.watching.set()

    def _close(self) -> None:
        if self.look is not None:
            self.look.connection.close()

    def _loop(self) -> None:
        """Look at all gates once, then at gate after gate, spread over the time of a poll: all
        at once would delay other sessions by some milliseconds."""
        self._reconnect()
        self.connected.set()
        self.watching.wait()
        share = self.limits.poll.total_seconds() / len(self.judges)
        while not self.ended.is_set():
            oids = self.oids
            self.poll(share if self.shared.permit.looked.is_set() else 0.0)
            with self.lock:
                if oids is self.oids:
                    self.shared.permit.looked.set()
            self.ended.wait(share)

    def _over(self, future: Future[None]) -> None:
        """A backfill without its gates must not continue."""
        if (error := future.exception()) is not None:
            self.shared.permit.alert(error)
        self.connected.set()
        self.shared.permit.looked.set()

    def poll(self, share: float = 0.0) -> None:
        """Look at every gate, with so many seconds between them, and pass on the answers."""
        permit, clock = self.shared.permit, self.shared.permit.clock
        now = Moment(at=clock.monotonic(), time=clock.now())
        lost = self._reconnect()
        answers: list[Hold | Freeze | None] = []
        for number, (judge, signal) in enumerate(self.judges):
            if number and share and self.ended.wait(share):
                return
            answers.append(judge.judge(lost or self._read(signal), now))
        holds = tuple(a for a in answers if isinstance(a, Hold))
        frozen = any(isinstance(a, Freeze) for a in answers)
        new = {h.gate for h in holds} - {h.gate for h in permit.holds}
        self.shared.tally.held(*permit.judge(holds, frozen=frozen))
        if self.look is not None:
            with contextlib.suppress(psycopg.Error):
                self._yield_to_others(self.look, new)
                self._notice_others(self.look)
                self._vacuum_where_due(self.look)
                self._check_triggers(self.look)
                self._warn_of_the_horizon(self.look)

    def _read(self, signal: Signal) -> Reading | Unreadable:
        if self.look is None:
            return Unreadable(reason="no connection")
        try:
            return signal(self.look)
        except psycopg.Error as error:
            return Unreadable(reason=first_line(error))

    def _reconnect(self) -> Unreadable | None:
        """Once a poll: a server that does not answer is not asked by every gate."""
        try:
            if self.look is None:
                clock = self.shared.permit.clock
                self.look = Look(_opened(self.connect), self.oids, self.limits, clock)
            elif self.look.connection.closed:
                self.look.connection = _opened(self.connect)
            self.look.oids = self.oids
            self.look.pids = [*self.shared.backends.pids, self.look.connection.info.backend_pid]
        except (psycopg.Error, ZdmError) as error:
            return Unreadable(reason=first_line(error))
        return None

    def _notice_others(self, look: Look) -> None:
        """The busier other sessions keep the server, the longer batches rest."""
        activity = gate_queries.activity(look)
        permit, ours = self.shared.permit, self.shared.tally.now.worked
        self.load.take(permit.clock.monotonic(), activity, ours)
        permit.measured(self.load.others)

    def _yield_to_others(self, look: Look, new: set[str]) -> None:
        """Cancel the batches that others wait for; they are tried again, smaller."""
        if YIELD_TO not in new:
            return
        for pid in look.blockers:
            self.shared.backends.cancel(pid)
            look.connection.execute("SELECT pg_catalog.pg_cancel_backend(%s)", (pid,))

    def _vacuum_where_due(self, look: Look) -> None:
        if not self.vacuums or self.shared.permit.holds:
            return
        percent, dead = gate_queries.dead_percent(look)
        due = percent > VACUUM_PERCENT and dead > self.tuning.vacuum_rows
        if due and gate_queries.horizon(look)[1] <= self.limits.xmin_age:
            self.shared.permit.ask_for_vacuum()

    def _warn_of_the_horizon(self, look: Look) -> None:
        """An old transaction alone is no reason to hold: dead rows may be few."""
        who, age = look.oldest
        if age > self.limits.xmin_age:
            self.shared.notices.warn(
                who,
                f"{who} has kept VACUUM from cleaning up for {duration.text(age)}, so the dead"
                " rows of this backfill accumulate; end it if it is not needed",
            )

    def _check_triggers(self, look: Look) -> None:
        """What the fill relies on, the sync trigger above all, must hold to its end."""
        try:
            self.guard.check(look.connection)
        except StoppedError as error:
            self.shared.permit.alert(error)


def _opened(connect: Connect) -> Connection:
    connection = connect("gates")
    connection.execute(
        "SELECT pg_catalog.set_config('statement_timeout', %s, false)", (STATEMENT_TIMEOUT,)
    )
    return connection


def blind_spots(connection: Connection, limits: BackfillGates) -> str:
    """What the gates cannot see as this role, in a sentence; raises StoppedError unless the
    settings accept it."""
    if gate_queries.sees_all(connection):
        return ""
    blind = (
        "the role may not read other roles' activity, so the gates for replicas, vacuum and"
        " old transactions see nothing and would look green"
    )
    if limits.blind == "stop":
        raise StoppedError(
            blind,
            hint=f"GRANT pg_read_all_stats TO {connections.role(connection)}, or accept it with"
            ' `blind = "accept"` in [backfill.gates]',
        )
    return blind
