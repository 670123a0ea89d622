"""One run under load: executors one after the other, one of them harmed, until one ends."""

import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tests.kill_matrix import child, load
from tests.kill_matrix.child import Command, Task
from tests.kill_matrix.load import Load
from tests.kill_matrix.points import AFTER, BEGIN, END, Back, Harm, Point
from tests.kill_matrix.proxy import Proxy
from tests.kill_matrix.scenarios import Scenario
from tests.kill_matrix.site import Site
from zdm.errors import TemporaryError
from zdm.model.plan import AwaitRollout, Backfill, Phase, Plan, Side
from zdm.postgres.session import connection
from zdm.serialize import plan_file

TRIES = 6
PATIENCE = 90.0  # seconds for one executor to end
HALF = 0.5  # of a step's usual time, where it is to be left half done
OWN = "application_name LIKE 'zdm-run:%' AND datname = current_database()"
AGAIN = (0, TemporaryError.exit_code)  # what a Job goes on after


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How a calm run went: seconds of each step, and of each undo."""

    done: dict[str, float] = field(default_factory=dict)
    undone: dict[int, float] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Run:
    """A scenario in a database of its own; without a point nothing is harmed."""

    site: Site
    context: multiprocessing.context.ForkServerContext
    scenario: Scenario
    plan: Plan
    name: str
    back: Back | None = None
    point: Point | None = None
    usual: Usual = field(default_factory=Usual)
    took: Usual = field(default_factory=Usual)
    due: float | None = None  # when the harm is done
    began: float = 0.0  # the undo that is under way
    undoing: int = BEGIN
    halfway: bool = False  # the run that is to be taken back is still on its way
    harmed: bool = False
    inside: bool = False
    executors: int = 0
    writes: int = 0
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def url(self) -> str:
        """Past the proxy."""
        return self.site.url(self.name)

    def to_end(self) -> list[str]:
        """Executors one after the other until one finishes; what is wrong then."""
        proxy = Proxy(self.site.port)
        try:
            with load.running(self.url, self.scenario, self._unwritten) as writers:
                if self.back is not None:
                    self._up_to(self.back, proxy, writers)
                for _ in range(TRIES):
                    if self._one_executor(self._task(), proxy, writers):
                        break
                else:
                    return ["it never ended", *self.said]
            self.writes = writers.acknowledged
            return self._wrong(writers)
        finally:
            proxy.close()

    def _goes_back(self) -> bool:
        """Whether the end is that of a rollback."""
        return self.back is not None and not (self.back.forward and self.harmed)

    def _has_rolled(self, back: Back) -> bool:
        """Whether the new version was there, so that somebody's word is needed."""
        return self.plan.steps[back.step].phase.position >= Phase.ROLLOUT.position

    def _task(self) -> Task:
        text = plan_file.dumps(self.plan)
        if self.back is None or not self._goes_back():
            return Task(command=Command.EXECUTE, plan=text)
        return Task(command=Command.ROLLBACK, plan=text, word=self._has_rolled(self.back))

    def _up_to(self, back: Back, proxy: Proxy, writers: Load) -> None:
        """Bring the run to where it is to be taken back; its executor vanishes there."""
        following = self.plan.steps[back.step + 1].id
        task = Task(command=Command.EXECUTE, plan=plan_file.dumps(self.plan), until=following)
        self.halfway = True
        self._one_executor(task, proxy, writers)
        self.halfway, self.due = False, None

    def _unwritten(self, key: int) -> frozenset[str]:
        before, filled = self.scenario.before_fill(key), self.scenario.seeded(key)
        if self.back is None or not self._goes_back():
            return frozenset({filled})
        fills = [n for n, step in enumerate(self.plan.steps) if isinstance(step, Backfill)]
        if all(n < self.back.step for n in fills):
            return frozenset({filled})
        if self.back.step in fills:
            return frozenset({before, filled}) if self.back.half else frozenset({filled})
        return frozenset({before})

    def _one_executor(self, task: Task, proxy: Proxy, writers: Load) -> bool:
        self.executors += 1
        with self._child(task, self.site.through(proxy, self.name)) as (process, pipe):
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                if self._is_due():
                    self._harm(process, proxy)
                try:
                    if not pipe.poll(self._until_due()):
                        continue
                    kind, about, details = pipe.recv()
                except EOFError:
                    self._vanished()
                    return False
                if kind == "end":
                    return self._ended(*details)
                self._heard(kind, about, details, writers)
            self.said.append("it hung")
            return False

    def _vanished(self) -> None:
        """Fine where it was killed."""
        killed = self.harmed and self.point is not None and self.point.harm is Harm.KILL
        if not (self.halfway or killed):
            self.wrong.append("an executor ended without a word")

    def _ended(self, code: int, message: str) -> bool:
        self.said.append(f"exit {code}: {message}")
        if code not in AGAIN:
            self.wrong.append(f"nobody would try again after exit {code}: {message}")
        return code == 0

    @contextmanager
    def _child(self, task: Task, url: str) -> Iterator[tuple[BaseProcess, Connection]]:
        mine, theirs = multiprocessing.Pipe(duplex=False)
        process = self.context.Process(target=child.main, args=(url, task, theirs))
        process.start()
        theirs.close()
        try:
            yield process, mine
        finally:
            process.kill()
            process.join()
            mine.close()

    def _heard(self, kind: str, about: str, details: object, writers: Load) -> None:
        match kind:
            case "waiting":
                self.said.append(f"waited for {about}: {details}")
            case "started":
                self._started(self._position(about), writers)
            case "done":
                assert isinstance(details, float)
                self.took.done[about] = details
                self._done(self._position(about), writers)
            case "found":
                self._undo(BEGIN)
            case "reverting":
                writers.go_back()
                self._undone(BEGIN)
            case "reverted":
                self._undone(self._position(about))
            case _:
                raise AssertionError(kind)

    def _position(self, step: str) -> int:
        return next(n for n, each in enumerate(self.plan.steps) if each.id == step)

    def _started(self, position: int, writers: Load) -> None:
        step = self.plan.steps[position]
        if step.phase is Phase.ROLLOUT:
            writers.may = frozenset({Side.NEW})
        if self.halfway:
            assert self.back is not None
            if self.back.half and position == self.back.step:
                self.due = time.monotonic() + HALF * self.usual.done[step.id]
        elif self.back is None:
            self._arm(position, self.usual.done.get(step.id, 0.0))

    def _done(self, position: int, writers: Load) -> None:
        step = self.plan.steps[position]
        is_early = step.phase.position < Phase.ROLLOUT.position
        old_only = self.back is not None and not self._has_rolled(self.back)
        if is_early and Side.OLD in writers.may and not (self.halfway and old_only):
            writers.may = step.serves
        if self.back is None:
            self._after(position)

    def _undo(self, stage: int) -> None:
        self.undoing, self.began = stage, time.monotonic()
        self._arm(stage, self.usual.undone.get(stage, 0.0))
        if stage == END and self.due is None and self.point is not None:
            self.due = self.began  # its step was not even begun when the run was left

    def _undone(self, stage: int) -> None:
        assert self.back is not None
        self.took.undone[stage] = time.monotonic() - self.began
        self._after(stage)
        self._undo(self.back.step if stage == BEGIN else stage - 1)

    def _arm(self, stage: int, usual: float) -> None:
        if self.point is None or self.harmed or stage != self.point.step:
            return
        if self.point.place != AFTER:
            self.due = time.monotonic() + self.point.place * usual

    def _after(self, stage: int) -> None:
        if self.point is not None and stage == self.point.step and not self.harmed:
            self.due = time.monotonic()

    def _until_due(self) -> float:
        return 0.5 if self.due is None else max(0.0, min(0.5, self.due - time.monotonic()))

    def _is_due(self) -> bool:
        return self.due is not None and not self.harmed and time.monotonic() >= self.due

    def _harm(self, process: BaseProcess, proxy: Proxy) -> None:
        if self.halfway:
            self._leave(process)
            return
        assert self.point is not None
        self.harmed = True
        self.inside = self._is_inside(self.point)
        match self.point.harm:
            case Harm.KILL:
                process.kill()
            case Harm.TERMINATE:
                self._sql(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OWN}"
                    " AND pid <> pg_backend_pid()"
                )
            case Harm.IMMEDIATE:
                self.site.crash(signal.SIGQUIT)
            case Harm.CRASH:
                self.site.crash(signal.SIGKILL)
            case Harm.CUT | Harm.HALF_CUT:
                proxy.cut(half=self.point.harm is Harm.HALF_CUT)

    def _leave(self, process: BaseProcess) -> None:
        """Once the journal knows of the step; that of a rollout has nothing to know."""
        assert self.back is not None
        step = self.plan.steps[self.back.step]
        known = f"SELECT FROM zdm.step WHERE id = '{step.id}'"
        if isinstance(step, AwaitRollout) or self._sql(known):
            process.kill()
            self.due = None
        else:
            self.due = time.monotonic() + 0.005

    def _is_inside(self, point: Point) -> bool:
        if point.back is None:
            return self.plan.steps[point.step].id not in self.took.done
        return point.step not in self.took.undone

    def _sql(self, query: str) -> list[tuple[object, ...]]:
        with connection.connect(self.url(), name="tests") as own:
            return own.execute(query.encode()).fetchall()

    def _wrong(self, writers: Load) -> list[str]:
        goes_back = self._goes_back()
        rows = self._sql(self.scenario.back if goes_back else self.scenario.read)
        wrong = self.wrong + writers.check([(int(str(key)), str(value)) for key, value in rows])
        broken = [] if goes_back else self._sql(self.scenario.wrong)
        if any(row[0] for row in broken):
            wrong.append(f"{broken[0][0]} rows break the promise")
        runs = self._sql("SELECT state FROM zdm.run")
        if runs != [("reverted" if goes_back else "contracted",)]:
            wrong.append(f"the journal holds {runs}")
        steps = {row[0] for row in self._sql("SELECT state FROM zdm.step")}
        if not steps <= {"reverted" if goes_back else "done"}:
            wrong.append(f"the journal holds steps that are {steps}")
        if self.point is not None and not self.harmed:
            wrong.append("nothing was harmed")
        return wrong
