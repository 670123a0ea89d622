"""A rule names the statements at which it is asked, and finds nothing at others."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.rules import checking
from zdm.model.rule import Transactions
from zdm.rules import ALL, walk
from zdm.rules.report import InputFile

AT_ALL = tuple(replace(rule, on=()) for rule in ALL)
OPERATIONS = Path(__file__).parents[1] / "cases/operations"
FOLDERS = sorted((*checking.CASES.iterdir(), *OPERATIONS.iterdir()))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_rule_finds_nothing_at_statements_that_it_does_not_name(folder: Path) -> None:
    files = [
        InputFile(path=path.as_posix(), data=path.read_bytes(), judged=path.stem != "before")
        for path in sorted(folder.rglob("*.sql"))
    ]

    for transactions in Transactions:
        terms = checking.terms(transactions=transactions)
        at_all = walk.check(files, checking.EMPTY, terms, AT_ALL)
        assert walk.check(files, checking.EMPTY, terms, ALL) == at_all
