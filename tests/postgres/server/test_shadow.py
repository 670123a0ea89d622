"""Shadow servers: made once, used by one process at a time, clean after a kill."""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from zdm.errors import InputError
from zdm.postgres.server import provider, shadow
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection

HOLDER = """
import sys, time
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Wanted
with shadow.open(Wanted()) as server, shadow.database(server) as url:
    print(server.dsn, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own, which the servers' user can reach."""
    programs = provider.choose(None)[0].bin
    folder = Path(tempfile.mkdtemp(prefix="zdm-cache-", dir=provider.scratch_home()))
    folder.chmod(0o755)
    monkeypatch.delenv("ZDM_SCRATCH_DIR", raising=False)
    monkeypatch.setenv("ZDM_CACHE_DIR", str(folder))
    monkeypatch.setenv("ZDM_POSTGRES_BIN", str(programs))
    yield folder
    shutil.rmtree(folder)


def slots(cache: Path) -> list[str]:
    return sorted(path.parent.name for path in cache.glob("shadow/*/*/data"))


def databases(server: Server) -> list[str]:
    with connection.connect(server.dsn, name="test") as conn:
        rows = conn.execute("SELECT datname FROM pg_database WHERE datname LIKE 'zdm%'")
        return [name for (name,) in rows]


def names(url: str) -> list[str]:
    with connection.connect(url, name="test") as conn:
        return [
            name
            for (name,) in conn.execute("SELECT relname FROM pg_class WHERE relname ~ '^x'")
        ]


def fill(url: str) -> None:
    with connection.connect(url, name="test") as conn:
        conn.execute("CREATE TABLE x1 ()")


def test_a_template_is_there_for_the_next_run(cache: Path) -> None:
    with shadow.open(Wanted()) as server, shadow.database(server) as url:
        fill(url)
        shadow.save_template(server, url, "a key")
    with shadow.open(Wanted()) as server:
        found = shadow.has_template(server, "a key"), shadow.has_template(server, "other")
        with shadow.database(server, "a key") as copy:
            copied = names(copy)

    assert found == (True, False)
    assert copied == ["x1"]
    assert slots(cache) == ["0"]


def test_it_is_kept_in_the_folder_that_is_named_for_data(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZDM_SCRATCH_DIR", str(cache / "memory"))
    with shadow.open(Wanted()):
        pass

    assert slots(cache) == []
    assert slots(cache / "memory") == ["0"]


def test_a_second_run_at_the_same_time_gets_another_cluster(cache: Path) -> None:
    with shadow.open(Wanted()) as first, shadow.open(Wanted()) as second:
        different = first.dsn != second.dsn

    assert different
    assert slots(cache) == ["0", "1"]


def test_what_a_killed_run_left_is_gone(cache: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        held = holder.stdout.readline()
        holder.send_signal(signal.SIGKILL)
    with shadow.open(Wanted()) as server:
        left = databases(server)

    assert held
    assert left == []
    assert slots(cache) == ["0"]


def test_a_template_that_was_half_dropped_is_made_again(server: Server) -> None:
    with shadow.database(server) as url:
        fill(url)
        before = databases(server)
        shadow.save_template(server, url, "half")
        (made,) = set(databases(server)) - set(before)
        with connection.connect(server.dsn, name="test") as conn:  # as a full disk leaves it
            conn.execute(
                "UPDATE pg_catalog.pg_database SET datistemplate = false, datconnlimit = -2"
                " WHERE datname = %s",
                (made,),
            )
        shadow.save_template(server, url, "half")
    with shadow.database(server, "half") as copy:
        copied = names(copy)

    assert copied == ["x1"]


def test_two_processes_that_keep_few_templates_do_not_drop_the_same_one(
    server: Server,
) -> None:
    with ExitStack() as stack:
        urls = [stack.enter_context(shadow.database(server)) for _ in range(8)]
        with ThreadPoolExecutor(len(urls)) as pool:
            saved = [
                pool.submit(shadow.save_template, server, url, f"at once {n}", kept=0)
                for n, url in enumerate(urls)
            ]
        for one in saved:
            one.result()
        shadow.save_template(server, urls[0], "last", kept=0)

    assert databases(server) == []


def test_databases_are_dropped_and_old_templates_go(server: Server) -> None:
    for key in ("first", "second"):
        with shadow.database(server) as url:
            shadow.save_template(server, url, key, kept=1)
    kept = [shadow.has_template(server, key) for key in ("first", "second")]
    with shadow.database(server) as url:
        shadow.save_template(server, url, "third", kept=0)

    assert kept == [False, True]
    assert databases(server) == []


def test_a_template_that_is_gone_is_said(server: Server) -> None:
    with pytest.raises(InputError), shadow.database(server, "never saved"):
        pass


def test_the_users_server_is_used_as_it_is(server: Server) -> None:
    with shadow.open(Wanted(url=server.dsn)) as found:
        assert found.dsn == server.dsn


def test_a_server_that_ends_while_it_is_looked_at_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "postmaster.pid"
    file.touch()
    exists = Path.exists

    def exists_no_longer(path: Path) -> bool:
        there = exists(path)
        file.unlink(missing_ok=True)
        return there

    monkeypatch.setattr(Path, "exists", exists_no_longer)
    shadow._await_end(tmp_path)

    assert not exists(file)
