import json
from pathlib import Path

import jsonschema
import pytest

from zdm.model.plan import Plan
from zdm.parse import libpg_query
from zdm.render import outline
from zdm.render.layout import Layout
from zdm.render.outputs import json as as_json
from zdm.render.outputs import markdown, sql, terminal
from zdm.serialize import plan_file

CASES = Path(__file__).parents[2] / "cases/operations"
FILES = sorted(CASES.glob("*/*/plan.yaml"))


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    """The plans of all operations' cases."""
    return [plan_file.loads(file.read_text(), str(file)) for file in FILES]


def test_every_plan_file_is_canonical_and_satisfies_the_schema(plans: list[Plan]) -> None:
    validator = jsonschema.Draft202012Validator(plan_file.schema())
    for file, plan in zip(FILES, plans, strict=True):
        validator.validate(plan_file.to_plain(plan))
        assert plan_file.dumps(plan) == file.read_text()


def test_the_sql_of_every_plan_is_sql_with_every_statement(plans: list[Plan]) -> None:
    for plan in plans:
        text = sql.render(plan)
        libpg_query.parse(text.encode())
        for step in plan.steps:
            assert all(statement in text for statement in outline.statements(step))


def test_every_plan_is_rendered(plans: list[Plan]) -> None:
    for plan in plans:
        shown = terminal.render(plan, Layout(width=80))
        commented = markdown.render(plan)
        listed = json.loads(as_json.render(plan))

        assert all(f"{number:>4}  " in shown for number in range(1, len(plan.steps) + 1))
        assert commented.count("\n| ") == 2 + len(plan.steps)  # the head and the start
        assert len(listed["states"]) == len(plan.steps) + 1
