"""What tests of every folder share."""

import pytest

from tests.golden import Golden


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="accept the present output as golden")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(bless=bool(request.config.getoption("--bless")))
