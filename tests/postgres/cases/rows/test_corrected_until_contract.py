"""Rows that the train corrects, and that the old version writes again before the constraint
which refuses them is there: the run ends, whatever the statistics say."""

import pytest

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from tests.postgres.cases.test_cases_live import revert
from tests.postgres.cases.writing import left, plainly, planned, rows, run
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


PRICES = """
CREATE TABLE t (id bigint PRIMARY KEY, price int, total int);
INSERT INTO t VALUES (1, 250000), (2, 5000), (3, 10); ANALYZE t;
"""
CHEAPER = "UPDATE t SET price = price / 100 WHERE price > 1000;"
CHEAP = "ALTER TABLE t ADD CONSTRAINT k CHECK (price <= 1000)"
P = """
CREATE TABLE p (id bigint PRIMARY KEY); INSERT INTO p VALUES (1), (2);
CREATE TABLE t (id bigint PRIMARY KEY, p_id bigint);
INSERT INTO t VALUES (1, 1), (2, 15), (3, 8); ANALYZE;
"""
SEVEN = "UPDATE t SET p_id = p_id - 7 WHERE NOT EXISTS (SELECT FROM p WHERE p.id = t.p_id);"
JOINED = """
CREATE TABLE s (id text PRIMARY KEY, name text); INSERT INTO s VALUES ('a', 'b'), ('b', 'c');
CREATE TABLE t (id bigint PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a'); ANALYZE;
"""
NEXT = "UPDATE t SET name = s.name FROM s WHERE s.id = t.name;"
PARTED = "ALTER TABLE t ADD CHECK (name <> 'b');"
TOTALS = "UPDATE t SET total = price * 2;"
LESS = "ALTER TABLE t ADD CHECK (total < 10000);"


@pytest.mark.parametrize(
    ("before", "train", "first"),
    [
        (PRICES, f"{CHEAPER} {CHEAP};", [(1, 2500), (2, 50), (3, 10)]),
        (P, f"{SEVEN} {FOREIGN}", [(1, 1), (2, 8), (3, 1)]),
        (JOINED, f"{NEXT} {PARTED}", [(1, "b")]),
    ],
    ids=["check", "foreign key", "join"],
)
def test_rows_that_the_first_run_has_set_are_not_set_again(
    server: Server, before: str, train: str, first: list[tuple[object, ...]]
) -> None:
    """A constraint that refuses them stops the run, as it would stop the plain migration."""
    column = {PRICES: "price", P: "p_id", JOINED: "name"}[before]

    with fresh_database(server) as url:
        run(url, before)
        plan = planned(url, train)

        with pytest.raises(StoppedError):
            cases.run(url, plan)

        assert rows(url, f"SELECT id, {column} FROM t ORDER BY id") == first
        assert any("stops the run there" in hazard.message for hazard in plan.hazards)


def test_a_later_update_of_what_it_reads_is_not_read_by_a_second_run(server: Server) -> None:
    with fresh_database(server) as url:
        run(url, PRICES)
        plan = planned(url, f"{TOTALS} {CHEAPER} {LESS}")

        with pytest.raises(StoppedError):
            cases.run(url, plan)

        assert rows(url, "SELECT total FROM t ORDER BY id") == [(500000,), (10000,), (20,)]


LIMITED = "WITH x AS (SELECT id FROM t ORDER BY id LIMIT 2) UPDATE t SET price = 1 FROM x"


@pytest.mark.parametrize(
    "update",
    [CHEAPER, f"{LIMITED} WHERE x.id = t.id AND price > 1000;"],
    ids=["value", "limit"],
)
def test_a_constraint_that_is_not_validated_needs_no_second_run(
    server: Server, update: str
) -> None:
    query = "SELECT id, price FROM t ORDER BY id"
    train = f"{update} {CHEAP} NOT VALID;"

    assert left(server, PRICES, train, {}, query) == plainly(server, PRICES, train, query)


def test_a_constraint_that_is_validated_later_in_the_train_gets_it(server: Server) -> None:
    found = left(
        server,
        T + "ANALYZE t;",
        f"{PAID} {CHECK[:-1]} NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;",
        {"backfill-1-t-role-set": AGAIN},
        "SELECT DISTINCT role FROM t",
    )

    assert found == [("paid",)]


GROUPS = """
CREATE TABLE t (id bigint PRIMARY KEY, grp int, pos int);
INSERT INTO t SELECT g, g % 3, NULL FROM generate_series(1, 30) AS g;
"""
WINDOW = (
    "UPDATE t SET pos = x.rn FROM (SELECT id, row_number() OVER (PARTITION BY grp ORDER BY id)"
    " AS rn FROM t) AS x WHERE x.id = t.id;"
)
COUNT = "UPDATE t SET pos = (SELECT count(*) FROM t AS b WHERE b.grp = t.grp AND b.id <= t.id);"
NUMBERED = "ALTER TABLE t ALTER COLUMN pos SET NOT NULL;"


@pytest.mark.parametrize(
    ("analysed", "update"),
    [("ANALYZE t;", WINDOW), ("ANALYZE t;", COUNT), ("", COUNT)],
    ids=["window", "few", "many"],
)
def test_numbers_are_not_given_twice(server: Server, analysed: str, update: str) -> None:
    with fresh_database(server) as url:
        run(url, GROUPS + analysed)
        plan = planned(url, f"{update} {NUMBERED}")

        def write(event: Event) -> None:
            if isinstance(event, StepDone) and "backfill-1-t-pos-set" in event.id:
                run(url, "DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (33, 0, NULL)")

        with pytest.raises(StoppedError, match="NULL"):
            cases.run(url, plan, watching=Watching(write))


def test_a_value_for_nulls_alone_may_be_another_one_each_time(server: Server) -> None:
    found = left(
        server,
        T + "UPDATE t SET role = NULL; ANALYZE t;",
        f"UPDATE t SET role = gen_random_uuid() WHERE role IS NULL AND p_id = 99; {NOT_NULL}",
        {"backfill-1-t-role-set": "UPDATE t SET role = NULL WHERE id = 2"},
        "SELECT count(DISTINCT role) FROM t",
    )

    assert found == [(5,)]
