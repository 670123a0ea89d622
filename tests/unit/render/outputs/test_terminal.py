import re

from msgspec import structs

from tests.golden import Golden
from tests.samples import ADD, RENAME
from tests.unit.render.outputs import plans
from zdm.render.layout import Layout
from zdm.render.outputs import terminal


def test_it_is_readable_without_colour(golden: Golden) -> None:
    golden.check("render_terminal.txt", terminal.render(RENAME))


def test_it_keeps_to_the_width() -> None:
    lines = terminal.render(RENAME, Layout(width=60)).splitlines()

    assert max(len(line) for line in lines) <= 60


def test_a_migration_cannot_steer_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e"
    step = structs.replace(ADD, title=evil, reason=evil, sql=(evil,))
    plan = structs.replace(RENAME, name=evil, steps=(step,), notes=(evil,))

    assert not set("\x1b\x07\u202e") & set(terminal.render(plan))


def test_colour_adds_no_words() -> None:
    coloured = terminal.render(RENAME, Layout(colour=True))
    plain = "\n".join(
        line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()
    )

    assert "\x1b[" in coloured
    assert plain + "\n" == terminal.render(RENAME)


def test_a_plan_without_point_of_no_return_says_so() -> None:
    assert "can be rolled back at every step" in terminal.render(plans.WITH_A_WAY_BACK)
