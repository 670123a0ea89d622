"""The schema of a live database as a frozen value."""

from contextlib import closing

from zdm.model.schema import Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.session import connection


def live(url: str) -> Snapshot:
    """Read the schema; nothing is written."""
    with closing(connection.connect(url, name="snapshot")) as opened:
        return read.read(opened)
