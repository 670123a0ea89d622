"""The revert window: after the rollout, before the contract, both versions still work.

The dual write continues, so the application and the schema can still be rolled back without
losing what the new version wrote. Its start is in the database, so no restart shortens it.
"""

from zdm.errors import TemporaryError
from zdm.execute.events import Waiting
from zdm.execute.patience import patiently
from zdm.execute.world import Options, World


def keep(world: World, options: Options) -> None:
    """Wait until it is over or approved; raises TemporaryError with `no_wait`."""
    while True:
        window = patiently(
            world, options, world.database.orders.window, gate="connection"
        ).value
        if window.deployed_at is None or window.ended_at is not None:
            return
        end = window.deployed_at + options.rollout.revert_window
        if window.now >= end:
            return
        if options.approve:
            patiently(world, options, world.database.orders.end_window, gate="connection")
            return
        if options.no_wait:
            raise TemporaryError(
                f"the revert window is open until {end:%Y-%m-%d %H:%M:%S %Z}, so nothing"
                " contracts yet",
                hint="run the same command again then, or end it now with `zdm approve`;"
                " `zdm rollback` undoes the run",
            )
        world.observer.notify(
            Waiting(
                gate="revert window",
                reason="both versions still work; `zdm approve` ends it, `zdm rollback` undoes"
                " the run",
                since=window.deployed_at,
                eta=end,
            )
        )
        world.clock.sleep(min(options.rollout.poll_interval, end - window.now))
