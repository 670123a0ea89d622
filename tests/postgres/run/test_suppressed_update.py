"""An UPDATE that leaves the row as it was: what of the table may suppress it is named."""

import pytest

from tests import case as cases
from tests.unit import schemas
from zdm.errors import StoppedError
from zdm.planning import classify, schedule
from zdm.postgres.session import connection

BEFORE = """
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t SELECT g, 'x' FROM generate_series(1, 5) AS g;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION keep();
"""


def test_a_trigger_that_suppresses_updates_is_named(database: str) -> None:
    with connection.connect(database, name="tests") as conn:
        conn.execute(BEFORE.encode())
    schema, train = cases.read(database), schemas.train("UPDATE t SET a = 'z'")
    plan = schedule.plan(
        classify.classify(train, schema), name="p", train=train, snapshot=schema
    )

    with pytest.raises(StoppedError, match="still differ") as stopped:
        cases.run(database, plan)

    assert "trigger keep of the table may undo or suppress the update" in stopped.value.hint
