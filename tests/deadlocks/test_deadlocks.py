"""Whole runs beside writers that hold several rows: none of these is a victim of zdm.

`python -m tests.deadlocks` does it with 200,000 transactions for each pacing.
"""

import pytest

from tests.conftest import fresh_database, lasting
from tests.deadlocks import runs
from tests.deadlocks.runs import Outcome
from tests.deadlocks.writers import Wanted
from zdm.backfill.pacing import Pacing
from zdm.postgres.server.provider import Server

FEW, MANY = 2_000, 20_000  # transactions
ROWS = 20_000


@pytest.fixture(
    scope="module", params=[pytest.param(14, marks=pytest.mark.more), 18], ids=["14", "18"]
)
def ground(request: pytest.FixtureRequest) -> Server:
    return lasting(request.param)


def found(ground: Server, transactions: int, pacing: Pacing) -> Outcome:
    with fresh_database(ground) as url:
        wanted = Wanted(url=url, transactions=transactions, rows=ROWS, follows=True)
        return runs.beside(wanted, pacing)


def test_no_writer_is_the_victim_of_a_run(ground: Server) -> None:
    outcome = found(ground, FEW, Pacing.FULL)

    assert (outcome.told.victims, outcome.told.failed, outcome.wrong) == ((), (), ())
    assert outcome.told.transactions == FEW
    assert outcome.rows > 0


@pytest.mark.more
@pytest.mark.parametrize(
    ("ground", "pacing"),
    [
        pytest.param(14, Pacing.FULL, id="14-full"),
        pytest.param(18, Pacing.PACED, id="18-paced"),
        pytest.param(14, Pacing.PACED, id="14-paced", marks=pytest.mark.thorough),
        pytest.param(18, Pacing.FULL, id="18-full", marks=pytest.mark.thorough),
    ],
    indirect=["ground"],
)
def test_of_many_writers_none_is_the_victim_of_a_run(ground: Server, pacing: Pacing) -> None:
    outcome = found(ground, MANY, pacing)

    assert (outcome.told.victims, outcome.told.failed, outcome.wrong) == ((), (), ())
    assert outcome.told.transactions == MANY
