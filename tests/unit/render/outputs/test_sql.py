from tests.golden import Golden
from tests.samples import RENAME
from tests.unit.render.outputs import plans
from zdm.render.outputs import sql


def test_it_is_annotated(golden: Golden) -> None:
    golden.check("render_sql.sql", sql.render(RENAME))


def test_odd_texts_stay_in_their_comments(golden: Golden) -> None:
    golden.check("render_odd.sql", sql.render(plans.ODD))
