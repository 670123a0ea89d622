import io
import threading

from tests.observe.events import E1, RUN, STARTED
from zdm.execute.events import Event
from zdm.observe.observers import Observers


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        self.events.append(event)


class Broken:
    def notify(self, event: Event) -> None:
        io.StringIO().close()
        raise KeyError(type(event).__name__)


def test_every_observer_hears_every_event() -> None:
    first, second = Heard(), Heard()
    everyone = Observers([first, second], print)
    for event in RUN:
        everyone.notify(event)

    assert first.events == second.events == list(RUN)


def test_one_that_fails_is_left_out_and_the_others_hear_on() -> None:
    heard = Heard()
    said: list[str] = []
    everyone = Observers([Broken(), heard], said.append)
    everyone.notify(STARTED)
    everyone.notify(E1)

    assert heard.events == [STARTED, E1]
    assert said == ["Broken failed and gets no more events: KeyError: 'RunStarted'"]


def test_several_threads_may_tell() -> None:
    heard = Heard()
    everyone = Observers([heard], print)

    def tell() -> None:
        for _ in range(100):
            everyone.notify(E1)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(heard.events) == 400
