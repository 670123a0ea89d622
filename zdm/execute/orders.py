"""Obey the operator: stop for good, or stand still while the run is paused.

An order stands in the journal and is read between batches, steps and polls, so it needs no
signal and works from any machine. A standing-still executor keeps its lock.
"""

from datetime import timedelta

from zdm.errors import TemporaryError
from zdm.execute.events import Waiting
from zdm.execute.ports import Order
from zdm.execute.world import World

POLL = timedelta(seconds=1)


def check_stop(world: World) -> None:
    """Raise TemporaryError where the process was asked to stop; orders are left alone."""
    world.stop.check()


def obey(world: World) -> bool:
    """Raise TemporaryError where somebody asked to stop; True after a pause that is over."""
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
                reason=f"paused by {order.by}; `zdm resume` lets it go on",
                names=(order.by,),
                since=order.at,
            )
        )
        world.clock.sleep(POLL)


def _end(world: World, order: Order) -> None:
    world.database.orders.obeyed(order)
    raise TemporaryError(
        f"cancelled by {order.by}; the journal says where",
        hint="run the same command again to go on, or `zdm rollback` to take it back",
    )
