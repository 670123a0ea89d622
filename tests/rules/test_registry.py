"""Every rule is registered once, and its name is that of its module."""

from pathlib import Path

from zdm.rules import ALL

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path.stem for path in (ROOT / "zdm/rules").glob("*/*.py") if path.stem != "__init__"
)


def test_every_rule_is_registered_once() -> None:
    assert sorted(rule.slug.replace("-", "_") for rule in ALL) == MODULES


def test_every_folder_of_cases_belongs_to_a_rule() -> None:
    folders = {path.name for path in (Path(__file__).parent / "cases").iterdir()}

    assert folders <= set(MODULES)


def test_every_page_belongs_to_a_rule() -> None:
    pages = {path.stem for path in (ROOT / "docs/rules").glob("*.md")}

    assert pages == {"index", *MODULES}
