import pytest

from zdm.demo.ledger import Ledger, Row

ONE = Row(id=1, email="user1@example.com", name="User 1")
TWO = Row(id=2, email="user2@example.com", name="User 2")


def test_untouched_users_are_as_seeded() -> None:
    checked = Ledger(seeded=2).check([ONE, TWO])

    assert (checked.rows, checked.wrong) == (2, ())


def test_a_lost_update_is_found() -> None:
    ledger = Ledger(seeded=2)
    ledger.updated(1, email="a@example.com")

    assert ledger.check([ONE, TWO]).wrong == (
        "user 1 holds 'user1@example.com', 'User 1', not a@example.com",
    )


@pytest.mark.parametrize("email", ["user1@example.com", "a@example.com"])
def test_an_update_without_an_answer_may_have_happened_or_not(email: str) -> None:
    ledger = Ledger(seeded=1)
    ledger.update_failed(1, email="a@example.com")

    assert ledger.check([Row(id=1, email=email, name="User 1")]).wrong == ()


def test_a_null_is_wrong() -> None:
    wrong = Ledger(seeded=1).check([Row(id=1, email=None, name="User 1")]).wrong

    assert wrong == ("user 1 holds None, 'User 1', not user1@example.com",)


def test_a_lost_name_is_found() -> None:
    ledger = Ledger(seeded=1)
    ledger.updated(1, name="Ann")

    assert len(ledger.check([ONE]).wrong) == 1


def test_a_lost_user_is_found() -> None:
    ledger = Ledger(seeded=2)
    ledger.inserted(3, "c@example.com", "C")

    assert ledger.check([ONE, TWO]).wrong == ("user 3 is missing",)


def test_a_user_that_nobody_wrote_is_found() -> None:
    stray = Row(id=7, email="x@example.com", name="X")

    assert Ledger(seeded=1).check([ONE, stray]).wrong == (
        "user 7 was never written: 'x@example.com'",
    )


def test_an_insert_without_an_answer_may_have_happened() -> None:
    ledger = Ledger(seeded=1)
    ledger.insert_failed("x@example.com")

    assert ledger.check([ONE, Row(id=7, email="x@example.com", name="X")]).wrong == ()
