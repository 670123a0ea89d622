"""A new revision is Alembic's own."""

from pathlib import Path

import pytest

from tests.revisions.projects import sample
from zdm.config.settings import AlembicSettings, Settings
from zdm.errors import InputError
from zdm.workflows import new_revision

MAKO = '''"""${message}"""
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}
'''


def settings(folder: Path) -> Settings:
    ini = folder / "alembic.ini"
    return Settings(root=folder, plans=folder, alembic=AlembicSettings(ini=ini))


def test_a_revision_follows_the_head(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.write("migrations/script.py.mako", MAKO)
    made.revise("a1", "pass")

    file = Path(new_revision.run(settings(tmp_path), {}, "add a column", None))

    text = file.read_text()
    assert file.parent == tmp_path / "migrations/versions"
    assert text.startswith('"""add a column"""')
    assert "down_revision = 'a1'" in text


def test_two_heads_need_a_word_which(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.write("migrations/script.py.mako", MAKO)
    made.revise("a1", "pass")
    made.revise("a2", "pass")

    with pytest.raises(InputError, match="Multiple heads"):
        new_revision.run(settings(tmp_path), {}, "add", None)
