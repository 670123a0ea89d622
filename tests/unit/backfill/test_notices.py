"""What a person should know of a backfill, each thing once."""

from zdm.backfill.notices import FailingRow, Notices
from zdm.backfill.shared import Backends

ROW = FailingRow(step="fill", relation="t", key="id = 5", reason="division by zero")


def test_a_wait_ends_with_its_worker_going_on() -> None:
    notices = Notices()
    notices.waits("worker-1", "held by app")
    notices.waits("worker-2", "held by app")
    both = notices.waiting
    notices.continues("worker-1")
    notices.continues("worker-2")

    assert both == ("held by app",)
    assert notices.waiting == ()


def test_a_warning_is_taken_once_and_of_each_thing_once() -> None:
    notices = Notices()
    notices.warn("report", "report is open for 20 s")
    first = notices.take_warnings()
    notices.warn("report", "report is open for 21 s")

    assert first == ["report is open for 20 s"]
    assert notices.take_warnings() == []


def test_notes_keep_their_order() -> None:
    notices = Notices()
    for text in ("b", "a", "b"):
        notices.note(text)

    assert notices.notes == ("b", "a")


def test_failing_rows_add_up() -> None:
    notices = Notices()
    notices.fails(ROW)

    assert notices.fails(ROW) == (ROW, ROW) == notices.failing
    assert str(ROW) == "id = 5 of t (division by zero)"


def test_a_cancelled_statement_is_asked_for_once() -> None:
    backends = Backends()
    backends.add(7)
    backends.cancel(7)

    assert backends.pids == [7]
    assert backends.was_cancelled(7)
    assert not backends.was_cancelled(7)
