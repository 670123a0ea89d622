"""What the doctor says of an Alembic project's files."""

from pathlib import Path

import pytest

from tests.revisions.projects import Sample, sample, sync_env
from zdm.config.settings import AlembicSettings, Settings
from zdm.model.diagnosis import Diagnosis, Verdict
from zdm.revisions import doctor

GUARDED = "from zdm.revisions.env import guard\n" + sync_env().replace(
    "    with context.begin_transaction",
    "    guard(context)\n        with context.begin_transaction",
)


def examine(project: Sample) -> dict[str, Diagnosis]:
    settings = Settings(
        root=project.folder,
        plans=project.folder,
        alembic=AlembicSettings(ini=project.folder / "alembic.ini"),
    )
    return {one.name: one for one in doctor.examine(settings)}


def test_a_guarded_project_is_in_order(tmp_path: Path) -> None:
    project = sample(tmp_path, env=GUARDED)
    project.revise("a1", "pass")
    found = examine(project)

    assert {one.verdict for one in found.values()} == {Verdict.OK}
    assert found["alembic"].said == "1 revisions, head a1"


@pytest.mark.parametrize(
    "env",
    [
        pytest.param(sync_env(), id="without it"),
        pytest.param(
            f"# from zdm.revisions.env import guard; guard(c)\n{sync_env()}", id="comment"
        ),
        pytest.param(f"from zdm.revisions.env import guard\n{sync_env()}", id="never called"),
    ],
)
def test_a_project_without_a_guard_is_warned(tmp_path: Path, env: str) -> None:
    found = examine(sample(tmp_path, env=env))["env.py guard"]

    assert found.verdict is Verdict.WARNING
    assert "guard(context)" in found.remedy


def test_a_history_that_cannot_be_read_fails(tmp_path: Path) -> None:
    project = sample(tmp_path, env=GUARDED)
    project.revise("a1", "pass", down="gone")
    found = examine(project)

    assert [(one.name, one.verdict) for one in found.values()] == [("alembic", Verdict.FAILED)]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param("Dockerfile", 'CMD ["alembic", "upgrade", "head"]\n', id="Dockerfile"),
        pytest.param("docker-compose.yml", "    command: alembic upgrade head\n", id="compose"),
        pytest.param("entrypoint.sh", "alembic upgrade head\nexec app\n", id="script"),
        pytest.param("Procfile", "release: flask db upgrade\n", id="Procfile"),
    ],
)
def test_what_migrates_at_start_is_named(tmp_path: Path, file: str, text: str) -> None:
    project = sample(tmp_path, env=GUARDED)
    project.write(file, text)
    found = examine(project)["migrating at start"]

    assert found.verdict is Verdict.WARNING
    assert found.said.startswith(f"{file} runs `alembic upgrade`")


def test_what_starts_without_migrating_is_in_order(tmp_path: Path) -> None:
    project = sample(tmp_path, env=GUARDED)
    project.write("Dockerfile", "# alembic upgrade head is zdm's matter\nCMD gunicorn app\n")

    assert examine(project)["migrating at start"].verdict is Verdict.OK


def test_a_project_without_alembic_is_in_order(tmp_path: Path) -> None:
    found = doctor.examine(Settings(root=tmp_path, plans=tmp_path))

    assert [one.verdict for one in found] == [Verdict.OK]
