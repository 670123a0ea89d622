"""schema.apply says what real servers do, statement by statement.

The counts are in tests/golden/apply, which `pytest --bless -m more tests/postgres/schema`
writes.
"""

import pytest

from tests import case as cases
from tests.conftest import MAJORS, lasting
from tests.golden import Golden
from tests.postgres.schema import held, holding, statements
from tests.postgres.schema.held import Tally
from zdm.postgres.catalog import read as catalog
from zdm.postgres.server.provider import Server

OLDEST, NEWEST = MAJORS[0], MAJORS[-1]
RARELY = (pytest.mark.more, pytest.mark.thorough)


def on(*often: int) -> pytest.MarkDecorator:
    """Each version of `every_server`; the others with `make thorough`."""
    params = [
        pytest.param(major, marks=pytest.mark.more if major in often else RARELY)
        for major in MAJORS
    ]
    return pytest.mark.parametrize("every_server", params, indirect=True)


BASE = (holding.FOLDER / "base.sql").read_bytes()


@pytest.fixture(scope="module", params=[pytest.param(OLDEST, marks=RARELY), NEWEST])
def oldest_and_newest(request: pytest.FixtureRequest) -> Server:
    return lasting(request.param)


def of_cases(server: Server, *, anew: bool = False) -> Tally:
    tally = Tally()
    with holding.holding(server) as conn:
        empty = catalog.read(conn)
        for case in cases.WITH_SCHEMA:
            texts = ((case / name).read_bytes() for name in ("before.sql", cases.FILE))
            tally.add(holding.train(conn, empty, holding.statements(*texts), anew=anew))
            holding.clean(conn)
    return tally


def of_trains(server: Server, *, anew: bool = False) -> Tally:
    tally = Tally()
    with holding.holding(server) as conn:
        empty = catalog.read(conn)
        for sql in holding.trains(server.major):
            tally.add(holding.train(conn, empty, holding.statements(sql), anew=anew))
            holding.clean(conn)
    return tally


def of_everything(server: Server) -> Tally:
    tally = Tally()
    with holding.holding(server) as conn:
        conn.execute(BASE)
        snapshot, before = catalog.read(conn), held.on_server(conn)

        assert held.of(snapshot) == before

        for sql in statements.about(snapshot):
            tally.add(holding.alone(conn, snapshot, before, sql))
    return tally


def test_every_statement_of_the_cases_leaves_what_apply_says(
    oldest_and_newest: Server,
) -> None:
    tally = of_cases(oldest_and_newest)

    assert tally.differences == []
    assert tally.statements > len(cases.WITH_SCHEMA)


def test_every_statement_of_the_trains_leaves_what_apply_says(
    oldest_and_newest: Server,
) -> None:
    tally = of_trains(oldest_and_newest)

    assert tally.differences == []
    assert tally.changed > tally.statements > tally.refused > 0


def test_the_schema_with_everything_is_what_apply_says(oldest_and_newest: Server) -> None:
    with holding.holding(oldest_and_newest) as conn:
        start = catalog.read(conn)
        tally = holding.train(conn, start, holding.statements(BASE), anew=False)

    assert tally.differences == []
    assert tally.unknown == tally.refused == 0


@pytest.mark.thorough
def test_each_statement_of_the_cases_by_itself_leaves_what_apply_says(
    every_server: Server,
) -> None:
    assert of_cases(every_server, anew=True).differences == []


@on(OLDEST, NEWEST)
def test_apply_says_what_every_version_does_in_trains_and_counts_it(
    every_server: Server, golden: Golden
) -> None:
    counted(of_trains(every_server, anew=True), f"trains-{every_server.major}", golden)


@on(NEWEST)
def test_apply_says_what_every_version_makes_of_each_change_and_counts_it(
    every_server: Server, golden: Golden
) -> None:
    counted(of_everything(every_server), f"everything-{every_server.major}", golden)


def counted(tally: Tally, name: str, golden: Golden) -> None:
    assert tally.differences == []
    golden.check(f"apply/{name}.txt", f"{tally}\n")
