"""`zdm check --fix` and `--diff`, which try what they write on a throwaway server."""

import io
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Zdm
from zdm.postgres.server import programs

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int);\n"
INDEX = "-- by number\nCREATE INDEX t_n ON t (n);\n"
DOWN = "\n-- migrate:down\nDROP INDEX t_n;\n"
SETTINGS = '[check]\nrunner = "sql"\n'
FIXED = (
    "-- migrate:up transaction:false\n-- by number\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n"
)


def git(*arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def new(zdm: Zdm, tmp_path: Path) -> Path:  # noqa: ARG001  its folder is the current one
    """A new migration above a released one."""
    (tmp_path / ".git").rmdir()
    (tmp_path / "zdm.toml").write_text(SETTINGS)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1.sql").write_text(TABLE)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "table")
    made = tmp_path / "migrations/2.sql"
    made.write_text(f"-- migrate:up\n{INDEX}{DOWN}")
    return made


def test_fix_writes_the_file_and_judges_what_it_wrote(zdm: Zdm, new: Path) -> None:
    answer = zdm("check", "--fix", "--since", "main", "migrations")

    assert new.read_text() == FIXED + DOWN
    assert answer.code == 0
    assert "fixed 1 file\n" in answer.err
    assert zdm("check", "--fix", "--since", "main", "migrations").code == 0
    assert new.read_text() == FIXED + DOWN


def test_diff_prints_what_git_can_apply_and_writes_nothing(zdm: Zdm, new: Path) -> None:
    before = new.read_text()
    answer = zdm("check", "--diff", "migrations")
    Path("a.diff").write_text(answer.out)

    assert answer.code == 3
    assert answer.out.startswith("--- a/migrations/2.sql\n+++ b/migrations/2.sql\n@@ ")
    assert new.read_text() == before
    git("apply", "a.diff")
    assert new.read_text() == FIXED + DOWN


def test_fix_says_why_it_leaves_a_finding(zdm: Zdm, new: Path) -> None:
    new.write_text(INDEX + "INSERT INTO t VALUES (1, 1);\n")
    answer = zdm("check", "--fix", "--since", "main", "migrations")

    assert answer.code == 3
    assert "note: not fixed: migrations/2.sql:" in answer.err
    assert "give it its own file" in answer.err


@pytest.mark.usefixtures("new")
def test_fix_does_not_touch_what_may_be_released(zdm: Zdm) -> None:
    answer = zdm("check", "--fix", "migrations")

    assert answer.code == 2
    assert "would edit released migrations" in answer.err


@pytest.mark.usefixtures("new")
def test_what_zdm_runs_needs_no_fix(zdm: Zdm) -> None:
    answer = zdm("check", "--diff", "--runner", "zdm", "migrations")

    assert answer.code == 2
    assert "`zdm plan` makes them safe" in answer.err


def test_without_a_server_nothing_is_fixed(
    zdm: Zdm, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = new.read_text()
    monkeypatch.setattr(programs, "installed", lambda: ())
    answer = zdm("check", "--fix", "--since", "main", "migrations")

    assert answer.code == 2
    assert "no PostgreSQL server programs" in answer.err
    assert "shadow_url" in answer.err
    assert new.read_text() == before


def test_standard_input_can_only_be_shown(
    zdm: Zdm, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(new.read_bytes())))
    answer = zdm("check", "--fix", "migrations/1.sql", "-")

    assert answer.code == 2
    assert "standard input cannot be fixed in place" in answer.err


def test_github_gets_a_step_summary(
    zdm: Zdm, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = new.with_name("summary.md")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    answer = zdm("check", "--format", "github", "--since", "main", "migrations")

    assert answer.out.startswith("::error file=migrations/2.sql,line=3,")
    assert summary.read_text().startswith("<!-- zdm check -->\n\n## zdm check\n\n2 errors")
