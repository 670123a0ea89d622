"""A second connection of the executor: what is read or written while the first is busy."""

from dataclasses import dataclass

from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


@dataclass(slots=True)
class SecondConnection:
    """Opened when it is needed; `main_is_busy` while a statement runs in another thread."""

    url: str
    name: str
    main_is_busy: bool = False
    opened: Connection | None = None

    def connection(self) -> Connection:
        """The second connection."""
        if self.opened is None or self.opened.closed:
            self.opened = connection.connect(self.url, name=self.name)
        return self.opened

    def free(self, main: Connection) -> Connection:
        """The connection on which no statement runs: the first, if it can be."""
        return self.connection() if self.main_is_busy else main

    def close(self) -> None:
        """Close it."""
        if self.opened is not None:
            self.opened.close()
