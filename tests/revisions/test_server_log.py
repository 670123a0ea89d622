"""What was sent, from the shadow's log."""

import csv
from pathlib import Path

from zdm.revisions import server_log


def line(pid: str, message: str, database: str = "shadow") -> list[str]:
    row = [""] * 26
    row[2], row[3], row[11], row[13] = database, pid, "LOG", message
    return row


def test_what_the_collector_writes_late_is_not_taken_for_what_was_recorded(
    tmp_path: Path,
) -> None:
    log = tmp_path / "server.csv"
    log.write_text("")
    start = server_log.positions(tmp_path)
    with log.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [
                line("7", "statement: SELECT of a session from before"),
                line("8", "statement: SELECT 'begin'"),
                line("9", "statement: CREATE TABLE t ()"),
                line("5", "statement: SELECT elsewhere", "other"),
                line("8", "statement: SELECT 'end'"),
                line("9", "statement: SELECT after it"),
            ]
        )
    sent = server_log.read(tmp_path, start, "shadow", ("begin", "end"))

    assert [(one.pid, one.text) for one in sent] == [("9", "CREATE TABLE t ()")]
