"""The files of a load, as they are read."""

import pytest

from tests.loads import load
from tests.loads.load import Transaction


def test_a_name_begins_a_transaction() -> None:
    text = "-- a\nINSERT INTO t\nVALUES (:new, 1);\nSELECT :one::int;\n-- b\nSELECT 1;\n"

    assert load.transactions(text) == (
        Transaction(
            name="a",
            statements=("INSERT INTO t\nVALUES (%(new)s, 1)", "SELECT %(one)s::int"),
            own="new",
            writes=True,
        ),
        Transaction(name="b", statements=("SELECT 1",), own=None, writes=False),
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("SELECT 1;\n", "no name"), ("-- a\nSELECT :mine, :gone;\n", "about one key")],
    ids=["no name", "two keys"],
)
def test_what_is_no_transaction_is_told(text: str, wrong: str) -> None:
    with pytest.raises(AssertionError, match=wrong):
        load.transactions(text)


@pytest.mark.parametrize("name", load.NAMES)
def test_both_versions_change_rows_that_are_looked_at(name: str) -> None:
    found = load.read(name, 10)

    for said in (found.old, found.new):
        assert any(one.own == "new" and one.writes for one in said)
        assert any(one.own == "gone" for one in said)
        assert any(len(one.statements) > 1 for one in said)
    assert ":rows" not in found.before
    assert found.wrong
    assert found.stray or not found.amends
