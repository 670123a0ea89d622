import pytest

from tests import case as cases
from tests.golden import Golden
from tests.unit.planning.test_wordings import plan_of
from zdm.errors import InputError
from zdm.planning.explained import changes
from zdm.render import explained
from zdm.render.layout import Layout
from zdm.render.outputs import Output

SQL = """ALTER TABLE users ADD COLUMN note text;
ALTER TABLE users ADD COLUMN rank int DEFAULT 1;
ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();
CREATE INDEX users_note ON users (note);
ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email);
UPDATE users SET nickname = 'a | b' WHERE nickname IS NULL;
DROP TABLE IF EXISTS gone;
"""


@pytest.mark.parametrize(
    ("output", "file"),
    [(Output.TERMINAL, "explained.txt"), (Output.MARKDOWN, "explained.md")],
)
def test_a_train_is_explained(output: Output, file: str, golden: Golden) -> None:
    found, made = plan_of(cases.ROOT / "add_column/large_table", SQL)
    explanation = changes.explain(found, made)

    golden.check(file, explained.render(explanation, made.plan, output, Layout(width=80)))


def test_sql_has_no_reasons() -> None:
    with pytest.raises(InputError, match="no --format sql"):
        explained.check(Output.SQL)
