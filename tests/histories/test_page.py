"""The documentation shows what the golden files say."""

from pathlib import Path

from tests.golden import Golden
from tests.histories import page

FILE = Path(__file__).parents[2] / "docs/reference/histories.md"


def test_the_page_shows_the_counts_of_the_golden_files(golden: Golden) -> None:
    golden.check(FILE, page.page())
