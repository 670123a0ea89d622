"""The invariants of a Plan, pure.

A violation is a bug in zdm: `plan_revisions` checks all of them before it returns a plan, and a
plan file that was edited by hand is refused earlier, by its digest.
"""

from collections.abc import Callable

from zdm.model.findings import Finding
from zdm.model.plan import Plan
from zdm.planning.invariants import gates, locks, phases, timeouts

Invariant = Callable[[Plan], tuple[Finding, ...]]

ALL: tuple[Invariant, ...] = (
    phases.check,
    locks.check,
    gates.check,
    timeouts.check,
)
