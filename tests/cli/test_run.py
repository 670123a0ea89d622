import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.cli.conftest import Zdm
from zdm.postgres.session import connection
from zdm.serialize import snapshot_file

PASSWORD = "s3cret"
SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
CREATE INDEX ix_email ON users (email);
INSERT INTO users SELECT g, 'a' || g FROM generate_series(1, 2000) AS g;
ANALYZE users;
"""
RENAME = "ALTER TABLE users RENAME email TO new_email;\n"
SETTINGS = """[rollout]
polls = 1
poll_interval = "10ms"
sessions = "warn"
revert_window = "0s"
"""


@pytest.fixture
def shop(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL, with a password, of a database with a table; in the folder a migration."""
    parts = urlsplit(database)
    place = parts.netloc.rpartition("@")[2]
    role = f"run_{uuid4().hex[:12]}"
    run_sql(database, f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
    url = parts._replace(netloc=f"{role}:{PASSWORD}@{place}").geturl()
    run_sql(url, SCHEMA)
    (tmp_path / "0007.sql").write_text(RENAME)
    (tmp_path / "zdm.toml").write_text(SETTINGS)
    monkeypatch.setenv("ZDM_DATABASE_URL", url)
    yield url
    run_sql(database, f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def run_sql(url: str, sql: str) -> None:
    with connection.connect(url, name="tests") as opened:
        opened.execute(sql.encode())


def columns(url: str) -> list[str]:
    with connection.connect(url, name="tests") as opened:
        rows = opened.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        return [name for (name,) in rows]


def prepare(zdm: Zdm, shop: str) -> None:
    # the environment is set by the fixture after zdm()'s, so it stands
    answer = zdm("plan", "--no-verify", "0007.sql", "-o", "plan.yaml", "--database", shop)

    assert answer.code == 0, answer.err


def test_a_plan_runs_in_parts_and_goes_on(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    database = ("--database", shop)
    first = zdm("execute", "plan.yaml", "--until", "backfilled", *database)
    between = columns(shop)
    pending = json.loads(zdm("status", "--json", *database).out)
    second = zdm("execute", "plan.yaml", "--from", "backfilled", "--assume-deployed", *database)
    again = zdm("execute", "plan.yaml", "--assume-deployed", *database)

    assert (first.code, first.out) == (0, "backfilled\n")
    assert between == ["id", "email", "new_email"]
    assert (pending["state"], pending["finished"]) == ("backfilled", False)
    assert (second.code, second.out) == (0, "contracted\n")
    assert columns(shop) == ["id", "new_email"]
    assert (again.code, again.out, again.err) == (0, "contracted\n", "")


def test_without_a_driver_and_without_your_word_nothing_contracts(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    answer = zdm("execute", "plan.yaml", "--database", shop)

    assert answer.code == 4
    assert "--assume-deployed" in answer.err
    assert columns(shop) == ["id", "email", "new_email"]


def test_events_are_json_lines_on_stdout(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    answer = zdm("execute", "plan.yaml", "--until", "expanded", "--json", "--database", shop)
    events = [json.loads(line)["event"] for line in answer.out.splitlines()]

    assert (answer.code, answer.err) == (0, "")
    assert events[0] == "run_started"
    assert events[-1] == "run_stopped"


def test_a_run_needs_nobody_who_reads_what_it_prints(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    run = f"{sys.executable} -m zdm execute plan.yaml --until expanded"
    full = in_shell(f"{run} > /dev/full")
    again = in_shell(f"{run} >&-")

    assert (full.returncode, again.returncode) == (0, 0)
    warning = "warning: standard output cannot be written ({}): expanded\n"
    assert full.stderr.endswith(warning.format("No space left on device"))
    assert again.stderr.endswith(warning.format("Bad file descriptor"))


def test_a_run_goes_on_when_its_events_cannot_be_written(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    done = in_shell(
        f"{sys.executable} -m zdm execute plan.yaml --until expanded --json > /dev/full"
    )

    assert done.returncode == 0
    assert done.stderr == (
        "warning: JsonLog failed and gets no more events:"
        " OSError: [Errno 28] No space left on device\n"
    )


def test_to_watch_ends_with_whoever_reads_it(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", shop)
    started = time.monotonic()
    done = in_shell(f"{sys.executable} -m zdm status --watch | true; exit ${{PIPESTATUS[0]}}")

    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("command", ["status", "status --json", "status --prometheus"])
def test_a_status_that_cannot_be_printed_is_an_error(zdm: Zdm, shop: str, command: str) -> None:
    prepare(zdm, shop)
    done = in_shell(f"{sys.executable} -m zdm {command} > /dev/full")

    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output cannot be written")


def in_shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)


def test_a_drifted_schema_is_refused(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    run_sql(shop, "ALTER TABLE users ADD COLUMN age int")
    answer = zdm("execute", "plan.yaml", "--database", shop)

    assert answer.code == 3
    assert columns(shop) == ["id", "email", "age"]


@pytest.mark.parametrize(
    "migration",
    [
        RENAME,
        "-- zdm: keep old values\nUPDATE users SET email = lower(email);",
        "ALTER TABLE users ADD tier text; UPDATE users SET tier = 'free';"
        " ALTER TABLE users ALTER tier SET NOT NULL;",
        "ALTER TABLE users ADD short text; UPDATE users SET short = left(email, 2);",
    ],
    ids=["synced", "converted", "filled", "computed"],
)
def test_a_backfill_whose_trigger_was_dropped_before_it_is_refused(
    zdm: Zdm, shop: str, migration: str
) -> None:
    Path("0007.sql").write_text(migration)
    prepare(zdm, shop)
    expanded = zdm("execute", "plan.yaml", "--until", "expanded", "--database", shop)
    run_sql(
        shop,
        "DO $$ DECLARE t name; BEGIN FOR t IN SELECT tgname FROM pg_trigger"
        " WHERE starts_with(tgname::text, 'zzz_zdm_') AND tgrelid = 'users'::regclass LOOP"
        " EXECUTE format('DROP TRIGGER %I ON users', t); END LOOP; END $$",
    )
    answer = zdm("execute", "plan.yaml", "--assume-deployed", "--database", shop)

    assert expanded.code == 0, expanded.err
    assert answer.code == 4
    assert "trigger" in answer.err
    assert "is missing or disabled" in answer.err


def test_a_from_state_that_is_not_reached_is_refused(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    answer = zdm("execute", "plan.yaml", "--from", "deployed", "--database", shop)

    assert answer.code == 3
    assert columns(shop) == ["id", "email"]


def test_status_of_a_database_without_runs(zdm: Zdm, shop: str) -> None:
    answer = zdm("status", "--database", shop)

    assert (answer.code, answer.out) == (0, "no plan was ever run on this database\n")


def test_a_snapshot_needs_no_database_afterwards(zdm: Zdm, shop: str, tmp_path: Path) -> None:
    written = zdm("snapshot", "-o", "schema.json", "--database", shop)
    piped = zdm("snapshot", "--database", shop)
    live = zdm("plan", "--no-verify", "0007.sql", "--format", "json", "--database", shop)
    offline = zdm(
        "plan", "--no-verify", "0007.sql", "--format", "json", "--snapshot", "schema.json"
    )

    assert (written.code, written.out) == (0, "")
    assert piped.out == (tmp_path / "schema.json").read_text()
    assert snapshot_file.loads(piped.out, "it").tables[0].name.name == "users"
    assert offline.out == live.out


def test_a_password_is_never_shown(zdm: Zdm, shop: str, tmp_path: Path) -> None:
    shown = []
    wrong = shop.replace("@", "@nowhere.invalid,")
    gone = shop.rpartition("/")[0] + "/gone"
    for database in (shop, gone, wrong, f"mysql://ann:{PASSWORD}@db/shop", f"{PASSWORD}://"):
        for command in (
            ["snapshot", "-o", "schema.json"],
            ["plan", "--no-verify", "0007.sql", "-o", "plan.yaml"],
            ["execute", "plan.yaml", "--until", "backfilled"],
            ["status"],
        ):
            answer = zdm(*command, "--database", database)
            shown.append(answer.out + answer.err)
    shown += [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]

    assert "backfilled" in shown[2]
    assert not [text for text in shown if PASSWORD in text]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param(
            "postgresql://127.0.0.1:1/shop?connect_timeout=2", 75, id="nobody answers"
        ),
        pytest.param("postgresql://127.0.0.1:1/shop?volume=11", 2, id="unusable"),
        pytest.param("postgresql://127.0.0.1:0/shop", 2, id="port 0"),
        pytest.param("postgresql://127.0.0.1:65536/shop", 2, id="large port"),
        pytest.param("postgresql://127.0.0.1:nan/shop", 2, id="port of letters"),
        pytest.param(f"postgresql://{'a' * 5_000}/shop", 2, id="host"),
    ],
)
def test_a_wrong_url_exits_by_its_kind(zdm: Zdm, url: str, code: int) -> None:
    answer = zdm("status", "--database", url)

    assert (answer.code, answer.out) == (code, "")


def test_a_database_that_is_not_there_is_an_input_error(zdm: Zdm, shop: str) -> None:
    answer = zdm("status", "--database", shop.rpartition("/")[0] + "/gone")

    assert answer.code == 2
    assert "hint: check the database's name" in answer.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_stops_a_run_that_can_go_on(
    zdm: Zdm, shop: str, tmp_path: Path, number: signal.Signals
) -> None:
    prepare(zdm, shop)
    with connection.connect(shop, name="tests", autocommit=False, tuned=False) as holder:
        holder.execute("LOCK TABLE users IN SHARE MODE")
        with subprocess.Popen(
            [sys.executable, "-m", "zdm", "execute", "plan.yaml", "--database", shop],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            while "waiting" not in (line := process.stderr.readline()):
                assert line, "it ended before it waited"
            process.send_signal(number)
            said = process.stderr.read()
    answer = zdm("execute", "plan.yaml", "--until", "backfilled", "--database", shop)

    assert process.returncode == 75
    assert "stopped on request; the journal holds what was done" in said
    assert answer.out == "backfilled\n"


def test_a_run_is_taken_back_before_the_rollout(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    zdm("execute", "plan.yaml", "--until", "backfilled", "--database", shop)
    answer = zdm("rollback", "--database", shop)
    status = json.loads(zdm("status", "--json", "--database", shop).out)

    assert (answer.code, answer.out) == (0, "reverted\n")
    assert columns(shop) == ["id", "email"]
    assert (status["state"], status["finished"]) == ("reverted", True)


def test_after_the_point_of_no_return_a_rollback_is_refused(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    zdm("execute", "plan.yaml", "--assume-deployed", "--database", shop)
    answer = zdm("rollback", "--database", shop)

    assert (answer.code, answer.out) == (3, "")
    assert columns(shop) == ["id", "new_email"]
