"""Skeletons of every kind in a copy of the repository: what is written passes every check but
those that say what is left to be filled in."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.skeletons.conftest import ROOT, Copy, copied

pytestmark = [pytest.mark.more, pytest.mark.xdist_group("skeletons")]

COMMANDS = (
    ("new-operation", "paint_table", "table"),
    ("new-rule", "drop_column_in_use", "compatibility"),
    ("new-rule", "lock_without_timeout", "locks"),
    ("new-driver", "nomad"),
)
OWN = (
    "tests/unit/operations/table/test_paint_table.py",
    "tests/rules/test_cases.py",
    "tests/rollout/nomad",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return copied(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """With one operation, two rules and a driver, none of them filled in."""
    made = copied(tmp_path_factory.mktemp("filled"))
    for words in COMMANDS:
        done = made.make_new(*words)

        assert (done.returncode, done.stderr) == (0, "")

    return made


def python_files(copy: Copy) -> list[str]:
    return [line[3:] for line in copy.changes() if line.endswith(".py") and line[3:6] != "mig"]


def test_it_says_what_it_wrote_and_where_to_go_on(tmp_path: Path) -> None:
    made = copied(tmp_path)
    said = made.make_new("new-operation", "paint_table", "table").stdout.splitlines()

    assert [line[9:] for line in said if line.startswith(("new", "changed"))] == sorted(
        (line[3:] for line in made.changes()), key=lambda path: (path in CHANGED, path)
    )
    assert said[-2:] == [
        'next: docs/architecture.md, "Adding an operation"',
        "what is left to do: .venv/bin/pytest -q tests/test_architecture.py -k skeleton",
    ]


CHANGED = ("CHANGELOG.md", "zdm/operations/__init__.py")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("new-operation",), "name it: make new-operation NAME, in snake_case"),
        (
            ("new-operation", "drop_index", "index"),
            "the operation `drop_index` is there already",
        ),
        (("new-operation", "paint_table"), "no subject is named: choose one of column, "),
        (("new-rule", "drop_colour", "colour"), "`colour` is no category: choose one of "),
        (("new-driver", "Nomad"), "`Nomad` is no name for a module"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_refused_leaves_nothing_behind(
    copy: Copy, words: tuple[str, ...], message: str
) -> None:
    done = copy.make_new(*words)

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")
    assert copy.changes() == []


def test_it_is_linted(filled: Copy) -> None:
    check = filled.python("-m", "ruff", "check", "zdm", "tests")
    layout = filled.python("-m", "ruff", "format", "--check", "zdm", "tests")
    imports = filled.run(str(Path(sys.executable).parent / "lint-imports"))

    assert (check.returncode, check.stdout) == (0, "All checks passed!\n")
    assert layout.returncode == 0, layout.stdout
    assert imports.returncode == 0, imports.stdout


def test_its_types_are_right(filled: Copy) -> None:
    """What `make lint` found of the other modules holds for their copies, by their hashes."""
    found = ROOT / ".mypy_cache"
    if found.is_dir():
        shutil.copytree(found, filled.root / found.name)
    done = filled.python("-m", "mypy", *python_files(filled))

    assert done.returncode == 0, done.stdout


def test_the_architecture_says_exactly_what_is_left(filled: Copy) -> None:
    ended = filled.outcomes("tests/test_architecture.py", "tests/rules/test_registry.py")

    assert {name for name, word in ended.items() if word != "PASSED"} == {
        "test_an_operation_has_its_cases_and_its_page[paint_table]",
        "test_nothing_is_left_of_a_skeleton",
        "test_every_page_belongs_to_a_rule",  # written by --bless
    }


def test_none_of_its_own_tests_passes(filled: Copy) -> None:
    ended = filled.outcomes(*OWN, "tests/test_cases.py", "-k", "not test_cases or paint_table")
    passed = {name for name, word in ended.items() if word != "FAILED"}

    assert passed == set()
    assert len(ended) > 20
