"""A server with a log of all statements, and databases on it."""

from collections.abc import Iterator

import pytest

from tests import scratch
from tests.revisions.projects import Databases
from zdm.postgres.server.provider import Server, Wanted


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    settings = (("log_connections", "on"), ("log_statement", "all"))
    with scratch.throwaway(Wanted(settings=settings)) as found:
        yield found


@pytest.fixture
def databases(server: Server) -> Iterator[Databases]:
    made = Databases(server=server)
    yield made
    made.drop()
