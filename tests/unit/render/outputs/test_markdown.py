from tests.golden import Golden
from tests.samples import RENAME
from tests.unit.render.outputs import plans
from zdm.render.outputs import markdown


def test_it_is_a_comment_for_a_pull_request(golden: Golden) -> None:
    golden.check("render_markdown.md", markdown.render(RENAME))


def test_odd_texts_stay_in_their_cells(golden: Golden) -> None:
    golden.check("render_odd.md", markdown.render(plans.ODD))


def test_a_plan_without_point_of_no_return_says_so() -> None:
    assert "`zdm rollback` undoes every step." in markdown.render(plans.WITH_A_WAY_BACK)
