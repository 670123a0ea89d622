"""The walk on all statements that the operations have cases for: it judges each, and fails at
none."""

from pathlib import Path

import pytest

from tests.rules import checking

CASES = Path(__file__).parents[1] / "cases/operations"
MIGRATIONS = sorted(CASES.glob("*/*/migration.sql"))


@pytest.mark.parametrize(
    "folder", sorted({path.parents[1] for path in MIGRATIONS}), ids=lambda path: path.name
)
def test_every_case_of_an_operation_is_judged(folder: Path) -> None:
    for path in sorted(folder.glob("*/migration.sql")):
        before = path.with_name("before.sql")
        report = checking.report(
            path.read_text(), before.read_text() if before.exists() else ""
        )

        assert report.understood <= report.statements, path
