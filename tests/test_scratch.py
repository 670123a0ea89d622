"""The tests' servers are in memory where there is room, and nothing of a run is left there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import scratch
from zdm.postgres.server import provider
from zdm.postgres.server.places import SCRATCH_VARIABLE
from zdm.postgres.server.provider import Wanted
from zdm.postgres.session import connection


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SCRATCH_VARIABLE, raising=False)


@pytest.mark.usefixtures("nowhere")
def test_a_run_has_a_folder_that_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "ROOM", 0)
    with scratch.in_memory(tmp_path):
        home = Path(provider.scratch_home())
        kept = list(tmp_path.iterdir())

    assert kept == [home]
    assert list(tmp_path.iterdir()) == []
    assert SCRATCH_VARIABLE not in os.environ


@pytest.mark.usefixtures("nowhere")
def test_without_room_the_disk_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "ROOM", 2**62)
    with scratch.in_memory(tmp_path):
        assert SCRATCH_VARIABLE not in os.environ
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_named_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCRATCH_VARIABLE, "/elsewhere")
    with scratch.in_memory(tmp_path):
        assert provider.scratch_home() == "/elsewhere"
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_deleted(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, running = (tmp_path / f"{scratch.PREFIX}{pid}" for pid in (ended.pid, os.getpid()))
    left.mkdir()
    running.mkdir()
    scratch.sweep(tmp_path)

    assert list(tmp_path.iterdir()) == [running]


def test_servers_of_a_run_begin_alike_and_share_nothing() -> None:
    with scratch.throwaway(Wanted()) as one, scratch.throwaway(Wanted()) as two:
        with connection.connect(one.dsn, name="tests") as conn:
            conn.execute("CREATE DATABASE d")
        with connection.connect(two.dsn, name="tests") as conn:
            found = conn.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()

    assert found == [("postgres",), ("template0",), ("template1",)]
