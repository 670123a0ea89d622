"""One server for the recording of all histories."""

from collections.abc import Iterator

import pytest

from tests.revisions.projects import Databases
from zdm.postgres.server import provider
from zdm.postgres.server.provider import Wanted


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with provider.throwaway(Wanted()) as server:
        yield Databases(server=server)
