"""Tests take turns, and each of them has one."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests import case as cases
from tests import conftest
from tests.conftest import TURNS


def test_on_one_of_its_days_each_test_with_servers_is_run() -> None:
    names = [f"tests/cli/test_run.py::test_it[{number}]" for number in range(800)]
    days = Counter(map(conftest.turn_of, names))

    assert set(days) == set(range(TURNS))
    assert max(days.values()) < 2 * min(days.values())


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("tests/postgres/run/test_runner.py::test_it[a/b]", True),
        ("tests/cli/test_run.py::test_it", True),
        ("tests/unit/model/test_locks.py::test_it", False),
        ("tests/docs/test_words.py::test_it[docs/a.md]", False),
        ("tests/test_cases.py::test_it", False),
    ],
)
def test_tests_without_servers_are_run_every_day(nodeid: str, expected: bool) -> None:
    assert conftest.has_turns(nodeid) is expected


def test_a_name_with_a_slash_is_no_folder() -> None:
    assert not conftest.has_turns("tests/test_cases.py::test_it[add_column/plain/x]")


MAKEFILE = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")


def test_the_makefile_counts_as_many_days() -> None:
    assert f"/ 86400 % {TURNS})" in MAKEFILE


def test_folders_that_test_more_ignores_have_nothing_for_it() -> None:
    [packages] = re.findall(r"^PURE := (.+)$", MAKEFILE, re.MULTILINE)
    here = Path(__file__).parent
    folders = [*(here / "unit" / name for name in packages.split()), here / "reading"]
    files = [file for folder in folders for file in folder.rglob("test_*.py")]
    files += [*(here / "rules").rglob("test_*.py"), here / "test_cases.py"]
    found = [file for file in files if re.search(r"mark\.more", file.read_text())]

    assert len(files) > 100
    assert found == []


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"every_server": 15, "case": "x"}, [15]),
        ({"major": 17, "slug": "drop-column"}, [17]),
        ({"every_server": 14}, []),
        ({"seconds": 15, "rows": 16}, []),
        ({}, []),
    ],
)
def test_a_version_is_known_by_the_parameters_name(
    params: dict[str, object], expected: list[int]
) -> None:
    assert conftest.between(params) == expected


def test_every_second_test_of_both_is_left_out_on_the_oldest() -> None:
    names = [f"tests/a/test_b.py::test_it[14-{number}]" for number in range(800)]
    there = {name.replace("14", "18", 1) for name in names}
    spared = [conftest.is_spared(name, {"every_server": 14}, there) for name in names]

    assert 350 < sum(spared) < 450


def test_what_the_newest_has_not_and_another_number_are_not_left_out() -> None:
    names = [f"tests/a/test_b.py::test_it[14-{number}]" for number in range(100)]
    there = {name.replace("14", "18", 1) for name in names}

    assert not any(conftest.is_spared(name, {"every_server": 14}, set()) for name in names)
    assert not any(conftest.is_spared(name, {"rows": 14}, there) for name in names)
    assert not any(conftest.is_spared(name, {"every_server": 18}, there) for name in there)


@pytest.mark.parametrize(("majors", "share"), [((14,), 8), ((14, 18), 8), ((15, 16, 17), 12)])
def test_of_each_operation_a_case_has_a_turn(majors: tuple[int, ...], share: int) -> None:
    turns = dict(cases.turns(cases.PLANNED, majors, share))

    assert {case.parent for case in turns} == {case.parent for case in cases.PLANNED}
    assert set(turns.values()) == set(majors)
    assert len(turns) < len(cases.PLANNED) / 4


def test_with_a_share_of_one_all_have_a_turn() -> None:
    assert len(dict(cases.turns(cases.PLANNED, (14, 18), 1))) == len(cases.PLANNED)
