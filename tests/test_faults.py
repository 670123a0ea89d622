"""No input with which a fault was found is without a test, on PostgreSQL 14 and on 18."""

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests import faults


@pytest.fixture(scope="module")
def collected() -> Sequence[str]:
    """The tests that `make faults` runs; an id that there is not makes it fail."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--collect-only", "-q"],
        cwd=faults.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-2000:] + said.stderr[-2000:]
    return [line for line in said.stdout.splitlines() if "::" in line]


def versions(name: str, collected: Sequence[str]) -> set[int]:
    """Those on which an input is tried."""
    known = faults.nodes(name)
    tests = [
        test
        for test in collected
        if test.endswith(f"-{name}]") or any(test.startswith(node) for node in known)
    ]
    return {int(found[1]) for test in tests if (found := re.search(r"\[(\d\d)[-\]]", test))}


def test_every_input_is_tried_on_the_oldest_and_the_newest_version(
    collected: Sequence[str],
) -> None:
    found = {name: versions(name, collected) for name in faults.names()}
    both = set(faults.MAJORS)
    missing = {n: majors for n, majors in found.items() if not majors >= both}

    assert set(missing) == set(faults.ONCE), missing


def test_what_is_tried_once_is_tried(collected: Sequence[str]) -> None:
    for name in faults.ONCE:
        for node in faults.nodes(name):
            assert any(test.startswith(node) for test in collected), node


def test_no_name_is_of_an_unknown_input() -> None:
    assert len(set(faults.names())) == len([*faults.names()]) == 58
    assert {*faults.ELSEWHERE, *faults.ONCE} <= set(faults.names())
