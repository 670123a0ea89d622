"""A command that needs a shadow server twice starts it once."""

import psycopg
import pytest

from zdm.cli import wiring
from zdm.postgres.server.provider import Wanted


def test_a_server_that_runs_serves_again_and_ends_with_the_command() -> None:
    with wiring.shadows() as opening:
        with opening(Wanted()) as first, psycopg.connect(first.dsn):
            pass
        with opening(Wanted()) as second, psycopg.connect(second.dsn):
            assert second is first

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first.dsn)
