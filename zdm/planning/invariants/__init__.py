"""What every Plan must keep, pure: is this plan well made?

A Finding here is a bug of zdm or a plan that was edited by hand.
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
