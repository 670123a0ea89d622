from tests import case as cases
from tests.golden import Golden
from tests.samples import RENAME
from tests.unit.render.outputs import plans
from zdm.render.outputs import markdown
from zdm.serialize import plan_file


def test_it_is_a_comment_for_a_pull_request(golden: Golden) -> None:
    golden.check("render_markdown.md", markdown.render(RENAME))


def test_odd_texts_stay_in_their_cells(golden: Golden) -> None:
    golden.check("render_odd.md", markdown.render(plans.ODD))


def test_a_plan_without_point_of_no_return_says_so() -> None:
    assert "`zdm rollback` restores the schema as it was, at every step." in markdown.render(
        plans.WITH_A_WAY_BACK
    )


def test_rows_that_no_rollback_brings_back_are_named() -> None:
    case = cases.ROOT / "backfill/plain/plan.yaml"
    text = markdown.render(plan_file.loads(case.read_text(), str(case)))

    assert " · can be rolled back at every step, but not the rows of step 2" in text
    assert "- Step 2: its rows stay as they are: the previous values are not recorded." in text


def test_old_values_that_a_rollback_restores_are_named() -> None:
    case = cases.ROOT / "backfill/keep_old_values/plan.yaml"
    text = markdown.render(plan_file.loads(case.read_text(), str(case)))

    assert " · can be rolled back until step 6" in text
    assert "- Step 1: restore the old values of users.email, nickname in batches, where" in text
    assert "Undo: restore the old values of users.email, nickname in batches, `DROP" in text
