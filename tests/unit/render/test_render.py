import dataclasses
import json
import re

import pytest

from tests.golden import Golden
from tests.samples import ADD, FILL, INDEX, RENAME, USERS
from zdm.model.plan import Plan
from zdm.model.statement import Setting
from zdm.render import json as as_json
from zdm.render import markdown, outline, sql, terminal
from zdm.serialize import plan_file

ODD = "a | b <script>\nDROP TABLE users; --"


def odd() -> Plan:
    step = dataclasses.replace(
        ADD,
        title=ODD,
        reason=ODD,
        sql=("SELECT '```', $$\n````\n$$",),
        settings=(Setting(name="search_path", value="it's, \\here"),),
    )
    return dataclasses.replace(RENAME, steps=(step,), notes=(ODD,))


def test_the_terminal_rendering_is_readable_without_colour(golden: Golden) -> None:
    golden.check("render_terminal.txt", terminal.render(RENAME, colour=False, width=100))


def test_the_terminal_rendering_keeps_to_the_width() -> None:
    lines = terminal.render(RENAME, colour=False, width=60).splitlines()

    assert max(len(line) for line in lines) <= 60


def test_a_migration_cannot_steer_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e"
    step = dataclasses.replace(ADD, title=evil, reason=evil, sql=(evil,))
    plan = dataclasses.replace(RENAME, name=evil, steps=(step,), notes=(evil,))
    text = terminal.render(plan, colour=False, width=100)

    assert not set("\x1b\x07\u202e") & set(text)


def test_colour_adds_no_words() -> None:
    coloured = terminal.render(RENAME, colour=True, width=100)
    plain = "\n".join(
        line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()
    )

    assert "\x1b[" in coloured
    assert plain + "\n" == terminal.render(RENAME, colour=False, width=100)


def test_the_markdown_rendering_is_a_comment_for_a_pull_request(golden: Golden) -> None:
    golden.check("render_markdown.md", markdown.render(RENAME))


def test_the_sql_rendering_is_annotated(golden: Golden) -> None:
    golden.check("render_sql.sql", sql.render(RENAME))


def test_odd_texts_stay_in_their_cells_and_comments(golden: Golden) -> None:
    golden.check("render_odd.txt", "\n".join((markdown.render(odd()), sql.render(odd()))))


def test_the_json_rendering_is_the_plan_with_what_follows_from_it() -> None:
    content = json.loads(as_json.render(RENAME))
    states = content.pop("states")

    assert content.pop("point_of_no_return") == "rename_column_1.contract"
    assert states[0] == {"after": "start", "works": ["old"]}
    assert states[3] == {"after": "rename_column_1.index", "works": ["new", "old"]}
    assert content == json.loads(json.dumps(plan_file.to_plain(RENAME)))


def test_a_plan_without_point_of_no_return_says_so() -> None:
    plan = dataclasses.replace(RENAME, steps=(ADD, FILL, INDEX), hazards=(), notes=())

    assert "can be rolled back at every step" in terminal.render(plan, colour=False, width=100)
    assert "`zdm rollback` undoes every step." in markdown.render(plan)


def test_a_rewrite_is_a_cost() -> None:
    step = dataclasses.replace(ADD, rewrites=(USERS,))

    assert outline.cost(step) == "rewrites users"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (45_000_000, "45 MB"),
        (42 * 10**12, "42 TB"),
    ],
)
def test_a_size_has_two_digits(number: int, text: str) -> None:
    assert outline.size(number) == text
