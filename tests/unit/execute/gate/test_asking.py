"""How long a platform's refusal is excused."""

from datetime import timedelta

from tests.fakes.clock import START
from zdm.execute.gate.asking import Grace

SECOND = timedelta(seconds=1)


def test_a_refusal_is_excused_until_it_has_lasted() -> None:
    grace = Grace(30 * SECOND)

    assert [grace.covers(START + at * SECOND) for at in (0, 29, 30)] == [True, True, False]


def test_after_an_answer_the_next_refusal_is_a_first_one_again() -> None:
    grace = Grace(30 * SECOND)
    grace.covers(START)
    grace.end()

    assert grace.covers(START + 40 * SECOND)
    assert not grace.covers(START + 70 * SECOND)
