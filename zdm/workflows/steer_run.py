"""What an operator asks of the run at work: through the journal, so from any machine."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from zdm.errors import RefusedError
from zdm.execute.ports import Order
from zdm.postgres.backfill import wal_forecast
from zdm.postgres.journal import orders
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.workflows.read_status import at_work


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
        return at_work(opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What `resume` took back or allowed, and what still holds."""

    order: Order | None = None
    exceeding: tuple[str, ...] = ()  # backfills that may now exceed their WAL limit
    held: tuple[str, ...] = ()  # backfills that still hold for it


def resume(url: str) -> Resumed:
    """Take the standing order back; where there is none, let a backfill that holds for its
    budget go on: one word never does both."""
    with _opened(url) as opened:
        order = orders.withdraw(opened, _operator())
        run = orders.unfinished(opened)
        if order is not None:
            return Resumed(order=order, held=wal_forecast.holding(opened, run))
        return Resumed(exceeding=wal_forecast.approve(opened, run, _operator()))


def cancel(url: str) -> tuple[str, ...]:
    """Ask the executor at work to end; raises RefusedError where there is none."""
    with _opened(url) as opened:
        found = at_work(opened)
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
