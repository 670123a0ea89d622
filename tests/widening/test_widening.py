"""A key becomes bigint beside both versions: no statement fails, forth, back, and to the end.

`make widening` does it with 1,000,000 rows in each of the four tables, and looks at the time.
"""

import pytest

from tests.conftest import fresh_database, lasting
from tests.widening import runs
from zdm.postgres.server.provider import Server

ROWS = 2_000
REFUSED = "0A000"  # cached plan must not change result type


@pytest.fixture(
    scope="module",
    params=[pytest.param(14, marks=[pytest.mark.more, pytest.mark.thorough]), 18],
    ids=["14", "18"],
)
def ground(request: pytest.FixtureRequest) -> Server:
    return lasting(request.param)


def test_no_statement_fails_and_no_row_is_wrong(ground: Server) -> None:
    with fresh_database(ground) as url:
        outcome = runs.beside(url, ROWS, pause=0.5)

    assert outcome.told.failed == ()
    assert outcome.wrong == ()
    assert outcome.told.statements > 0
    assert {key.split()[-1] for key in outcome.prepared} <= {REFUSED}
