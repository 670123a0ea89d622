"""Steering a run from another process: pause, resume, cancel, approve; and watching it."""

import json
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import case as cases
from tests import waiting
from tests.cli.conftest import Zdm
from tests.executing import executor, holding, until
from tests.waiting import PATIENCE
from zdm.postgres.run.limits import Limits
from zdm.postgres.session import connection
from zdm.serialize import plan_file

RENAME = cases.ROOT / "rename_column/plain"
SETTINGS = """
[rollout]
polls = 1
poll_interval = "50ms"
sessions = "warn"
revert_window = "{window}"
"""


@pytest.fixture
def url(database: str, tmp_path: Path) -> str:
    """A database at the start of the rename, whose plan lies in the folder."""
    plan = cases.plan(RENAME, cases.prepare(database, RENAME))
    (tmp_path / "plan.yaml").write_text(plan_file.dumps(plan))
    (tmp_path / cases.FILE).write_bytes((RENAME / cases.FILE).read_bytes())
    (tmp_path / "zdm.toml").write_text(SETTINGS.format(window="0s"))
    return database


def status(zdm: Zdm, url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zdm("status", "--json", "--database", url).out)
    return found


def noted(zdm: Zdm, url: str, gate: str) -> dict[str, Any]:
    """The status once it says that wait: the executor notes it after it has said it."""

    def look() -> dict[str, Any] | None:
        found = status(zdm, url)
        return found if found["waiting"] and found["waiting"]["gate"] == gate else None

    found = waiting.until(look)
    assert found is not None
    return found


def test_a_paused_run_stands_still_and_says_who_paused_it(
    zdm: Zdm, url: str, tmp_path: Path
) -> None:
    with holding(url), executor(tmp_path, url) as process:
        until(process, "waiting", gate="lock")
        paused = zdm("pause", "--database", url)
        said = until(process, "waiting", gate="pause")
        seen = noted(zdm, url, "pause")
        text = zdm("status", "--database", url).out
        first = process.pid
    with executor(tmp_path, url) as process:
        still = until(process, "waiting", gate="pause")
        steps = status(zdm, url)["steps"]
        resumed = zdm("resume", "--database", url)
        until(process, "run_stopped")
        code = process.wait(timeout=PATIENCE)

    assert (paused.code, paused.out) == (0, "paused\n")
    assert re.fullmatch(rf"sent to process {first} on \S+\n", paused.err)
    assert "run `zdm resume` to continue" in str(said["reason"])
    assert seen["executor_is_running"] is True
    assert seen["order"]["kind"] == "pause"
    assert "pause requested by" in text
    assert still["names"] == said["names"]
    assert not any(step["done"] for step in steps)
    assert (resumed.code, resumed.out) == (0, "withdrew the pause\n")
    assert code == 0


def test_a_cancelled_run_exits_75_and_goes_on_later(zdm: Zdm, url: str, tmp_path: Path) -> None:
    with holding(url), executor(tmp_path, url) as process:
        until(process, "waiting", gate="lock")
        asked = zdm("cancel", "--database", url)
        code = process.wait(timeout=PATIENCE)
        said = process.communicate()[1]
        again = zdm("cancel", "--database", url)
    done = zdm("execute", "plan.yaml", "--assume-deployed", "--database", url)

    assert (asked.code, asked.out) == (0, "cancelled\n")
    assert code == 75
    assert "cancelled by" in said
    assert (again.code, again.out) == (3, "")
    assert (done.code, done.out) == (0, "contracted\n")


def test_a_backfill_is_cancelled_between_batches(zdm: Zdm, url: str, tmp_path: Path) -> None:
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", url)
    with connection.connect(url, name="tests", autocommit=False, tuned=False) as conn:
        conn.execute("SELECT * FROM users WHERE id = 250 FOR UPDATE")
        with executor(tmp_path, url) as process:
            until(process, "backfill_progress")
            zdm("cancel", "--database", url)
            code = process.wait(timeout=PATIENCE)
        waiting.until(lambda: not status(zdm, url)["executor_is_running"])
        seen = status(zdm, url)

    assert code == 75
    assert seen["state"] == "backfilling"


HELD = """
[backfill.gates]
poll = "50ms"
sql = "SELECT 90"
sql_above = 80.0
"""


def test_what_holds_a_backfill_is_seen_from_anywhere(
    zdm: Zdm, url: str, tmp_path: Path
) -> None:
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", url)
    settings = tmp_path / "zdm.toml"
    settings.write_text(settings.read_text() + HELD)
    with executor(tmp_path, url) as process:
        until(process, "backfill_progress")
        deadline = time.monotonic() + 30
        while status(zdm, url)["waiting"] is None and time.monotonic() < deadline:
            time.sleep(0.1)  # it is told right after the event
        text = zdm("status", "--database", url).out
        metrics = zdm("status", "--prometheus", "--database", url).out
        zdm("cancel", "--database", url)
        process.wait(timeout=30)
    after = zdm("status", "--prometheus", "--database", url).out

    assert "for sql: the query gives 90 (limit 80)" in text
    assert 'gate="sql"} 1.0' in metrics
    assert "zdm_waiting{" not in after


def test_a_backfill_above_its_limit_is_seen_and_may_go_on_by_a_second_word(
    zdm: Zdm, url: str
) -> None:
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", url)
    with connection.connect(url, name="tests") as conn:
        conn.execute(
            "INSERT INTO zdm.backfill_range (run_id, step_id, relation, key, epoch)"
            " SELECT id, 'backfill-1-users-new_email-fill', 'users', '{id}', epoch FROM zdm.run"
        )
        conn.execute(
            "INSERT INTO zdm.backfill_cost (run_id, step_id, planned_wal, expected_wal,"
            " wal_limit, holds) SELECT run_id, step_id, 10000000, 30000000, 20000000, true"
            " FROM zdm.backfill_range"
        )
    zdm("pause", "--database", url)
    text = zdm("status", "--database", url).out
    first, second, third = (zdm("resume", "--database", url).out for _ in range(3))
    after = zdm("status", "--database", url).out
    costs = status(zdm, url)["costs"]

    step = "backfill-1-users-new_email-fill"
    expected = "30 MB of WAL expected, 10 MB planned"
    assert f"{expected}; above its limit: run `zdm resume` to exceed it)" in text
    assert first == (
        "withdrew the pause\n"
        f"{step} is still paused by its WAL limit: run `zdm resume` again to exceed it\n"
    )
    assert second == f"{step} may exceed its WAL limit\n"
    assert third == "nothing to resume\n"
    assert f"{expected})" in after
    assert costs[0]["approved_by"]


def test_a_concurrent_build_is_cancelled_and_leaves_nothing_invalid(
    zdm: Zdm, database: str, tmp_path: Path
) -> None:
    case = cases.ROOT / "create_index/plain"
    plan = cases.plan(case, cases.prepare(database, case))
    (tmp_path / "plan.yaml").write_text(plan_file.dumps(plan))
    (tmp_path / cases.FILE).write_bytes((case / cases.FILE).read_bytes())
    with connection.connect(database, name="report", autocommit=False, tuned=False) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SELECT 1")
        with executor(tmp_path, database) as process:
            until(process, "waiting", gate="lock")
            zdm("cancel", "--database", database)
            code = process.wait(timeout=PATIENCE)
        row = conn.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()

    assert code == 75
    assert row == (0,)


def test_nothing_is_there_to_steer_without_a_run(zdm: Zdm, database: str) -> None:
    for command in ("pause", "resume", "cancel", "approve"):
        answer = zdm(command, "--database", database)

        assert (answer.code, answer.out) == (3, ""), command


def test_the_revert_window_is_kept_and_ended_by_approval(
    zdm: Zdm, url: str, tmp_path: Path
) -> None:
    (tmp_path / "zdm.toml").write_text(SETTINGS.format(window="1h"))
    arguments = ("execute", "plan.yaml", "--assume-deployed", "--database", url)
    deployed = zdm(*arguments, "--until", "deployed")
    left = zdm(*arguments, "--no-wait")
    with executor(tmp_path, url) as process:
        said = until(process, "waiting", gate="revert window")
        noted(zdm, url, "revert window")
        shown = zdm("status", "--database", url).out
        approved = zdm("approve", "--database", url)
        until(process, "run_stopped")
        code = process.wait(timeout=PATIENCE)

    assert (deployed.code, deployed.out) == (0, "deployed\n")
    assert left.code == 75
    assert "the revert window is open until" in left.err
    assert said["eta"] is not None
    assert "for revert window: both versions still work" in shown
    assert approved.out.startswith("the revert window ended at ")
    assert code == 0


def test_a_run_goes_back_within_its_revert_window(zdm: Zdm, url: str, tmp_path: Path) -> None:
    (tmp_path / "zdm.toml").write_text(SETTINGS.format(window="1h"))
    zdm("execute", "plan.yaml", "--assume-deployed", "--no-wait", "--database", url)
    back = zdm("rollback", "--assume-deployed", "--database", url)

    assert (back.code, back.out) == (0, "reverted\n")


def test_approval_can_be_given_with_the_command(zdm: Zdm, url: str, tmp_path: Path) -> None:
    (tmp_path / "zdm.toml").write_text(SETTINGS.format(window="1h"))
    answer = zdm("execute", "plan.yaml", "--assume-deployed", "--approve", "--database", url)
    with connection.connect(url, name="tests") as conn:
        row = conn.execute("SELECT what FROM zdm.act").fetchone()

    assert (answer.code, answer.out) == (0, "contracted\n")
    assert row == ("ended the revert window",)


def test_a_watched_status_ends_with_the_run(zdm: Zdm, url: str, tmp_path: Path) -> None:
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", url)
    with subprocess.Popen(
        [sys.executable, "-m", "zdm", "status", "--watch", "--json", "--database", url],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        zdm("execute", "plan.yaml", "--assume-deployed", "--database", url)
        rest = [json.loads(line) for line in process.stdout]

    assert first["state"] == "expanded"
    assert rest[-1]["state"] == "contracted"
    assert process.returncode == 0


def test_a_failed_attempt_is_shown(
    zdm: Zdm, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zdm.toml").write_text(
        SETTINGS.format(window="0s") + '[execute]\nlock_deadline = "4s"\n'
    )
    patient = partial(Limits, long_transaction=timedelta(minutes=10))
    monkeypatch.setattr("zdm.cli.running.Limits", patient)
    with connection.connect(url, name="tests", autocommit=False, tuned=False) as conn:
        conn.execute("LOCK TABLE users IN SHARE MODE")  # younger than zdm waits for
        answer = zdm("execute", "plan.yaml", "--database", url)
    seen = zdm("status", "--database", url).out

    assert answer.code == 75
    assert "no executor is running; the last was " in seen
    assert "waited since" in seen
    assert "failed attempts, the last: canceling statement due to lock timeout" in seen


def test_a_signal_ends_a_pause(zdm: Zdm, url: str, tmp_path: Path) -> None:
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", url)
    zdm("pause", "--database", url)
    with executor(tmp_path, url) as process:
        until(process, "waiting", gate="pause")
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=PATIENCE)

    assert code == 75
