"""Texts that are tried in one transaction of a database that tests share, and taken back.

A database of their own, its sessions and their cold caches cost more than what is tried. What
cannot run in a transaction, such as CREATE INDEX CONCURRENTLY, needs one all the same.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from tests.conftest import fresh_database
from zdm.model.schema import Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

Found = TypeVar("Found")
# also the end of a block of PL/pgSQL, which only costs time
_ENDS = re.compile(rb"^\s*(?:COMMIT|END|ROLLBACK|ABORT)\b", re.IGNORECASE | re.MULTILINE)


class Shared:
    """A session in the shared database of a server."""

    def __init__(self, server: Server, conn: Connection) -> None:
        self.server, self.conn = server, conn

    def tried(self, act: Callable[[Connection], Found], *texts: bytes) -> Found:
        """What it finds with these texts in a transaction; where one of them ends it or the
        server refuses it there, in a database of its own, in which a refusal is a failure."""
        if any(map(_ENDS.search, texts)):
            return self._alone(act)
        try:
            with self.conn.transaction(force_rollback=True):
                found = act(self.conn)
                status = self.conn.info.transaction_status
        except psycopg.Error:
            return self._alone(act)

        assert status is TransactionStatus.INTRANS, "a text ended the transaction"

        return found

    def _alone(self, act: Callable[[Connection], Found]) -> Found:
        with fresh_database(self.server) as url, opened(url) as conn:
            return act(conn)


@contextmanager
def shared(server: Server) -> Iterator[Shared]:
    """For as long as a worker needs it."""
    with fresh_database(server) as url, opened(url) as conn:
        yield Shared(server, conn)


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """A session."""
    with connection.connect(url, name="tests") as conn:
        yield conn


def snapshot(conn: Connection) -> Snapshot:
    """The schema of now, also within a transaction, which keeps its settings."""
    with conn.transaction(force_rollback=True):
        return read.contents(conn)
