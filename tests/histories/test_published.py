"""Schemas of published packages come out of a rebuild as they went in; nothing is left out."""

from collections.abc import Callable

import pytest

from tests.conftest import a_server, fresh_database
from tests.histories.published import PUBLISHED, Published
from tests.postgres.catalog.test_rebuild import read
from zdm.model.schema import Snapshot
from zdm.postgres.catalog import rebuild
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file

pytestmark = [pytest.mark.more, pytest.mark.schemas]


@pytest.mark.parametrize("major", [14, 18])
@pytest.mark.parametrize("package", PUBLISHED, ids=[one.name for one in PUBLISHED])
def test_a_published_schema_is_made_again(
    major: int, package: Published, record_property: Callable[[str, object], None]
) -> None:
    with a_server(major) as server:
        with fresh_database(server) as url:
            package.make(url)
            wanted = read(url, "SELECT 1")
        first = _rebuilt(server, wanted)
        second = _rebuilt(server, first)

    record_property("reworded", len(snapshot_file.difference(wanted, first)))

    assert len(first.tables) == len(wanted.tables)
    assert snapshot_file.difference(first, second) == ()


def _rebuilt(server: Server, wanted: Snapshot) -> Snapshot:
    with shadow.database(server) as url:
        rebuild.rebuild(url, wanted, shadow.administration(server, url))
        with connection.connect(url, name="test") as conn:
            made = rebuild.found(conn, wanted)

    assert made.left_out == ()
    return made.snapshot
