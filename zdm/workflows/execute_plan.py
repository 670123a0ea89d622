"""Run a plan in the world that the caller made."""

from zdm.config.settings import ExecuteSettings, RolloutSettings
from zdm.execute import runner
from zdm.execute.world import Options, World
from zdm.model.plan import Plan
from zdm.model.release import RunState, Version
from zdm.workflows import plan_files


def options(  # noqa: PLR0913  # what a command line can say
    rollout: RolloutSettings,
    *,
    until: str = RunState.CONTRACTED,
    from_state: str | None = None,
    assume_deployed: bool = False,
    approve: bool = False,
    no_wait: bool = False,
    waits: ExecuteSettings | None = None,
) -> Options:
    """What a command line or a caller asks, as the runner wants it."""
    waits = waits or ExecuteSettings()
    return Options(
        old=Version(rollout.old),
        new=Version(rollout.new),
        rollout=rollout,
        until=RunState(until),
        from_state=RunState(from_state) if from_state else None,
        assume_deployed=assume_deployed,
        approve=approve,
        no_wait=no_wait,
        lock_deadline=waits.lock_deadline,
        reconnect_deadline=waits.reconnect_deadline,
    )


def run(plan: Plan, world: World, wanted: Options) -> RunState:
    """Run it; the state that is reached."""
    return runner.execute(plan_files.plan_text(plan), world, wanted)
