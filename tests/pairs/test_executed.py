"""All pairs on PostgreSQL 18: the statements as written, then the plan, to its end."""

from collections.abc import Iterator

import pytest

from tests.conftest import fresh_database
from tests.golden import Golden
from tests.pairs import page, running
from tests.pairs.forms import Form
from tests.pairs.pairs import (
    RELATIONS,
    SCHEMA,
    WORLD,
    Outcome,
    Pair,
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


SAMPLE = 211  # of the pairs, one in so many runs with `make test-more`; all with `make pairs`
PAIRS = [pair for row in rows() for pair in of_row(*row)]


@on_18
@pytest.mark.parametrize("relation", RELATIONS, ids=str)
def test_a_sample_of_pairs_is_right_on_the_server(
    plain: Connection, planned: str, relation: Relation
) -> None:
    sample = [pair for pair in PAIRS[::SAMPLE] if pair.relation is relation]
    kept = page.read()
    wrong = {str(pair): wrong_with(pair, kept, plain, planned)[1] for pair in sample}

    assert sample
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.pairs
@on_18
@pytest.mark.parametrize(("relation", "first"), [*rows()], ids=str)
def test_a_row_of_pairs_is_right_on_the_server(
    plain: Connection, planned: str, relation: Relation, first: Form, golden: Golden
) -> None:
    kept = page.read()
    wrong: dict[str, tuple[str, ...]] = {}
    for pair in of_row(relation, first):
        now, found = wrong_with(pair, kept, plain, planned, bless=golden.bless)
        if golden.bless:
            kept[str(pair)] = now
        if found:
            wrong[str(pair)] = found
    if golden.bless:
        page.FILE.write_text(page.text(kept), encoding="utf-8")

    assert wrong == {}


def wrong_with(
    pair: Pair, kept: page.Outcomes, plain: Connection, planned: str, *, bless: bool = False
) -> tuple[Outcome, tuple[str, ...]]:
    """The outcome of now, and what is wrong: the page has another one, unless it is blessed, or
    the plan does not end as the migration does."""
    end = running.plainly(plain, pair)
    answer = asked(pair, schema())
    now = outcome(answer) if isinstance(end, Snapshot) else Outcome.NO_MIGRATION
    before = kept.get(str(pair))
    if before is not now and not bless:
        return now, (f"the page says {before}, and it is {now}: {end}",)
    if isinstance(end, Snapshot) and isinstance(answer, Plan):
        return now, running.executed(planned, pair, answer, end)
    return now, ()
