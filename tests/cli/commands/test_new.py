from pathlib import Path

from tests.cli.conftest import Zdm

MAKO = '''"""${message}"""

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    pass
'''


def environment(folder: Path) -> None:
    """An Alembic environment without a revision."""
    (folder / "migrations/versions").mkdir(parents=True)
    (folder / "migrations/env.py").write_text("raise SystemExit('env.py is not needed')\n")
    (folder / "migrations/script.py.mako").write_text(MAKO)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")


def test_a_revision_is_created_where_alembic_would(zdm: Zdm, tmp_path: Path) -> None:
    environment(tmp_path)
    first = zdm("new", "add new email")
    second = zdm("new", "drop email")
    files = [Path(answer.out.strip()) for answer in (first, second)]

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert [file.parent for file in files] == [tmp_path / "migrations/versions"] * 2
    assert files[0].read_text().startswith('"""add new email"""\n')
    assert files[0].name.partition("_")[0] in files[1].read_text()


def test_without_an_environment_nothing_is_created(zdm: Zdm, tmp_path: Path) -> None:
    answer = zdm("new", "add new email")

    assert (answer.code, answer.out) == (2, "")
    assert [path.name for path in tmp_path.iterdir()] == [".git"]


def test_an_unknown_head_is_an_input_error(zdm: Zdm, tmp_path: Path) -> None:
    environment(tmp_path)
    answer = zdm("new", "add new email", "--head", "nowhere")

    assert (answer.code, answer.out) == (2, "")
    assert "nowhere" in answer.err
