"""Input at the limits of the parsers: one error with its place within two seconds, no crash.

The seconds are the process's own, since other processes share the machine.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer, Zdm
from tests.unit import schemas
from zdm.serialize import snapshot_file

SECONDS = 2.0
ADD = "ALTER TABLE users ADD COLUMN c int"
DIGITS = "1" * 5_000
HERE = snapshot_file.dumps(schemas.snapshot(schemas.users()))
NOWHERE = ("--database", "postgresql://127.0.0.1:1/shop")
MEGABYTES = 5_000_000


@pytest.fixture
def within(zdm: Zdm) -> Callable[..., Answer]:
    """A command that takes less than the seconds that are allowed."""

    def run(*arguments: str) -> Answer:
        started = time.process_time()
        answer = zdm(*arguments)

        assert time.process_time() - started < SECONDS
        return answer

    return run


@pytest.mark.parametrize(
    "command",
    [
        ("verify", "plan.yaml"),
        ("doctor", "plan.yaml"),
        ("execute", "plan.yaml", *NOWHERE),
        ("manifest", "plan.yaml", "--image", "zdm:1"),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param(f"format: {DIGITS}\n".encode(), ":1:9 holds", id="digits"),
        pytest.param(b"format: 1\nsteps: " + b"[" * 800 + b"]" * 800, ":2:48 is", id="nested"),
        pytest.param(b"[" * 100_000, ":1:1001 is not YAML", id="nested without an end"),
        pytest.param(b"format: 1\nformat: 1\n", ":2:1 has the key", id="twice"),
        pytest.param(b"a: &a [1]\nb: [*a, *a]\n", ":1:4 holds a YAML alias", id="alias"),
        pytest.param(b"format: 1\0", ":1:10 is not YAML", id="NUL"),
        pytest.param(b"format: \xff", ":1:9: byte 0xff is not UTF-8", id="encoding"),
    ],
)
def test_a_plan_file_that_no_parser_holds_is_refused(
    within: Callable[..., Answer], command: tuple[str, ...], content: bytes, place: str
) -> None:
    Path("plan.yaml").write_bytes(content)
    Path("zdm.toml").write_text(
        '[rollout]\ndriver = "kubernetes"\n[rollout.kubernetes]\nnamespaces = ["shop"]\n'
        'workloads = []\nsecrets = ["db"]\n'
    )
    answer = within(*command)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: plan.yaml{place}")
    assert "\nhint: " in answer.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(f'{{"format":{DIGITS}}}'.encode(), ":1:11 holds a number", id="digits"),
        pytest.param(b'{"format":1,"snapshot":' + b"[" * 5_000, " is nested", id="lists"),
        pytest.param(b'{"format":1,"snapshot":' + b'{"a":' * 5_000, " is nested", id="objects"),
        pytest.param(b'{"format":1,"format":1}', " has the key 'format' twice", id="twice"),
        pytest.param(b"\xff\xfe{", ":1:1: byte 0xff is not UTF-8", id="encoding"),
        pytest.param(
            HERE.replace("170004", "130000").encode(),
            ": snapshot.server_version must be at least 140000",
            id="PostgreSQL 13",
        ),
    ],
)
def test_a_snapshot_that_no_parser_holds_is_refused(
    within: Callable[..., Answer], content: bytes, message: str
) -> None:
    Path("a.sql").write_text(ADD)
    Path("here.json").write_bytes(content)
    answer = within("plan", "a.sql", "--snapshot", "here.json")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: here.json{message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(f"server_version = {DIGITS}", ":1:18 holds a number", id="digits"),
        pytest.param("\na = " + "[" * 5_000 + "]" * 5_000, " is nested too deeply", id="lists"),
        pytest.param("a = " + "{a = " * 5_000, " is nested too deeply", id="tables"),
        pytest.param("\n" + "a." * 100_000 + "a = 1", ":2:1 holds a name of more", id="name"),
        pytest.param("[" + "'a' . " * 40_000 + "a]", ":1:2 holds a name of more", id="table"),
        pytest.param("#" + "x" * 300_000, " cannot be read: it has more than", id="size"),
        pytest.param('plans = "' + "x" * 200_000 + "\n", " is not TOML: ", id="no end"),
        pytest.param('plans = "a\\u0000b"', ": plans must be text without NUL", id="NUL"),
        pytest.param(
            "plans = 0x" + "f" * 50_000,
            ": plans must be a path, not a number of more than 40 digits",
            id="hexadecimal",
        ),
    ],
)
def test_settings_that_no_parser_holds_are_refused(
    within: Callable[..., Answer], tmp_path: Path, text: str, message: str
) -> None:
    Path("zdm.toml").write_text(text)
    answer = within("doctor")

    assert (answer.code, answer.out) == (2, "")
    assert (
        answer.err.removeprefix("error: the settings file ")
        .removeprefix("error: ")
        .startswith(f"{tmp_path}/zdm.toml{message}")
    )


def test_a_path_that_no_disk_holds_is_not_there(within: Callable[..., Answer]) -> None:
    Path("zdm.toml").write_text(f'[alembic]\nini = "{"x" * 5_000}"\n')
    answer = within("plan")

    assert answer.code == 2
    assert "is not there, so the revisions cannot be found" in answer.err


def planned(within: Callable[..., Answer], sql: bytes) -> Answer:
    Path("a.sql").write_bytes(sql)
    Path("here.json").write_text(HERE)
    return within("plan", "a.sql", "--snapshot", "here.json", "--no-verify")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        pytest.param(
            "/*" * 50_000, "a.sql:1:1: PostgreSQL cannot read this: too many", id="/*"
        ),
        pytest.param(ADD + "/**/" * 50_000, "a.sql:1:35: PostgreSQL cannot", id="/**/"),
        pytest.param(
            f"{ADD} DEFAULT {'(' * 100_000}", "a.sql:1:10030: PostgreSQL cannot", id="brackets"
        ),
        pytest.param(
            f"{ADD} DEFAULT {'+'.join(['1'] * 100_000)}",
            "a.sql:1:1: PostgreSQL cannot read this: the statement is nested too deeply",
            id="chain",
        ),
        pytest.param(
            "SELECT '" + "x" * MEGABYTES, "a.sql:1:8: PostgreSQL cannot", id="open text"
        ),
        pytest.param("SELECT $" + DIGITS, "a.sql:1:8: PostgreSQL cannot", id="digits"),
        pytest.param("SELECT 1\0", "a.sql:1:9: PostgreSQL cannot read this: the", id="NUL"),
        pytest.param(
            "-- zdm: " + "x" * MEGABYTES + f"\n{ADD}", "a.sql:1:1: `zdm: xxx", id="directive"
        ),
    ],
)
def test_sql_that_no_parser_holds_is_refused_with_its_place(
    within: Callable[..., Answer], sql: str, message: str
) -> None:
    answer = planned(within, sql.encode())

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {message}")
    assert len(answer.err) < 1_000


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(f"/*{'x' * MEGABYTES}*/ {ADD}", id="comment"),
        pytest.param("-- word\n" * (MEGABYTES // 8) + ADD, id="lines"),
        pytest.param(f"{ADD} DEFAULT {'(' * 800}1{')' * 800}", id="brackets"),
        pytest.param(f"\ufeff{ADD}", id="byte-order mark"),
        pytest.param(f"{ADD} /* {'x' * MEGABYTES} */", id="comment behind"),
    ],
)
def test_sql_that_is_only_long_is_planned(within: Callable[..., Answer], sql: str) -> None:
    answer = planned(within, sql.encode())

    assert (answer.code, answer.err) == (0, "")
    assert "add_column" in answer.out or "ADD COLUMN" in answer.out


def test_another_encoding_is_refused(within: Callable[..., Answer]) -> None:
    answer = planned(within, b"-- caf\xe9\n" + ADD.encode())

    assert answer.code == 2
    assert answer.err.startswith("error: a.sql:1:7: byte 0xe9 is not UTF-8")


@pytest.mark.parametrize("name", ["plan", "snapshot", "settings"])
def test_a_file_without_an_end_is_refused(within: Callable[..., Answer], name: str) -> None:
    Path("a.sql").write_text(ADD)
    command = {
        "plan": ("verify", "/dev/zero"),
        "snapshot": ("plan", "a.sql", "--snapshot", "/dev/zero"),
        "settings": ("--config", "/dev/zero", "doctor"),
    }
    answer = within(*command[name])

    assert answer.code == 2
    assert "/dev/zero cannot be read: it has more than" in answer.err
