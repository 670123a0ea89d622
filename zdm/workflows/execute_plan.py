"""Run a plan in the world that the caller made."""

import re
from pathlib import Path

from msgspec import Struct

from zdm.config.settings import Settings
from zdm.errors import InputError, RefusedError
from zdm.execute import runner
from zdm.execute.world import Options, World
from zdm.model.plan import Plan
from zdm.model.release import RunState, Version
from zdm.serialize import input_file, plan_file
from zdm.workflows import plan_files, plan_signature


class Goal(Struct, frozen=True, kw_only=True):
    """How far a run is to go, and what the operator asserts or allows."""

    until: str = RunState.CONTRACTED
    from_state: str | None = None  # refuse unless this state is reached
    assume_deployed: bool = False
    approve: bool = False
    no_wait: bool = False
    expect: str | None = None  # the digest that was reviewed
    allowed_signers: Path | None = None  # who may sign a plan


def read(file: Path, settings: Settings, goal: Goal) -> Plan:
    """The plan; a run from its beginning also needs sources that have not changed.

    A digest that is not the expected one, and a missing or foreign signature, are refused.
    """
    data = input_file.read(file)
    plan = plan_files.plan_of(data, file)
    if goal.expect is not None:
        _expected(plan, goal.expect)
    signers = goal.allowed_signers or settings.execute.allowed_signers
    if signers is not None:
        plan_signature.check(file, data, signers)
    if goal.from_state is None:
        plan_files.check_sources(plan, settings.root)
    return plan


def _expected(plan: Plan, expect: str) -> None:
    digest = plan_file.digest(plan)
    if not re.fullmatch(r"[0-9a-f]{64}", expect):
        raise InputError(
            f"`{expect}` is no digest: that has 64 hexadecimal digits",
            hint="copy the whole digest from the reviewed output of `zdm plan`",
        )
    if digest != expect:
        raise RefusedError(
            f"the plan {plan.name} is not the expected one: its digest is {digest}",
            hint=f"run the plan that was reviewed, or have this one reviewed and expect"
            f" {digest}",
        )


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
