"""Rows that the train corrects, and that the old version writes again before the constraint
which refuses them is there: the run ends, whatever the statistics say."""

import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from tests.postgres.cases.writing import left, planned, rows, run
from zdm.errors import StoppedError
from zdm.execute.events import Event, StepDone
from zdm.postgres.server.provider import Server

T = """
CREATE TABLE p (id bigint PRIMARY KEY); INSERT INTO p VALUES (1);
CREATE TABLE t (id bigint PRIMARY KEY, role text, p_id bigint);
INSERT INTO t SELECT g, 'payed', 99 FROM generate_series(1, 5) AS g;
"""
CHECK = "ALTER TABLE t ADD CONSTRAINT k CHECK (role IN ('paid', 'open'));"
NOT_NULL = "ALTER TABLE t ALTER COLUMN role SET NOT NULL;"
KEY = "ALTER TABLE t ADD PRIMARY KEY (role, id);"
PAID = "UPDATE t SET role = 'paid' WHERE role = 'payed';"
MEMBER = "UPDATE t SET role = 'member' WHERE role IS NULL OR role = '' OR role = 'payed';"
REFERS = "UPDATE t SET p_id = 1 WHERE p_id = 99;"
FOREIGN = "ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p;"
AGAIN = "UPDATE t SET role = 'payed' WHERE id = 2; INSERT INTO t VALUES (7, 'payed', 1);"
NULLS = "UPDATE t SET role = NULL WHERE id = 2; INSERT INTO t VALUES (7, NULL, 1);"
ORPHANS = "UPDATE t SET p_id = 99 WHERE id = 2; INSERT INTO t VALUES (7, 'a', 99);"
few = pytest.mark.parametrize("analysed", ["", "ANALYZE t; ANALYZE p;"], ids=["many", "few"])


def step(analysed: str, column: str) -> str:
    """The last one of the UPDATE before the rollout; in batches, a trigger ends it."""
    return f"backfill-1-t-{column}-set" if analysed else f"validate-1-t-{column}-"


@few
@pytest.mark.parametrize(
    ("train", "writes", "role"),
    [
        (f"{PAID} {CHECK}", AGAIN, "paid"),
        (f"{MEMBER} {NOT_NULL}", NULLS, "member"),
        (f"UPDATE t AS a SET role = 'paid' WHERE a.role = 'payed'; {CHECK}", AGAIN, "paid"),
        (f"{MEMBER} {KEY}", NULLS, "member"),
    ],
    ids=["check", "not null", "alias", "primary key"],
)
def test_what_is_written_until_the_constraint_is_there_is_corrected(
    server: Server, analysed: str, train: str, writes: str, role: str
) -> None:
    before = T.replace("t (id bigint PRIMARY KEY", "t (id bigint UNIQUE NOT NULL")
    found = left(
        server,
        (before if KEY in train else T) + analysed,
        train,
        {step(analysed, "role"): writes},
        "SELECT DISTINCT role FROM t",
    )

    assert found == [(role,)]


@few
def test_rows_that_refer_to_nothing_again_get_the_value_once_more(
    server: Server, analysed: str
) -> None:
    found = left(
        server,
        T + analysed,
        f"{REFERS} {FOREIGN}",
        {step(analysed, "p_id"): ORPHANS},
        "SELECT DISTINCT p_id FROM t",
    )

    assert found == [(1,)]


def test_rows_by_their_keys_are_corrected_once_more(server: Server) -> None:
    found = left(
        server,
        T + "UPDATE t SET role = 'open' WHERE id > 2;",
        f"UPDATE t SET role = 'paid' WHERE id IN (1, 2); {CHECK}",
        {"backfill-1-t-role-set": "UPDATE t SET role = 'payed' WHERE id = 2;"},
        "SELECT DISTINCT role FROM t WHERE id < 3",
    )

    assert found == [("paid",)]


FROM = "UPDATE u SET org = m.org FROM m WHERE m.user_id = u.id;"
ALIAS = "UPDATE u AS x SET org = y.org FROM m AS y WHERE y.user_id = x.id;"
U = """
CREATE TABLE m (user_id bigint PRIMARY KEY, org bigint);
CREATE TABLE u (id bigint PRIMARY KEY, org bigint);
INSERT INTO u VALUES (1); INSERT INTO m VALUES (1, 5), (2, 6), (3, 7);
"""


@few
@pytest.mark.parametrize("update", [FROM, ALIAS], ids=["name", "alias"])
@pytest.mark.parametrize(
    ("add", "writes"),
    [
        ("ALTER TABLE u ALTER COLUMN org SET NOT NULL;", "INSERT INTO u (id) VALUES (2)"),
        ("ALTER TABLE u ADD CHECK (org > 0);", "INSERT INTO u VALUES (2, -1)"),
    ],
    ids=["not null", "check"],
)
def test_values_from_other_tables_are_filled_in_once_more(
    server: Server, analysed: str, update: str, add: str, writes: str
) -> None:
    found = left(
        server,
        U + ("ANALYZE u; ANALYZE m;" if analysed else ""),
        f"{update} {add}",
        {"backfill-1-u-org-set": writes, "rollout": "INSERT INTO u VALUES (3, 8)"},
        "SELECT id, org FROM u ORDER BY id",
    )

    assert found == [(1, 5), (2, 6), (3, 8)]


@few
def test_what_was_set_once_more_is_no_point_of_no_return(server: Server, analysed: str) -> None:
    """Rows that nothing corrects stop the contract, and the rollback keeps the others."""
    with fresh_database(server) as url:
        run(url, U + ("ANALYZE u; ANALYZE m;" if analysed else ""))
        start = cases.read(url)
        plan = planned(url, f"{FROM} ALTER TABLE u ALTER COLUMN org SET NOT NULL;")

        def write(event: Event) -> None:
            if isinstance(event, StepDone) and "backfill-1-u-org-set" in event.id:
                run(url, "INSERT INTO u VALUES (2), (9)")

        with pytest.raises(StoppedError, match="holds NULLs"):
            cases.run(url, plan, watching=Watching(write))
        revert(url, plan)

        assert rows(url, "SELECT * FROM u ORDER BY id") == [(1, 5), (2, 6), (9, None)]
        assert cases.differences(start, cases.read(url)) == ()
