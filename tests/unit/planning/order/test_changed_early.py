"""Statements that would read what a later UPDATE has changed already."""

import pytest

from tests.unit import schemas
from zdm.model.plan import Plan
from zdm.model.schema import Name, View
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

LOG = Name("public", "log")
SEEN = View(
    name=Name("public", "seen"),
    kind="view",
    definition="SELECT id, name FROM users",
    columns=("id", "name"),
    uses=((schemas.USERS, "id"), (schemas.USERS, "name")),
)
HERE = schemas.snapshot(
    schemas.users(),
    schemas.users(name=LOG, rows=5),
    schemas.users(name=Name("public", "few"), rows=5),
    views=(SEEN,),
)
FILL = "UPDATE users SET email = 'a' WHERE email = 'b';"
LATER = "UPDATE users SET name = upper(name);"


def planned(sql: str) -> Plan:
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, HERE), name="t", train=train, snapshot=HERE)


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE log SET name = users.name FROM users WHERE users.id = log.id; {LATER}",
        f"{FILL} INSERT INTO log SELECT id + 9, email, name FROM users WHERE id = 3; {LATER}",
        f"{FILL} INSERT INTO log SELECT * FROM users WHERE id = 3; {LATER}",
        f"{FILL} INSERT INTO log SELECT (u).* FROM users AS u WHERE id = 3; {LATER}",
        "UPDATE log SET name = 'x' WHERE id IN (SELECT id FROM users NATURAL JOIN few);"
        f" {LATER}",
        f"UPDATE log SET name = 'x' WHERE EXISTS (SELECT FROM users AS u WHERE u.id = log.id"
        f" AND u.name = 'y'); {LATER}",
        f"DELETE FROM log USING users WHERE users.id = log.id AND users.name = 'bad';"
        f" {LATER} CREATE UNIQUE INDEX log_name ON log (name);",
        "ALTER TABLE users ADD COLUMN slug text;"
        " UPDATE log SET name = coalesce(u.slug, 'none') FROM users AS u WHERE u.id = log.id;"
        " UPDATE users SET slug = lower(name);",
    ],
)
def test_a_statement_is_refused_where_a_later_update_has_changed_what_it_reads(
    sql: str,
) -> None:
    with pytest.raises(TrainRefusedError, match="would read values that are changed already"):
        planned(sql)


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE log SET name = users.email FROM users WHERE users.id = log.id; {LATER}",
        f"INSERT INTO log SELECT id + 9, email, name FROM users WHERE id = 3; {LATER}",
        f"{LATER} UPDATE log SET name = users.name FROM users WHERE users.id = log.id;",
        "UPDATE log SET name = users.name FROM users WHERE users.id = log.id;\n"
        f"-- zdm: run in contract -- reviewed\n{LATER}",
        f"CREATE VIEW shown AS SELECT name FROM users; {LATER}",
    ],
)
def test_a_statement_that_is_done_before_the_update_begins_is_planned(sql: str) -> None:
    assert planned(sql).steps


def test_the_refusal_names_the_statement_the_column_and_a_way_out() -> None:
    with pytest.raises(TrainRefusedError) as refused:
        planned(f"UPDATE log SET name = u.name FROM users AS u WHERE u.id = log.id;\n{LATER}")

    (finding,) = refused.value.findings
    assert finding.source is not None
    assert finding.source.line == 2
    assert "migration.sql:1:1 reads users.name" in finding.message
    assert "run in contract" in finding.remedy
