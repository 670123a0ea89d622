"""Copies of one template, each made before it is asked for.

A copy takes as long as a few hundred statements, and most of that is the disk's time. So a
session of its own makes the next one while a replay works in the last one, and drops those that
are done with.
"""

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from zdm.model.schema import Snapshot
from zdm.postgres.server import author, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


class Copies:
    """Databases from the template saved under a key, one after the other or side by side;
    `start` as in `shadow.database`."""

    def __init__(self, server: Server, key: str, start: Snapshot, conn: Connection) -> None:
        self.server = server
        self._key, self._start, self._conn = key, start, conn
        self._apart = False  # whether they are the author's role's
        self._stack = contextlib.ExitStack()
        self._maker = self._stack.enter_context(connection.connect(server.dsn, name="shadow"))
        self._pool: Executor = self._stack.enter_context(ThreadPoolExecutor(1))
        self._ahead: Future[str] | None = None
        self._drops: list[Future[None]] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[str]:
        """The URL of a copy for the author's role."""
        self._apart = author.prepare(self._conn, self.server)  # without what others set
        name = self._taken()
        try:
            yield (author if self._apart else shadow).url(self.server, name)
        finally:
            self._drop(name)

    def begin(self) -> None:
        """Make the next one, which will be asked for."""
        self._ahead = self._ahead or self._begun()

    def _taken(self) -> str:
        begun, self._ahead = self._ahead or self._begun(), None
        return begun.result()

    def _begun(self) -> Future[str]:
        return self._pool.submit(
            shadow.make, self._maker, self._key, apart=self._apart, start=self._start
        )

    def _drop(self, name: str) -> None:
        self._drops.append(self._pool.submit(shadow.drop, self._maker, name))

    def end(self) -> None:
        """Drop all, also what nobody asked for."""
        with self._stack:
            if self._ahead is not None:
                self._drop(self._taken())
            for drop in self._drops:
                drop.result()


@contextlib.contextmanager
def of(server: Server, key: str, start: Snapshot) -> Iterator[Copies]:
    """Copies for this block."""
    with connection.connect(server.dsn, name="shadow") as conn:
        made = Copies(server, key, start, conn)
        try:
            yield made
        finally:
            made.end()
