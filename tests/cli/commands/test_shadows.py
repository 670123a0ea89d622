"""A command that needs a shadow server twice starts it once, and early."""

from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from zdm.cli import wiring
from zdm.config import settings as config
from zdm.config.settings import AlembicSettings
from zdm.postgres.server.provider import Wanted
from zdm.revisions import graph
from zdm.rollout import registry


def test_a_server_that_runs_serves_again_and_ends_with_the_command() -> None:
    with wiring.shadows() as opening:
        with opening(Wanted()) as first, psycopg.connect(first.dsn):
            pass
        with opening(Wanted()) as second, psycopg.connect(second.dsn):
            assert second is first

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first.dsn)


def test_a_server_is_started_before_it_is_asked_for() -> None:
    with wiring.shadows() as opening:
        begun = opening.begin(Wanted())
        with opening(Wanted()) as server:
            assert server is begun.result()


def test_a_server_of_any_version_serves_where_its_version_is_asked_for() -> None:
    with wiring.shadows() as opening:
        with opening(Wanted()) as first:
            pass
        with opening(Wanted(major=first.major)) as second:
            assert second is first


def test_revisions_begin_with_the_command_and_end_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    settings = config.load(directory=Path.cwd(), environ={}, drivers=registry.tables())
    with wiring.shadows() as opening:
        with wiring.begun(settings, (), opening) as child:
            assert child is not None
            assert graph.history(child).heads
            child.stop()  # as the end of the recording does
        with wiring.begun(settings, ("a.sql",), opening) as none:
            assert none is None

    lost = replace(settings, alembic=AlembicSettings(ini=tmp_path / "lost.ini"))
    with wiring.shadows() as opening, wiring.begun(lost, (), opening) as none:
        assert none is None  # what is wrong is raised where revisions are read
