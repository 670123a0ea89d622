"""One point: run under load, harm, go on until it is done, compare with the calm run."""

import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tests.kill_matrix import child, load
from tests.kill_matrix.load import Load
from tests.kill_matrix.points import AFTER, Harm, Point
from tests.kill_matrix.proxy import Proxy
from tests.kill_matrix.scenarios import ALL, Scenario
from tests.kill_matrix.site import Site
from zdm import planfile, snapshotfile
from zdm.model.plan import Phase, Plan, Side
from zdm.model.schema import Snapshot
from zdm.postgres import catalog, connection

TRIES = 6
PATIENCE = 90.0  # seconds for one executor to end
OWN = "application_name LIKE 'zdm-run:%' AND datname = current_database()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A scenario on a site: its template, its plan, and how a calm run went."""

    scenario: Scenario
    template: str
    plan: Plan
    usual: dict[str, float]  # seconds of each step
    end: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a point; `inside` where the step was not done when it was harmed."""

    point: Point
    inside: bool
    executors: int
    seconds: float
    writes: int
    wrong: tuple[str, ...]


@dataclass(slots=True)
class Matrix:
    """Runs points on one site."""

    site: Site
    context: multiprocessing.context.ForkServerContext
    prepared: dict[str, Prepared] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the templates and run each scenario undisturbed."""
        for scenario in ALL:
            template = self.site.make(scenario)
            plan = scenario.plan(self.site.url(template))
            with self.site.copy(template) as name:
                run = _Run(self, scenario, plan, name)
                wrong = run.to_end()
                if wrong:
                    raise AssertionError(f"the calm run of {scenario.slug}: {wrong}")
                self.prepared[scenario.slug] = Prepared(
                    scenario=scenario,
                    template=template,
                    plan=plan,
                    usual=run.took,
                    end=_snapshot(self.site.url(name)),
                )

    def steps(self) -> dict[str, int]:
        """How many steps each scenario has."""
        return {slug: len(item.plan.steps) for slug, item in self.prepared.items()}

    def try_point(self, point: Point) -> Outcome:
        """Do one point."""
        began = time.monotonic()
        ready = self.prepared[point.scenario]
        with self.site.copy(ready.template) as name:
            run = _Run(self, ready.scenario, ready.plan, name, point, ready.usual)
            wrong = run.to_end()
            difference = snapshotfile.difference(ready.end, _snapshot(self.site.url(name)))
            wrong += [f"the schema differs: {item}" for item in difference]
        return Outcome(
            point=point,
            inside=run.inside,
            executors=run.executors,
            seconds=time.monotonic() - began,
            writes=run.writes,
            wrong=tuple(wrong),
        )


@dataclass(slots=True)
class _Run:
    matrix: Matrix
    scenario: Scenario
    plan: Plan
    name: str
    point: Point | None = None
    usual: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    due: float | None = None  # when the harm is done
    harmed: bool = False
    inside: bool = False
    executors: int = 0
    writes: int = 0
    said: list[str] = field(default_factory=list)

    def url(self) -> str:
        return self.matrix.site.url(self.name)

    def to_end(self) -> list[str]:
        """Executors one after the other until one finishes; what is wrong then."""
        proxy = Proxy(self.matrix.site.port)
        try:
            with load.running(self.url, self.scenario) as writers:
                for _ in range(TRIES):
                    if self._one_executor(proxy, writers):
                        break
                else:
                    return ["it never ended", *self.said]
            self.writes = writers.acknowledged
            return self._wrong(writers)
        finally:
            proxy.close()

    def _one_executor(self, proxy: Proxy, writers: Load) -> bool:
        self.executors += 1
        url = self.matrix.site.through(proxy, self.name)
        with self._child(url) as (process, pipe):
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                if self._is_due():
                    self._harm(process, proxy)
                try:
                    if not pipe.poll(self._until_due()):
                        continue
                    kind, about, details = pipe.recv()
                except EOFError:
                    return False  # it was killed
                if kind == "end":
                    code, message = details
                    self.said.append(f"exit {code}: {message}")
                    return bool(code == 0)
                self._heard(kind, about, details, writers)
            self.said.append("it hung")
            return False

    @contextmanager
    def _child(self, url: str) -> Iterator[tuple[BaseProcess, Connection]]:
        mine, theirs = multiprocessing.Pipe(duplex=False)
        text = planfile.dumps(self.plan)
        process = self.matrix.context.Process(target=child.main, args=(url, text, theirs))
        process.start()
        theirs.close()
        try:
            yield process, mine
        finally:
            process.kill()
            process.join()
            mine.close()

    def _heard(self, kind: str, about: str, details: object, writers: Load) -> None:
        if kind == "waiting":
            self.said.append(f"waited for {about}: {details}")
            return
        position = next(n for n, step in enumerate(self.plan.steps) if step.id == about)
        step = self.plan.steps[position]
        if kind == "started":
            if step.phase is Phase.ROLLOUT:
                writers.may = frozenset({Side.NEW})
            self._arm(position, about)
            return
        assert isinstance(details, float)
        self.took[about] = details
        if step.phase.position < Phase.ROLLOUT.position and Side.OLD in writers.may:
            writers.may = step.serves
        if self.point is not None and position == self.point.step and not self.harmed:
            self.due = time.monotonic()

    def _arm(self, position: int, step: str) -> None:
        if self.point is None or self.harmed or position != self.point.step:
            return
        if self.point.place != AFTER:
            self.due = time.monotonic() + self.point.place * self.usual[step]

    def _until_due(self) -> float:
        return 0.5 if self.due is None else max(0.0, min(0.5, self.due - time.monotonic()))

    def _is_due(self) -> bool:
        return self.due is not None and not self.harmed and time.monotonic() >= self.due

    def _harm(self, process: BaseProcess, proxy: Proxy) -> None:
        assert self.point is not None
        self.harmed = True
        self.inside = self.plan.steps[self.point.step].id not in self.took
        match self.point.harm:
            case Harm.KILL:
                process.kill()
            case Harm.TERMINATE:
                self._sql(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OWN}"
                    " AND pid <> pg_backend_pid()"
                )
            case Harm.IMMEDIATE:
                self.matrix.site.crash(signal.SIGQUIT)
            case Harm.CRASH:
                self.matrix.site.crash(signal.SIGKILL)
            case Harm.CUT | Harm.HALF_CUT:
                proxy.cut(half=self.point.harm is Harm.HALF_CUT)

    def _sql(self, query: str) -> list[tuple[object, ...]]:
        with connection.connect(self.url(), name="tests") as own:
            return own.execute(query.encode()).fetchall()

    def _wrong(self, writers: Load) -> list[str]:
        with connection.connect(self.url(), name="tests") as own:
            rows = own.execute(self.scenario.read.encode()).fetchall()
            broken = own.execute(self.scenario.wrong.encode()).fetchone()
            runs = own.execute("SELECT state FROM zdm.run").fetchall()
        wrong = writers.check([(int(key), str(value)) for key, value in rows])
        if broken is not None and broken[0]:
            wrong.append(f"{broken[0]} rows break the promise")
        if runs != [("contracted",)]:
            wrong.append(f"the journal holds {runs}")
        if self.point is not None and not self.harmed:
            wrong.append("nothing was harmed")
        return wrong


def _snapshot(url: str) -> Snapshot:
    with connection.connect(url, name="tests") as own:
        return catalog.read(own)


def made(site: Site) -> Matrix:
    """A matrix whose executors fork from a process that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.kill_matrix.child"])
    matrix = Matrix(site, context)
    matrix.prepare()
    return matrix
