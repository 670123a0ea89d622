"""The operator's orders to a run, through the journal, so from any machine."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from msgspec import Struct

from zdm.errors import RefusedError
from zdm.execute.ports import Order
from zdm.postgres.backfill import wal_forecast
from zdm.postgres.journal import orders
from zdm.postgres.session import connection, pins
from zdm.postgres.session.connection import Connection
from zdm.workflows.read_status import running_executors


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    with (
        closing(connection.connect(url, name="operator")) as opened,
        connection.translated("writing the journal"),
        opened.transaction(),
    ):
        pins.pin_transaction(opened)
        yield opened


def _operator() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"


def pause(url: str) -> tuple[str, ...]:
    """Order a pause; returns the running executor, if there is one."""
    with _opened(url) as opened:
        orders.give(opened, "pause", _operator())
        return running_executors(opened)


class Resumed(Struct, frozen=True, kw_only=True):
    """What `resume` withdrew or allowed, and what is still held."""

    order: Order | None = None
    exceeding: tuple[str, ...] = ()  # backfills that may now exceed their WAL limit
    held: tuple[str, ...] = ()  # backfills that still hold for it


def resume(url: str) -> Resumed:
    """Withdraw the current order; if there is none, let a backfill exceed its WAL limit.

    One call never does both.
    """
    with _opened(url) as opened:
        order = orders.withdraw(opened, _operator())
        run = orders.unfinished(opened)
        if order is not None:
            return Resumed(order=order, held=wal_forecast.holding(opened, run))
        return Resumed(exceeding=wal_forecast.approve(opened, run, _operator()))


def cancel(url: str) -> tuple[str, ...]:
    """Order the running executor to end; raises RefusedError if there is none."""
    with _opened(url) as opened:
        found = running_executors(opened)
        if not found:
            raise RefusedError(
                "no executor is running, so there is nothing to cancel",
                hint="the run stays as it is; `zdm rollback` undoes it",
            )
        orders.give(opened, "cancel", _operator())
        return found


def approve(url: str) -> datetime:
    """End the revert window of the unfinished run; when it was ended."""
    with _opened(url) as opened:
        return orders.end_window(opened, orders.unfinished(opened), _operator())
