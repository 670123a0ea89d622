"""A run that was ended goes on where it was, and its counts are those of all its worlds."""

from pathlib import Path

from tests.adversary import record, summary
from tests.adversary.record import Record
from tests.adversary.trial import Result


def recorded(seed: int, outcome: str, *reasons: str, major: int = 18) -> Record:
    result = Result(outcome=outcome, reasons=reasons, operations=("rename_column",))
    return Record(seed=seed, major=major, seconds=0.5, result=result)


ONE = recorded(1, "refused", "rename_blocked")
TWO = recorded(2, "executed")


def test_what_was_recorded_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "made" / "worlds.jsonl"
    record.write(path, [ONE, TWO])

    assert record.read(path) == [ONE, TWO]


def test_a_line_that_was_cut_short_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "worlds.jsonl"
    path.write_text(ONE.line + TWO.line[:-20])

    assert record.read(path) == [ONE]


def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert record.read(tmp_path / "worlds.jsonl") == []


def test_faults_are_counted_once_a_world() -> None:
    failed = recorded(3, "executed")
    failed.result.faults += [("wrong rows", "t"), ("wrong rows", "u")]
    counts = summary.outcomes([ONE, TWO, failed])

    assert counts["wrong rows"] == 1
    assert counts["planned"] == 2


def test_reasons_to_stop_are_counted_without_the_world_s_names() -> None:
    stops = [
        recorded(n, "stopped", f"StoppedError: contract-1-t{n}: t.a holds NULLs, so …")
        for n in range(2)
    ]

    assert list(summary.stopped(stops).values()) == [2]


def test_the_page_has_a_column_for_each_version() -> None:
    runs = {14: [recorded(1, "executed", major=14)], 18: [ONE, TWO]}
    table = summary.markdown(runs).splitlines()[:4]

    assert table == [
        "| seeds 1 to 2 | PostgreSQL 14 | PostgreSQL 18 |",
        "|---|---:|---:|",
        "| worlds | 1 | 2 |",
        "| could not be made | 0 | 0 |",
    ]
