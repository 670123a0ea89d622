"""Follow the operator's orders: stop when cancelled, wait while paused.

An order is in the journal and is read between batches, steps and polls, so it needs no
signal and works from any machine. A paused executor keeps its lock.
"""

from datetime import timedelta

from zdm.errors import TemporaryError
from zdm.execute.events import Waiting
from zdm.execute.ports import Order
from zdm.execute.world import World

POLL = timedelta(seconds=1)


def check_stop(world: World) -> None:
    """Raise TemporaryError if a signal asked the process to stop; orders are not read."""
    world.stop.check()


def follow(world: World) -> bool:
    """Raise TemporaryError if stopped or cancelled; True after a pause that is over."""
    waited = False
    while True:
        world.stop.check()
        order = world.database.orders.current()
        if order is None:
            return waited
        if order.kind == "cancel":
            _end(world, order)
        waited = True
        world.observer.notify(
            Waiting(
                gate="pause",
                reason=f"paused by {order.by}; run `zdm resume` to continue",
                names=(order.by,),
                since=order.at,
            )
        )
        world.clock.sleep(POLL)


def _end(world: World, order: Order) -> None:
    world.database.orders.acknowledge(order)
    raise TemporaryError(
        f"cancelled by {order.by}; the journal holds what was done",
        hint="run the same command again to continue, or `zdm rollback` to undo the run",
    )
