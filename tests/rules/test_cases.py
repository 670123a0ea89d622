"""Each rule on its own cases: what it refuses, what only looks alike, and the fixed form."""

from pathlib import Path

import pytest

from tests.rules import checking
from zdm.rules import ALL

ASKED = {"new-write-restriction"}  # of the application, which no other form answers
BY_SNAPSHOT = {"index-corruption-14", "index-invalid-leftover", "publication-column-list"}
FILES = sorted(path for path in checking.CASES.glob("*/*.sql") if path.name != "before.sql")


def _of(kind: str) -> list[Path]:
    return [path for path in FILES if path.stem.partition("_")[0] == kind]


def _id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _rule(path: Path) -> str:
    return path.parent.name.replace("_", "-")


def _before(path: Path) -> str:
    return (path.parent / "before.sql").read_text()


def _found(path: Path) -> list[str]:
    slug = _rule(path)
    return checking.found(path.read_text(), _before(path), severities=checking.of_rule(slug))


@pytest.mark.parametrize("path", _of("refused"), ids=_id)
def test_what_is_refused_is_found(path: Path) -> None:
    found = _found(path)

    assert _rule(path) in found


@pytest.mark.parametrize("path", _of("allowed"), ids=_id)
def test_what_looks_alike_is_not_found(path: Path) -> None:
    found = _found(path)

    assert _rule(path) not in found


@pytest.mark.parametrize("path", _of("fixed"), ids=_id)
def test_the_fixed_form_has_no_finding(path: Path) -> None:
    found = _found(path)

    assert set(found) <= ASKED


@pytest.mark.parametrize(
    "rule",
    [r for r in ALL if r.check is not None and r.slug not in BY_SNAPSHOT],
    ids=lambda r: r.slug,
)
def test_every_rule_has_a_refused_case_and_an_allowed_one(rule: object) -> None:
    folder = checking.CASES / rule.slug.replace("-", "_")  # type: ignore[attr-defined]  # a Rule

    assert (folder / "refused.sql").exists()
    assert (folder / "allowed.sql").exists()
