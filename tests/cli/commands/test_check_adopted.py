"""The gate is added to a repository with a history, as docs/ci.md says."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Zdm

INI = "[alembic]\nscript_location = alembic\n"
TOML = '[check]\nrunner = "alembic"\n'
GATE = ("check", "--since", "HEAD", "--allow-empty")
BODIES = (
    "op.create_table('t{n}', sa.Column('id', sa.BigInteger(), sa.Identity()),"
    " sa.PrimaryKeyConstraint('id'))",
    "op.add_column('t{before}', sa.Column('a', sa.Text(), nullable=True))",
    "op.create_index('t_a{n}', 't{twice}', ['a'])",
    "for name in TABLES:\n        op.add_column(name, sa.Column('b{n}', sa.Integer()))",
    "kind = sa.Enum('a', 'b', name='kind{n}')\n    kind.create(op.get_bind(), checkfirst=True)",
)


def revision(folder: Path, number: int, body: str) -> None:
    down = f"{number - 1:03}" if number else None
    (folder / f"{number:03}_change.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision = '{number:03}'\ndown_revision = {down!r}\nTABLES = ['t0', 't5']\n"
        f"def upgrade():\n    {body}\ndef downgrade():\n    pass\n"
    )


@pytest.fixture
def history(
    tmp_path: Path,
    zdm: Zdm,  # noqa: ARG001  first
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Forty revisions, of which some wait for locks."""
    (tmp_path / ".git").rmdir()
    versions = tmp_path / "alembic/versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI)
    for number in range(40):
        body = BODIES[number % 5].format(n=number, before=number - 1, twice=number - 2)
        revision(versions, number, body)
    (tmp_path / "zdm.toml").write_text(TOML)
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "forty")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    return versions


@pytest.mark.usefixtures("history")
def test_the_history_itself_has_findings_and_is_understood(zdm: Zdm) -> None:
    answer = zdm("check")

    assert answer.code == 3
    assert "unparsed-statement" not in answer.out
    assert "in 40 files" in answer.out


def test_the_gate_reports_what_is_new(zdm: Zdm, history: Path) -> None:
    untouched = zdm(*GATE)
    revision(history, 40, "op.create_index('new', 't0', ['a'])")
    unsafe = zdm(*GATE)
    block = "with op.get_context().autocommit_block():\n        op.create_index"
    revision(history, 40, f"{block}('new', 't0', ['a'], postgresql_concurrently=True)")
    safe = zdm(*GATE)

    assert (untouched.code, unsafe.code, safe.code) == (0, 3, 0)
    assert "with op.get_context().autocommit_block():" in unsafe.out


def test_a_gate_that_does_not_know_where_the_migrations_are_fails(
    zdm: Zdm, history: Path
) -> None:
    (history.parents[1] / "alembic.ini").unlink()
    answer = zdm(*GATE)

    assert answer.code == 2
    assert "alembic.ini" in answer.err
