"""All pairs on PostgreSQL 18: the statements as written, then the plan, to its end."""

from collections.abc import Iterator

import pytest

from tests.conftest import fresh_database
from tests.golden import Golden
from tests.pairs import page, running
from tests.pairs.forms import Form
from tests.pairs.pairs import (
    SCHEMA,
    WORLD,
    Outcome,
    Relation,
    asked,
    of_row,
    outcome,
    rows,
    schema,
)
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.serialize import snapshot_file

on_18 = pytest.mark.parametrize(
    "every_server", [pytest.param(18, marks=pytest.mark.more)], indirect=True
)


@pytest.fixture
def plain(every_server: Server) -> Iterator[Connection]:
    """For the statements as written."""
    with fresh_database(every_server) as url, connection.connect(url, name="tests") as conn:
        yield conn


@pytest.fixture
def planned(every_server: Server) -> Iterator[str]:
    """For plans."""
    with fresh_database(every_server) as url:
        yield url


@on_18
def test_the_schema_on_file_is_the_worlds(plain: Connection, golden: Golden) -> None:
    running.begin(plain, nulls=False)
    found = read.read(plain)
    if golden.bless:
        SCHEMA.write_text(snapshot_file.dumps(found), encoding="utf-8")

    assert snapshot_file.difference(schema(), found) == (), WORLD.name


EVERY = 87  # of the rows, one in so many runs with `make test-more`; all with `make pairs`
ROWS = [
    pytest.param(*row, marks=() if number % EVERY == 0 else pytest.mark.pairs)
    for number, row in enumerate(rows())
]


@on_18
@pytest.mark.parametrize(("relation", "first"), ROWS, ids=str)
def test_a_row_of_pairs_is_right_on_the_server(
    plain: Connection, planned: str, relation: Relation, first: Form, golden: Golden
) -> None:
    kept, snapshot = page.read(), schema()
    wrong: dict[str, object] = {}
    for pair in of_row(relation, first):
        end = running.plainly(plain, pair)
        answer = asked(pair, snapshot)
        now = outcome(answer) if isinstance(end, Snapshot) else Outcome.NO_MIGRATION
        if golden.bless:
            kept[str(pair)] = now
        if kept.get(str(pair)) is not now:
            wrong[str(pair)] = f"the page says {kept.get(str(pair))}, and it is {now}: {end}"
        elif isinstance(end, Snapshot) and isinstance(answer, Plan):
            differences = running.executed(planned, pair, answer, end)
            if differences:
                wrong[str(pair)] = differences
    if golden.bless:
        page.FILE.write_text(page.text(kept), encoding="utf-8")

    assert wrong == {}
