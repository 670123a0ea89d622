"""The invariants of a Plan, pure.

A violation is a bug in zdm, or the plan was edited by hand.
"""

from collections.abc import Callable

from zdm.model.findings import Finding
from zdm.model.plan import Plan
from zdm.planning.invariants import gates, locks, phases, timeouts

ALL: tuple[Callable[[Plan], tuple[Finding, ...]], ...] = (
    phases.check,
    locks.check,
    gates.check,
    timeouts.check,
)
