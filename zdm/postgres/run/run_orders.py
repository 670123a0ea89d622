"""Messages between an operator and the executor of a run, through the journal."""

from msgspec import Struct

from zdm.execute.events import Waiting
from zdm.execute.ports import Order, Window
from zdm.postgres.journal import orders
from zdm.postgres.run.executor import Executor


class RunOrders(Struct, frozen=True):
    """Satisfies `zdm.execute.ports.Orders`."""

    executor: Executor

    def current(self) -> Order | None:
        """The operator's order to the run, if it is begun."""
        executor = self.executor
        if not executor.has_run:
            return None
        with executor.errors("reading the operator's orders"):
            free = executor.second.free(executor.connection)
            return orders.current(free, executor.fence.run)

    def acknowledge(self, order: Order) -> None:
        """Withdraw a cancel, so that the next executor can continue."""
        executor = self.executor
        with executor.errors("acknowledging the operator's order"):
            orders.acknowledge(executor.connection, executor.fence)
            what = f"acknowledged the {order.kind} of {order.by}"
            orders.note_act(executor.connection, executor.fence, executor.owner, what)

    def note(self, waiting: Waiting | None) -> None:
        """Record in the journal what the run waits for; None: nothing."""
        executor = self.executor
        if not executor.has_run:
            return
        with executor.errors("noting a wait"):
            free = executor.second.free(executor.connection)
            if waiting is None:
                orders.note_working(free, executor.fence)
            else:
                orders.note_waiting(free, executor.fence, waiting)

    def window(self) -> Window:
        """The run's revert window."""
        with self.executor.errors("reading the revert window"):
            return orders.window(self.executor.connection, self.executor.fence.run)

    def end_window(self) -> None:
        """End the revert window early; the journal records who did."""
        with self.executor.writing("ending the revert window") as fence:
            orders.end_window(self.executor.connection, fence.run, self.executor.owner)
