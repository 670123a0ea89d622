"""Tests that share what takes long to make are run by one worker."""

import pytest


@pytest.mark.more
@pytest.mark.xdist_group("groups")
def test_the_scheduler_knows_the_group_of_a_test(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("only with --dist loadgroup, as `make test-more` runs it")

    assert request.node.nodeid.endswith("@groups")
