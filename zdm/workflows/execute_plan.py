"""Run a plan in the world that the caller made."""

from dataclasses import dataclass
from pathlib import Path

from zdm.config.settings import Settings
from zdm.execute import runner
from zdm.execute.world import Options, World
from zdm.model.plan import Plan
from zdm.model.release import RunState, Version
from zdm.workflows import plan_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """How far a run is to go, and what the operator asserts or allows."""

    until: str = RunState.CONTRACTED
    from_state: str | None = None  # refuse unless this state is reached
    assume_deployed: bool = False
    approve: bool = False
    no_wait: bool = False


def read(file: Path, settings: Settings, goal: Goal) -> Plan:
    """The plan; a run from its beginning also needs sources that have not changed."""
    plan = plan_files.read_plan(file)
    if goal.from_state is None:
        plan_files.check_sources(plan, settings.root)
    return plan


def options(settings: Settings, goal: Goal) -> Options:
    """What the settings and the caller ask, as the runner wants it."""
    rollout, waits = settings.rollout, settings.execute
    return Options(
        old=Version(rollout.old),
        new=Version(rollout.new),
        rollout=rollout,
        until=RunState(goal.until),
        from_state=RunState(goal.from_state) if goal.from_state else None,
        assume_deployed=goal.assume_deployed,
        approve=goal.approve,
        no_wait=goal.no_wait,
        lock_deadline=waits.lock_deadline,
        reconnect_deadline=waits.reconnect_deadline,
    )


def run(plan: Plan, world: World, wanted: Options) -> RunState:
    """Run it; the state that is reached."""
    return runner.execute(plan_files.plan_text(plan), world, wanted)
