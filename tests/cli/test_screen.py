import io
from datetime import timedelta

from tests.fakes.clock import START, FakeClock
from zdm.cli.screen import CLEAR, Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_moving_line_stays_below() -> None:
    stream = Terminal()
    screen = Screen(stream)
    screen.moving("41 %")
    screen.line("step 2")
    screen.still()

    assert stream.getvalue() == f"{CLEAR}41 %{CLEAR}step 2\n41 %{CLEAR}"


def test_a_log_gets_progress_only_now_and_then() -> None:
    clock = FakeClock()
    stream = io.StringIO()
    screen = Screen(stream, log_every=10, clock=clock)
    for second in range(25):
        clock.time = START + timedelta(seconds=second)
        screen.moving(f"{second} s")
    screen.still()

    assert stream.getvalue() == "0 s\n10 s\n20 s\n"


def test_a_log_hears_at_once_of_a_new_matter() -> None:
    stream = io.StringIO()
    screen = Screen(stream, log_every=10, clock=FakeClock())
    screen.moving("step 2", about="step")
    screen.moving("waiting for a lock", about="lock")
    screen.moving("still waiting for a lock", about="lock")
    screen.moving("still step 2", about="step")

    assert stream.getvalue() == "step 2\nwaiting for a lock\n"


def test_a_line_in_a_log_is_followed_by_progress_at_once() -> None:
    stream = io.StringIO()
    screen = Screen(stream, log_every=10, clock=FakeClock())
    screen.moving("a")
    screen.line("step 2")
    screen.moving("b")

    assert stream.getvalue() == "a\nstep 2\nb\n"
