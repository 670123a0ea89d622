"""Output that cannot be written, and encodings: an exit code of the contract, no traceback."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import RENAME
from tests.unit import schemas
from zdm.serialize import plan_file, snapshot_file

ZDM = f"{shlex.quote(sys.executable)} -m zdm"
SQL = "COMMENT ON TABLE users IS 'é 漢 \U0001f600';\n"
PLAN = f"{ZDM} plan a.sql --snapshot here.json --no-verify"
PRINTING = {
    "help": f"{ZDM} --help",
    "version": f"{ZDM} --version",
    "command's help": f"{ZDM} plan --help",
    "plan": PLAN,
    "markdown": f"{PLAN} --format markdown",
    "sql": f"{PLAN} --format sql",
    "json": f"{PLAN} --format json",
    "schema": f"{ZDM} schema",
    "doctor": f"{ZDM} doctor",
    "doctor --json": f"{ZDM} doctor --json",
    "manifest": f"{ZDM} manifest plan.yaml --image zdm:1",
}
BROKEN = ("Traceback", 'File "', "Exception ignored", "bug in zdm")
FULL = "error: standard output cannot be written (No space left on device), so what the command"
CLOSED = "error: standard output cannot be written (Bad file descriptor), so what the command"
every_command = pytest.mark.parametrize("command", PRINTING.values(), ids=PRINTING)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("streams")
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.sql").write_text(SQL, encoding="utf-8")
    (tmp_path / "zdm.toml").write_text(
        '[rollout]\ndriver = "kubernetes"\n[rollout.kubernetes]\nnamespaces = ["shop"]\n'
        'workloads = []\nsecrets = ["db"]\n'
    )
    (tmp_path / "plan.yaml").write_text(plan_file.dumps(RENAME), encoding="utf-8")
    (tmp_path / "here.json").write_text(
        snapshot_file.dumps(schemas.snapshot(schemas.users())), encoding="utf-8"
    )
    return tmp_path


def shell(folder: Path, command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """What a command leaves behind in a shell; the first one's exit code, where it is piped."""
    clean = {name: value for name, value in os.environ.items() if name != "ZDM_DATABASE_URL"}
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        capture_output=True,
        check=False,
        env={**clean, "KUBECONFIG": "none", **environment},
    )

    assert not any(sign in done.stderr.decode() for sign in BROKEN)
    return done


def code(command: str) -> int:
    """What the command exits with where all can be written: doctor finds no cluster."""
    return 3 if "doctor" in command else 0


@every_command
def test_a_reader_that_has_read_enough_is_no_failure(folder: Path, command: str) -> None:
    done = shell(folder, f"{command} | true")

    assert done.returncode == code(command)


@every_command
def test_a_full_disk_is_an_error_once(folder: Path, command: str) -> None:
    done = shell(folder, f"{command} > /dev/full")

    assert done.returncode == (code(command) or 2)
    assert done.stderr.decode().count(FULL) == (0 if "doctor" in command else 1)


@every_command
def test_a_closed_output_is_an_error(folder: Path, command: str) -> None:
    done = shell(folder, f"{command} >&-")

    assert done.returncode == (code(command) or 2)
    assert done.stderr.decode().count(CLOSED) == (0 if "doctor" in command else 1)


@pytest.mark.parametrize("command", [PLAN, PRINTING["doctor"]], ids=["plan", "doctor"])
@pytest.mark.parametrize("errors", ["2>&-", "2>/dev/full"])
def test_what_cannot_be_said_does_not_fail_a_command(
    folder: Path, command: str, errors: str
) -> None:
    done = shell(folder, f"{command} {errors}")

    assert done.returncode == code(command)
    assert done.stdout != b""


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_with_nothing_to_write_to_the_exit_code_still_counts(
    folder: Path, streams: str
) -> None:
    assert shell(folder, f"{PLAN} {streams}").returncode == 2
    assert shell(folder, f"{ZDM} doctor {streams}").returncode == 3


ENCODINGS = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "utf-16"},
    {"LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@every_command
def test_a_pipe_gets_utf8_whatever_the_locale_is(folder: Path, command: str) -> None:
    usual, other = shell(folder, command), shell(folder, command, **ENCODINGS[-1])

    assert other.returncode == code(command)
    assert other.stdout == usual.stdout


@pytest.mark.parametrize("environment", ENCODINGS, ids=str)
def test_no_setting_of_the_encoding_changes_a_plan(
    folder: Path, environment: dict[str, str]
) -> None:
    done = shell(folder, PRINTING["json"], **environment)

    assert "é 漢 \U0001f600" in json.dumps(json.loads(done.stdout), ensure_ascii=False)


def test_a_terminal_gets_escapes_for_what_its_encoding_lacks(folder: Path) -> None:
    done = shell(folder, f"script -qec '{PLAN}' /dev/null", PYTHONIOENCODING="latin-1")

    assert done.returncode == 0
    assert b"\xe9 \\u6f22" in done.stdout


def test_an_argument_in_no_encoding_is_refused(folder: Path) -> None:
    done = shell(folder, f"{ZDM} plan $'\\xff.sql'")

    assert done.returncode == 2
    assert b"error: argument 2 is not in the encoding utf-8" in done.stderr


def test_a_variable_in_no_encoding_is_refused(folder: Path) -> None:
    done = shell(folder, f"ZDM_DATABASE_URL=$'postgresql://h/\\xff' {ZDM} status")

    assert done.returncode == 2
    assert b"error: ZDM_DATABASE_URL is not in the encoding utf-8" in done.stderr
