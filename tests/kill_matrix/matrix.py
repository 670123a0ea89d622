"""One point: run under load, harm, go on until it is done, compare with the calm run."""

import multiprocessing
import time
from dataclasses import dataclass, field

from tests.kill_matrix import points
from tests.kill_matrix.points import Back, Point
from tests.kill_matrix.run import Run, Usual
from tests.kill_matrix.scenarios import ALL, Scenario
from tests.kill_matrix.site import Site
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A scenario on a site: its template, its plan, and how a calm run went."""

    scenario: Scenario
    template: str
    plan: Plan
    usual: Usual
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
    calm: dict[str, Prepared] = field(default_factory=dict)  # rollbacks, once they are asked

    def prepare(self) -> None:
        """Make the templates and run each scenario undisturbed."""
        for scenario in ALL:
            template = self.site.make(scenario)
            plan = scenario.plan(self.site.url(template))
            self.prepared[scenario.slug] = self._undisturbed(scenario, template, plan)

    def _undisturbed(
        self, scenario: Scenario, template: str, plan: Plan, back: Prepared | None = None
    ) -> Prepared:
        """A calm run; with `back`, how the run went that is taken back from its last state."""
        with self.site.copy(template) as name:
            run = self._run(scenario, plan, name)
            if back is not None:
                run.usual, run.back = back.usual, _last(plan)
            wrong = run.to_end()
            if wrong:
                raise AssertionError(f"the calm run of {scenario.slug}: {wrong}")
            end = _snapshot(self.site.url(name))
        return Prepared(
            scenario=scenario, template=template, plan=plan, usual=run.took, end=end
        )

    def _run(self, scenario: Scenario, plan: Plan, name: str) -> Run:
        return Run(
            site=self.site, context=self.context, scenario=scenario, plan=plan, name=name
        )

    def steps(self) -> dict[str, int]:
        """How many steps each scenario has."""
        return {slug: len(item.plan.steps) for slug, item in self.prepared.items()}

    def plans(self) -> dict[str, Plan]:
        """The plan of each scenario."""
        return {slug: item.plan for slug, item in self.prepared.items()}

    def calm_rollback(self, slug: str) -> Prepared:
        """How an undisturbed rollback of the furthest run went: its end is the start."""
        if slug not in self.calm:
            ready = self.prepared[slug]
            calm = self._undisturbed(ready.scenario, ready.template, ready.plan, ready)
            start = _snapshot(self.site.url(ready.template))
            left = snapshot_file.difference(start, calm.end)
            if left:
                raise AssertionError(f"the calm rollback of {slug} leaves {left}")
            self.calm[slug] = calm
        return self.calm[slug]

    def try_point(self, point: Point) -> Outcome:
        """Do one point."""
        ready = self.prepared[point.scenario]
        usual, end = ready.usual, ready.end
        if point.back is not None:
            calm = self.calm_rollback(point.scenario)
            usual = Usual(done=usual.done, undone=calm.usual.undone)
            end = ready.end if point.back.forward else calm.end
        began = time.monotonic()
        with self.site.copy(ready.template) as name:
            run = self._run(ready.scenario, ready.plan, name)
            run.point, run.back, run.usual = point, point.back, usual
            wrong = run.to_end()
            difference = snapshot_file.difference(end, _snapshot(self.site.url(name)))
            wrong += [f"the schema differs: {item}" for item in difference]
        return Outcome(
            point=point,
            inside=run.inside,
            executors=run.executors,
            seconds=time.monotonic() - began,
            writes=run.writes,
            wrong=tuple(wrong),
        )


def _last(plan: Plan) -> Back:
    """The furthest state that has a way back and is not half of a step."""
    return [start for start in points.starts(plan) if not start.half][-1]


def _snapshot(url: str) -> Snapshot:
    with connection.connect(url, name="tests") as own:
        return read.read(own)


def made(site: Site) -> Matrix:
    """A matrix whose executors fork from a process that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.kill_matrix.child"])
    matrix = Matrix(site, context)
    matrix.prepare()
    return matrix
