"""Executors in messages."""

import pytest

from zdm.execute import executors


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("zdm-run:execute/web-7/4711/0a1b2c3d4e5f-9a8b", "process 4711 on web-7"),
        ("zdm-run:execute.gates/web-7/4711/0a1b2c3d4e5f-9a8b", "process 4711 on web-7"),
        ("web-7/4711/0a1b2c3d4e5f-9a8b", "process 4711 on web-7"),
        ("psql", "psql"),
        ("metabase/nightly", "metabase/nightly"),
    ],
)
def test_an_executor_is_shown_as_host_and_process(name: str, shown: str) -> None:
    assert executors.described(name) == shown
