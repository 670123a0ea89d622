"""Tests that share what takes long to make are run by one worker."""

from collections import defaultdict

import pytest

from tests import conftest
from zdm.postgres.server.provider import Server


@pytest.mark.more
@pytest.mark.xdist_group("groups")
def test_the_scheduler_knows_the_group_of_a_test(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("only with --dist loadgroup, as `make test-more` runs it")

    assert request.node.nodeid.endswith("@groups")


def test_tests_of_a_group_need_the_same(request: pytest.FixtureRequest) -> None:
    groups: defaultdict[int, list[str]] = defaultdict(list)
    sizes: dict[int, int] = {}
    for item in request.session.items:
        [name] = next(item.iter_markers("xdist_group")).args
        if isinstance(name, int):
            groups[name].append(conftest.needs(item))
            sizes[name] = conftest.size(item)

    assert {len(set(needs)) for needs in groups.values()} == {1}
    assert all(len(groups[number]) <= sizes[number] for number in groups)


def test_what_takes_longest_comes_first(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    later = [item.get_closest_marker("more") is None for item in items]
    conftest.together(copy := [*reversed(items)])

    assert [item.get_closest_marker("more") is None for item in copy] == sorted(later)


def test_what_another_target_runs_is_no_part_of_make_test(
    request: pytest.FixtureRequest,
) -> None:
    others = ("pairs", "schemas", "thorough")
    found = [
        item.nodeid
        for item in request.session.items
        if any(map(item.get_closest_marker, others)) and not item.get_closest_marker("more")
    ]

    assert found == []


def test_a_server_of_a_version_is_started_once(server: Server) -> None:
    assert conftest.lasting(None) is server
