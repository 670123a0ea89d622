"""One server for the recording of all histories."""

from collections.abc import Iterator

import pytest

from tests import scratch
from tests.revisions.projects import Databases
from zdm.postgres.server.provider import Wanted


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with scratch.throwaway(Wanted()) as server:
        yield Databases(server=server)
