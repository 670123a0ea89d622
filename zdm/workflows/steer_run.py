"""What an operator asks of the run at work: through the journal, so from any machine."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from zdm.errors import RefusedError
from zdm.execute.ports import Order
from zdm.postgres import connection, locks, orders
from zdm.postgres.connection import Connection


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    with (
        closing(connection.connect(url, name="operator")) as opened,
        connection.translated("writing the journal"),
    ):
        yield opened


def _operator() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def pause(url: str) -> tuple[str, ...]:
    """Ask for a pause; the executors that will obey, none where none is at work."""
    with _opened(url) as opened:
        orders.give(opened, "pause", _operator())
        return _at_work(opened)


def resume(url: str) -> Order | None:
    """Take the standing order back; None where there is none."""
    with _opened(url) as opened:
        return orders.withdraw(opened, _operator())


def cancel(url: str) -> tuple[str, ...]:
    """Ask the executor at work to end; raises RefusedError where there is none."""
    with _opened(url) as opened:
        found = _at_work(opened)
        if not found:
            raise RefusedError(
                "no executor is at work, so there is nothing to cancel",
                hint="the run stands where it is; `zdm rollback` takes it back",
            )
        orders.give(opened, "cancel", _operator())
        return found


def approve(url: str) -> datetime:
    """End the revert window of the unfinished run; when it was ended."""
    with _opened(url) as opened:
        return orders.end_window(opened, orders.unfinished(opened), _operator())


def _at_work(opened: Connection) -> tuple[str, ...]:
    return tuple(str(item) for item in locks.holders(opened))
