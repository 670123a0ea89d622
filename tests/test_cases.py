"""Each case of an operation, pure: the plan, or the refusal, is what the file says.

`schema.json` is the case's schema as PostgreSQL 18 has it; `tests/postgres` holds it against
a real server, and `--bless` there writes it.
"""

from pathlib import Path

import pytest

from tests import case as cases
from tests.golden import Golden
from zdm.errors import RefusedError
from zdm.planning import derived
from zdm.serialize import plan_file


@pytest.mark.parametrize("case", cases.CASES, ids=cases.name)
def test_a_case_is_planned_as_its_file_says(case: Path, golden: Golden) -> None:
    try:
        plan = cases.plan(case, cases.schema(case))
    except RefusedError as error:
        golden.check(case / "refused.txt", f"{error.message}\nhint: {error.hint}\n")

        assert not (case / "plan.yaml").exists()
        return
    golden.check(case / "plan.yaml", plan_file.dumps(plan))

    assert not (case / "refused.txt").exists()


@pytest.mark.parametrize("case", cases.CASES, ids=cases.name)
def test_planning_twice_gives_the_same_bytes(case: Path) -> None:
    def once() -> str:
        try:
            return plan_file.dumps(cases.plan(case, cases.schema(case)))
        except RefusedError as error:
            return error.message

    assert once() == once()


@pytest.mark.parametrize("case", cases.PLANNED, ids=cases.name)
def test_a_plan_file_follows_from_its_statements(case: Path) -> None:
    file = case / "plan.yaml"
    plan = plan_file.loads(file.read_text(), str(file))

    assert derived.differences(plan, cases.schema(case)) == ()
