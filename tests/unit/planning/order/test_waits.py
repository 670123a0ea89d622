"""Maintenance comes behind what changes the rows that it is about."""

import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.model.schema import Name
from zdm.planning import classify, schedule

HERE = schemas.snapshot(schemas.users(), schemas.users(name=Name("public", "others")))
FILL = "ALTER TABLE users ADD COLUMN n int; UPDATE users SET n = 1;"


def planned(sql: str) -> Plan:
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, HERE), name="t", train=train, snapshot=HERE)


def maintained(sql: str) -> list[str]:
    return [
        f"{step.phase} {step.title}"
        for step in planned(sql).steps
        if step.operation == "maintain_table"
    ]


@pytest.mark.parametrize(
    ("sql", "steps"),
    [
        ("ANALYZE users;" + FILL, ["expand gather statistics of users"]),
        (FILL + "ANALYZE users (n);", ["validate gather statistics of users.n"]),
        (
            FILL + "VACUUM users, others;",
            ["expand vacuum others", "validate vacuum users"],
        ),
        (
            FILL + "REINDEX TABLE CONCURRENTLY users;",
            ["validate rebuild index users_pkey of users"],
        ),
        (
            "DELETE FROM users WHERE id > 7; VACUUM users; ANALYZE others;",
            ["expand gather statistics of others", "contract vacuum users"],
        ),
        (
            "-- zdm: run in contract -- its rows are of no use\nTRUNCATE users;\nVACUUM users;",
            ["contract vacuum users"],
        ),
        (
            "VACUUM users; DELETE FROM users WHERE id > 7;",
            ["expand vacuum users"],
        ),
        (
            "CREATE TABLE made (id bigint PRIMARY KEY); INSERT INTO made SELECT id FROM users;"
            " ANALYZE made;",
            ["validate gather statistics of made"],
        ),
        (
            "ALTER TABLE users RENAME COLUMN email TO mail; ANALYZE users (mail);",
            ["validate gather statistics of users.mail"],
        ),
    ],
)
def test_it_comes_behind_what_changes_its_rows(sql: str, steps: list[str]) -> None:
    assert maintained(sql) == steps


@pytest.mark.parametrize(
    ("sql", "needs"),
    [
        ("ANALYZE users (email); ALTER TABLE users RENAME COLUMN email TO mail;", ""),
        (
            "DELETE FROM users WHERE id > 7; ANALYZE users (name);"
            " ALTER TABLE users DROP COLUMN name;",
            "",
        ),
        ("ALTER TABLE users RENAME TO people; VACUUM people;", "together with its rename"),
    ],
)
def test_it_meets_what_it_names(sql: str, needs: str) -> None:
    if needs:
        with pytest.raises(RefusedError, match=needs):
            planned(sql)
        return

    assert len(maintained(sql)) == 1


def test_an_index_that_is_there_later_is_a_conflict() -> None:
    with pytest.raises(RefusedError, match="cannot be planned together"):
        planned(
            "ALTER TABLE users ADD CONSTRAINT k UNIQUE (name); REINDEX INDEX CONCURRENTLY k;"
        )
