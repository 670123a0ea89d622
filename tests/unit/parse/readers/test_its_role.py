"""Strings of a migration whose role reads backslashes as escapes."""

import pytest

from tests.unit import schemas
from zdm.model.catalog.database import Setting
from zdm.model.schema import Snapshot
from zdm.model.statement import Unknown
from zdm.planning import classify

NAME = "standard_conforming_strings"
WITH_BACKSLASH = r"INSERT INTO t (a) VALUES ('n\d')"


def role(value: str) -> Snapshot:
    return schemas.snapshot(settings=(Setting(name=NAME, value=value),))


@pytest.mark.parametrize(
    ("sql", "value", "is_read"),
    [
        (WITH_BACKSLASH, "off", False),
        (WITH_BACKSLASH, "on", True),
        ("INSERT INTO t (a) VALUES ('nd')", "off", True),
        (f"SET {NAME} = on; {WITH_BACKSLASH}", "off", True),
    ],
    ids=["off", "on", "no backslash", "the file's own"],
)
def test_a_backslash_is_read_as_the_role_would(sql: str, value: str, is_read: bool) -> None:
    *_, action = classify.actions(schemas.train(sql), role(value))

    assert isinstance(action.fact, Unknown) is not is_read


def test_it_is_refused_by_name() -> None:
    refused = classify.classify(schemas.train(WITH_BACKSLASH), role("off")).refused

    assert [NAME in finding.message for finding in refused] == [True]
