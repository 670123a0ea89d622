"""What the skeletons say, before anything is written."""

import ast
import re
import types
from pathlib import Path

import pytest

from tests import case as cases
from tests.skeletons import edits, kinds
from tests.skeletons.kinds import Skeleton
from tests.skeletons.refusing import RefusedError
from zdm.parse import facts

ROOT = Path(__file__).parents[2]
OPERATION = kinds.operation(ROOT, "paint_table", "table")
RULE = kinds.rule(ROOT, "drop_column_in_use", "compatibility")
DRIVER = kinds.driver(ROOT, "nomad")
EACH = pytest.mark.parametrize("made", [OPERATION, RULE, DRIVER], ids=lambda made: made.page)


def test_an_operation_has_all_that_the_page_on_architecture_lists() -> None:
    of_case = ["before", "migration", "new", "old"]
    full = [
        f"tests/cases/operations/paint_table/{case}/{name}.sql"
        for case in ("large_table", "new_table", "plain")
        for name in of_case
    ]

    assert sorted(OPERATION.new) == [
        "docs/operations/paint_table.md",
        "examples/sql/paint_table.sql",
        *full,
        "tests/cases/operations/paint_table/refused/before.sql",
        "tests/cases/operations/paint_table/refused/migration.sql",
        "tests/unit/operations/table/test_paint_table.py",
        "zdm/operations/table/paint_table.py",
    ]
    assert sorted(OPERATION.changed) == ["CHANGELOG.md", "zdm/operations/__init__.py"]


def test_an_operation_is_asked_after_the_others() -> None:
    registry = OPERATION.changed["zdm/operations/__init__.py"]

    assert re.search(r"^from zdm\.operations\.table import .*\bpaint_table\b", registry, re.M)
    assert registry.endswith("    paint_table.recognise,\n)\n")


def test_an_operation_that_is_not_filled_in_takes_no_statement() -> None:
    module = types.ModuleType("zdm.operations.table.paint_table")
    exec(OPERATION.new["zdm/operations/table/paint_table.py"], vars(module))
    answers = {
        module.recognise(actions, cases.schema(case))
        for case in cases.CASES
        for statement in cases.train(case).statements
        for actions in [facts.actions(statement)]
    }

    assert answers == {None}


@EACH
def test_every_new_module_can_be_parsed_and_each_kind_is_to_be_filled_in(
    made: Skeleton,
) -> None:
    modules = [text for path, text in made.new.items() if path.endswith(".py")]

    assert [ast.parse(text) for text in modules]
    assert sum(text.count(edits.LEFT) for text in made.new.values()) > 9
    assert edits.LEFT in made.changed["CHANGELOG.md"]
    assert not [text for text in made.new.values() if re.search(r"\$\{?[a-z]", text)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda: kinds.operation(ROOT, "drop_index", "index"),
            "the operation `drop_index` is there already: choose another name",
            id="a slug that is there",
        ),
        pytest.param(
            lambda: kinds.driver(ROOT, "local"),
            "the driver `local` is there already: choose another name",
            id="a driver that is there",
        ),
        pytest.param(
            lambda: kinds.operation(ROOT, "RenameTable", "table"),
            "`RenameTable` is no name for a module: write it in snake_case, as in `drop_index`",
            id="capitals",
        ),
        pytest.param(
            lambda: kinds.rule(ROOT, "drop-column", "style"),
            "`drop-column` is no name for a module: write it in snake_case, as in `drop_index`",
            id="a dash",
        ),
        pytest.param(
            lambda: kinds.driver(ROOT, "../nomad"),
            "`../nomad` is no name for a module: write it in snake_case, as in `drop_index`",
            id="a path",
        ),
        pytest.param(
            lambda: kinds.driver(ROOT, "match"),
            "`match` is no name for a module: write it in snake_case, as in `drop_index`",
            id="a word of Python",
        ),
        pytest.param(
            lambda: kinds.operation(ROOT, "paint_table", "tables"),
            "`tables` is no subject: choose one of column, constraint, data, index, object,"
            " publication, schema, statement, table, type",
            id="an unknown subject",
        ),
        pytest.param(
            lambda: kinds.rule(ROOT, "drop_colour", ""),
            "no category is named: choose one of compatibility, constraints, indexes, locks,"
            " partitions, rewrites, security, style, transactions",
            id="no category",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(RefusedError) as refused:
        make()

    assert str(refused.value) == message


@pytest.mark.parametrize(
    "text",
    ["ALL = []\n", "from zdm.model.plan import Plan\n\nALL = tuple(found())\n"],
    ids=["a list", "no literal"],
)
def test_a_registry_that_is_not_as_expected_is_left_alone(text: str) -> None:
    with pytest.raises(RefusedError):
        edits.registered(text, "one.more")


def test_a_changelog_without_its_heading_is_left_alone() -> None:
    with pytest.raises(RefusedError):
        edits.changed("# Changelog\n\n## [1.0.0]\n\n### Added\n\n- all\n", "more")
