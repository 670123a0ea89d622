"""A server that can be crashed, with the databases of the scenarios and a proxy before it."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests import scratch
from tests.kill_matrix.proxy import Proxy
from tests.kill_matrix.scenarios import Scenario
from zdm.errors import TemporaryError
from zdm.postgres.server import provider
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection

# an acknowledged commit must survive the server's crash (not the machine's: no fsync)
PATIENCE = 60.0
SETTINGS = (("synchronous_commit", "on"), ("full_page_writes", "on"))


@dataclass(slots=True)
class Site:
    """The server of now; its port is another one after each crash."""

    data: Path
    major: int | None = None  # of the server; None: the newest
    stack: ExitStack = field(default_factory=ExitStack)
    server: Server | None = None
    databases: int = 0

    def start(self) -> None:
        """Start it; remains of a killed one go within seconds."""
        chosen, _ = provider.choose(self.major)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            stack = ExitStack()
            wanted = Wanted(settings=SETTINGS)
            try:
                self.server = stack.enter_context(provider.running(chosen, self.data, wanted))
            except TemporaryError:
                stack.close()
                time.sleep(0.1)
                continue
            self.stack = stack
            return
        raise TemporaryError("the server did not come back")

    def close(self) -> None:
        """Stop it."""
        self.stack.close()

    def crash(self, number: signal.Signals) -> None:
        """End it at once, and start it again."""
        assert self.server is not None
        assert self.server.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.server.pid, number)
        self.stack.close()
        self.start()

    def url(self, name: str = "postgres") -> str:
        """The URL of a database on the server of now."""
        assert self.server is not None
        return urlsplit(self.server.dsn)._replace(path=f"/{name}").geturl()

    def port(self) -> int:
        """The port of now."""
        port = urlsplit(self.url()).port
        assert port is not None
        return port

    def through(self, proxy: Proxy, name: str) -> str:
        """The URL of a database behind the proxy."""
        return self.url(name).replace(f":{self.port()}/", f":{proxy.port}/")

    def make(self, scenario: Scenario) -> str:
        """A template database at the scenario's start."""
        name = f"t_{scenario.slug}"
        self.sql(f"CREATE DATABASE {name}")
        with connection.connect(self.url(name), name="tests") as own:
            own.execute(scenario.before.encode())
        return name

    @contextmanager
    def copy(self, template: str) -> Iterator[str]:
        """The name of a new copy, which is gone after the block."""
        self.databases += 1
        name = f"d{self.databases}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            with connection.connect(self.url(), name="tests") as own:
                scratch.drop(own, name)

    def sql(self, statement: str) -> None:
        """Run a statement on the server."""
        with connection.connect(self.url(), name="tests") as own:
            own.execute(statement.encode())


@contextmanager
def opened(major: int | None = None) -> Iterator[Site]:
    """A site, which is gone after the block."""
    chosen, _ = provider.choose(major)
    with scratch.data_directory(chosen) as data, closing(Site(data, major)) as site:
        site.start()
        yield site
