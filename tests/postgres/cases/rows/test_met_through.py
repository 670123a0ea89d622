"""Trains whose statements meet in a table that one of them does not name, on a real catalog."""

from collections.abc import Iterator

import pytest

from tests.conftest import fresh_database
from tests.unit import schemas
from zdm.model.plan import Phase, Plan
from zdm.model.schema import Snapshot
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

TABLES = """
CREATE TABLE t (id bigint PRIMARY KEY, role text, name text);
CREATE TABLE s (id bigint PRIMARY KEY, t_id bigint, role text, name text);
CREATE TABLE a (id bigint, name text, k bigserial PRIMARY KEY);
CREATE TABLE m (id bigint PRIMARY KEY, ev_id bigint, t_id bigint, name text);
CREATE TABLE ev (id bigint, y int, role text, name text, PRIMARY KEY (id, y))
    PARTITION BY LIST (y);
CREATE TABLE ev_25 PARTITION OF ev FOR VALUES IN (25);
CREATE TABLE ev_26 PARTITION OF ev FOR VALUES IN (26);
CREATE TABLE par (id bigint PRIMARY KEY, role text, name text);
CREATE TABLE kid (PRIMARY KEY (id)) INHERITS (par);
CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE ch (id bigint PRIMARY KEY, p_id bigint REFERENCES p ON DELETE CASCADE, v int);
CREATE TABLE c (id bigint PRIMARY KEY, t_id bigint REFERENCES ch ON DELETE CASCADE,
    n int);
CREATE INDEX ON ch (p_id); CREATE INDEX ON c (t_id);
ALTER TABLE ch ADD CONSTRAINT ch_v CHECK (v > 0) NOT VALID;
CREATE TABLE o (id bigint PRIMARY KEY, role text);
CREATE TABLE it (id bigint PRIMARY KEY, o_id bigint, role text);
CREATE TABLE audit (id bigserial PRIMARY KEY, what text);
CREATE FUNCTION role_of(i bigint) RETURNS text LANGUAGE sql STABLE AS
    'SELECT role FROM t WHERE id = i';
CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN DELETE FROM it WHERE o_id = OLD.id; RETURN OLD; END';
CREATE TRIGGER gone AFTER DELETE ON o FOR EACH ROW EXECUTE FUNCTION gone();
CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN UPDATE it SET role = NEW.role WHERE o_id = NEW.id; RETURN NEW; END';
CREATE TRIGGER sync AFTER UPDATE OF role ON o FOR EACH ROW EXECUTE FUNCTION sync();
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO audit (what) VALUES (NEW.name); RETURN NEW; END';
CREATE TRIGGER log AFTER UPDATE ON a FOR EACH ROW EXECUTE FUNCTION log();
CREATE TRIGGER log AFTER UPDATE ON s FOR EACH ROW EXECUTE FUNCTION log();
CREATE VIEW seen AS SELECT id, name FROM t;
CREATE TABLE odd (id bigint PRIMARY KEY, name text);
CREATE FUNCTION run() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN EXECUTE 'DELETE FROM ' || TG_ARGV[0]; RETURN NEW; END$$;
CREATE TRIGGER run AFTER UPDATE ON odd FOR EACH ROW EXECUTE FUNCTION run('m');
CREATE TABLE looks (id bigint PRIMARY KEY, t_id bigint, name text,
    CHECK (role_of(t_id) <> 'gone'));
CREATE TABLE given (id bigint PRIMARY KEY, role text DEFAULT role_of(1));
CREATE TABLE mine (id bigint PRIMARY KEY, t_id bigint, name text);
CREATE TABLE cnt (k text PRIMARY KEY, n int);
CREATE VIEW v_cnt AS SELECT * FROM cnt;
CREATE VIEW instead AS SELECT count(*) AS n FROM s;
CREATE TABLE counted (id bigint PRIMARY KEY, name text);
CREATE TABLE sent (id bigint PRIMARY KEY, name text);
CREATE FUNCTION fewer() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE v_cnt SET n = n - 1 WHERE k = 'a'; RETURN OLD; END$$;
CREATE TRIGGER fewer AFTER DELETE ON counted FOR EACH ROW EXECUTE FUNCTION fewer();
CREATE FUNCTION send() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO instead VALUES (1); RETURN OLD; END$$;
CREATE TRIGGER send AFTER DELETE ON sent FOR EACH ROW EXECUTE FUNCTION send();
CREATE FUNCTION receive() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE cnt SET n = 1; RETURN NEW; END$$;
CREATE TRIGGER receive INSTEAD OF INSERT ON instead FOR EACH ROW EXECUTE FUNCTION receive();
CREATE TABLE rates (k int PRIMARY KEY, code text);
CREATE FUNCTION plus_rates(int, int) RETURNS int LANGUAGE sql STABLE AS
    'SELECT $1 + $2 * (SELECT count(*)::int FROM rates)';
CREATE OPERATOR +% (LEFTARG = int, RIGHTARG = int, FUNCTION = plus_rates);
CREATE POLICY own ON mine USING (role_of(t_id) = 'ok');
"""
ROWS = """
INSERT INTO t SELECT g, 'bad', 'n' || g FROM generate_series(1, 20) AS g;
INSERT INTO s SELECT g, g, 'bad', 's' || g FROM generate_series(1, 20) AS g;
INSERT INTO par SELECT g, 'bad', 'n' || g FROM generate_series(1, 5) AS g;
INSERT INTO kid SELECT g, 'bad', 'n' || g FROM generate_series(11, 15) AS g;
INSERT INTO o SELECT g, 'bad' FROM generate_series(1, 20) AS g;
INSERT INTO it SELECT g, g, 'bad' FROM generate_series(1, 20) AS g;
"""
KEY = "ALTER TABLE s ADD CONSTRAINT s_fk FOREIGN KEY (t_id) REFERENCES t ON UPDATE CASCADE;"
LATE = "-- zdm: run in contract -- later\n"
MET = {
    "a child, then rows of its parent": (
        "UPDATE kid SET role = 'ok' WHERE role = 'bad';"
        "DELETE FROM par WHERE id IN (11, 12) AND role = 'bad';"
    ),
    "a child, then a DELETE that reads its parent": (
        "UPDATE kid SET role = 'ok' WHERE role = 'bad' AND id < 13;"
        "DELETE FROM m WHERE EXISTS"
        " (SELECT FROM par WHERE par.id = m.ev_id AND par.role = 'bad');"
    ),
    "a parent that is read, then its partition": (
        "UPDATE m SET name = e.name FROM ev AS e WHERE e.id = m.ev_id;"
        "UPDATE ev_26 SET name = upper(name);"
    ),
    "a key of a partition, then its parent": (
        "ALTER TABLE ev_26 ADD CONSTRAINT k26 UNIQUE (name);"
        "INSERT INTO ev VALUES (900, 26, 'q', 'n1') ON CONFLICT DO NOTHING;"
    ),
    "a partition, vouched for, then its parent": (
        f"{LATE}UPDATE ev SET role = 'ok' WHERE role = 'bad';\n"
        "INSERT INTO ev_26 VALUES (1000, 26, 'bad', 'x');"
    ),
    "a function that reads, then a fill": (
        "UPDATE s SET name = role_of(t_id) WHERE id = 11; UPDATE t SET role = upper(role);"
    ),
    "a function in a CHECK": "UPDATE looks SET name = upper(name); UPDATE t SET role = 'b';",
    "a function in a default": (
        "UPDATE t SET role = upper(role); INSERT INTO given (id) VALUES (1);"
    ),
    "a function in a policy": (
        "DELETE FROM mine WHERE name = 'a'; UPDATE t SET role = upper(role);"
    ),
    "a trigger that writes through a view": (
        "DELETE FROM counted WHERE name ~ 'a';"
        "UPDATE m SET t_id = (SELECT n FROM cnt WHERE k = 'a') WHERE id = 3;"
    ),
    "a trigger of a view": (
        "DELETE FROM sent WHERE name ~ 'a';"
        "UPDATE m SET t_id = (SELECT n FROM cnt WHERE k = 'a') WHERE id = 3;"
    ),
    "an operator that reads": (
        "DELETE FROM rates WHERE code ~ 'x'; UPDATE m SET t_id = 1 +% 1 WHERE id = 3;"
    ),
    "a trigger that changes": (
        "UPDATE o SET role = 'ok' WHERE role = 'bad'; DELETE FROM it WHERE role = 'bad';"
    ),
    "a trigger that changes, then a copy": (
        "UPDATE o SET role = 'ok' WHERE role = 'bad';"
        "INSERT INTO a (id, name) SELECT id, role FROM it WHERE id = 8;"
    ),
    "a trigger of which nothing is known": (
        "UPDATE odd SET name = upper(name); DELETE FROM s WHERE role = 'bad';"
    ),
    "a foreign key that changes": f"{KEY} UPDATE t SET id = 5000 WHERE id = 4;",
    "a foreign key that changes, validated later": (
        f"{KEY.replace(';', ' NOT VALID;')} UPDATE t SET id = 5000 WHERE id = 4;"
        "ALTER TABLE s VALIDATE CONSTRAINT s_fk;"
    ),
    "foreign keys that delete, at two depths": (
        "DELETE FROM p WHERE id = 3;"
        "DELETE FROM m WHERE NOT EXISTS (SELECT FROM c WHERE c.t_id = m.t_id);"
        "CREATE UNIQUE INDEX m_u ON m (name);"
    ),
}
MET_BY_FEW = {  # of analysed tables
    "a function that reads": (
        "UPDATE t SET role = 'ok' WHERE role = 'bad';DELETE FROM s WHERE role_of(t_id) = 'bad';"
    ),
    "a copy, then a trigger that deletes": (
        "INSERT INTO a (id, name) SELECT id, role FROM it WHERE o_id = 3;"
        "DELETE FROM o WHERE id = 3;"
    ),
    "rows that go by a foreign key, then are changed": (
        "DELETE FROM ch WHERE id = 3; UPDATE c SET t_id = 4 WHERE t_id = 3;"
    ),
    "rows that go by a foreign key, then their constraint": (
        "DELETE FROM p WHERE id <= 3; ALTER TABLE ch VALIDATE CONSTRAINT ch_v;"
    ),
}
APART = {
    "two partitions": (
        "UPDATE ev_25 SET role = 'ok' WHERE role = 'bad';"
        "DELETE FROM ev_26 WHERE name = 'x' AND role = 'bad';"
    ),
    "triggers that only add rows": (
        "UPDATE a SET name = upper(name); UPDATE s SET name = upper(name);"
    ),
    "an UPDATE of other columns than the key": f"{KEY} UPDATE t SET name = upper(name);",
    "children that are changed, then go with their parents": (
        "UPDATE c SET n = 1 WHERE id = 2; DELETE FROM ch WHERE id = 3;"
    ),
    "children, then their parents": (
        "DELETE FROM c WHERE t_id = 3; DELETE FROM ch WHERE id = 3;"
    ),
    "a function in a CHECK that reads another table": (
        "UPDATE looks SET name = upper(name); UPDATE s SET name = upper(name);"
    ),
    "both in the contract": (
        f"{LATE}UPDATE kid SET role = 'ok' WHERE role = 'bad';\n"
        f"{LATE}DELETE FROM par WHERE id IN (11, 12) AND role = 'bad';"
    ),
}


Starts = tuple[Snapshot, Snapshot]


@pytest.fixture(scope="module")
def starts(server: Server) -> Iterator[Starts]:
    """The schema without statistics, and with them."""
    with (
        fresh_database(server) as url,
        connection.connect(url, name="tests", autocommit=True) as own,
    ):
        own.execute(f"{TABLES}{ROWS}".encode())
        unknown = read.read(own)
        own.execute("ANALYZE")
        yield unknown, read.read(own)


@pytest.fixture(scope="module")
def start(starts: Starts) -> Snapshot:
    return starts[0]


def planned(sql: str, start: Snapshot) -> Plan:
    train = schemas.train(sql)
    found = classify.classify(train, start)
    return schedule.plan(found, name="p", train=train, snapshot=start)


@pytest.mark.parametrize("case", MET)
def test_a_statement_that_meets_another_one_so_is_refused(case: str, start: Snapshot) -> None:
    with pytest.raises(TrainRefusedError) as refused:
        planned(MET[case], start)

    assert [one.slug for one in refused.value.findings] == ["rows_met_through"]


@pytest.mark.parametrize("case", MET_BY_FEW)
def test_the_same_with_few_rows_is_refused(case: str, starts: Starts) -> None:
    with pytest.raises(TrainRefusedError) as refused:
        planned(MET_BY_FEW[case], starts[1])

    assert [one.slug for one in refused.value.findings] == ["rows_met_through"]


@pytest.mark.parametrize("case", APART)
def test_statements_that_do_not_meet_so_are_planned(case: str, start: Snapshot) -> None:
    plan = planned(APART[case], start)

    assert any(step.phase is Phase.ROLLOUT for step in plan.steps)


def test_the_refusal_names_the_table_and_how_they_meet_in_it(start: Snapshot) -> None:
    with pytest.raises(TrainRefusedError) as refused:
        planned(MET["a trigger that changes"], start)

    assert "meet in rows of it (" in refused.value.findings[0].message
    assert "through trigger sync of o" in refused.value.findings[0].message


def test_rows_of_a_parent_do_not_decide_what_is_copied_into_its_partition(
    start: Snapshot,
) -> None:
    sql = (
        "CREATE TABLE n (y int, id bigint, v text, PRIMARY KEY (y, id)) PARTITION BY LIST (y);"
        "CREATE TABLE n_1 PARTITION OF n FOR VALUES IN (1);"
        "INSERT INTO n_1 SELECT 1, t.id, t.name FROM t"
        " WHERE NOT EXISTS (SELECT FROM n WHERE n.v = t.name);"
    )

    with pytest.raises(TrainRefusedError, match="for each batch the rows of those before it"):
        planned(sql, start)


FOLLOWS = (
    "ALTER TABLE s ADD CONSTRAINT s_fk FOREIGN KEY (t_id) REFERENCES t ON DELETE CASCADE"
    " NOT VALID;"
)
VALIDATE = "ALTER TABLE s VALIDATE CONSTRAINT s_fk;"


@pytest.mark.parametrize(
    ("sql", "order"),
    [
        ("DELETE FROM t WHERE id = 4;", ["add_foreign_key", "delete_rows"]),
        ("DELETE FROM s WHERE t_id = 4;", ["delete_rows", "add_foreign_key"]),
    ],
)
def test_a_key_that_deletes_is_there_before_the_rows_it_is_about_go(
    sql: str, order: list[str], starts: Starts
) -> None:
    plan = planned(f"{FOLLOWS} {sql} {VALIDATE}", starts[1])
    late = [step.operation for step in plan.steps if step.phase is Phase.CONTRACT]

    assert list(dict.fromkeys(late)) == order
