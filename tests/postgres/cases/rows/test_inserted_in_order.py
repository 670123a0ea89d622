"""Rows that the author inserts, and triggers that they create, behind an UPDATE or DELETE: both
are as if the statements had run one after the other."""

import pytest

from tests.conftest import fresh_database
from tests.postgres.cases.writing import left, plainly, planned, run
from zdm.errors import RefusedError
from zdm.postgres.server.provider import Server

T = """
CREATE TABLE t (id bigint PRIMARY KEY, name text, role text, c text DEFAULT 'old');
INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 5) AS g;
"""
MEMBER = "UPDATE t SET role = 'member' WHERE role IS NULL;"
ROLES = """
CREATE TABLE roles (id bigint PRIMARY KEY, name text, note text);
CREATE TABLE users (id bigint PRIMARY KEY, role_id bigint REFERENCES roles, name text);
INSERT INTO roles VALUES (1, 'admin'); INSERT INTO users VALUES (1, NULL, 'x');
"""
NOTE = "UPDATE roles SET note = 'n' WHERE note IS NULL;"
NEW = "INSERT INTO roles VALUES (9, 'new', 'z');"
PERMS = "CREATE TABLE perms (id bigint PRIMARY KEY, role_id bigint REFERENCES roles);"
few = pytest.mark.parametrize("analysed", ["", "ANALYZE;"], ids=["many", "few"])
EXPAND = "-- zdm: run in expand -- both versions work with it\n"
CONTRACT = "-- zdm: run in contract -- only the new version needs it\n"
TOUCH = f"""
{EXPAND}CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql
AS $$BEGIN NEW.c := 'touched'; RETURN NEW; END$$;
{EXPAND}CREATE TRIGGER a_touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
"""
TOUCHED = T + TOUCH
MADE = """
CREATE TABLE other (id bigint PRIMARY KEY, made bigint);
CREATE FUNCTION make(bigint) RETURNS bigint LANGUAGE sql
AS $$INSERT INTO t (id) VALUES ($1) RETURNING id$$;
CREATE FUNCTION make() RETURNS trigger LANGUAGE plpgsql
AS $$BEGIN INSERT INTO t (id) VALUES (NEW.id + 10); RETURN NULL; END$$;
CREATE TRIGGER make AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION make();
"""
SAME = "INSERT INTO t (id, name) VALUES (9, 'n1') ON CONFLICT DO NOTHING;"
NAMED = (
    "INSERT INTO t (id, name) VALUES (9, 'n1') ON CONFLICT (name) DO UPDATE SET c = 'again';"
)
KEY = "ALTER TABLE t ADD COLUMN k text UNIQUE;"
TWICE = "INSERT INTO t (id, k) VALUES (10, 'x') ON CONFLICT DO NOTHING;"


@few
@pytest.mark.parametrize(
    ("before", "train", "query"),
    [
        (T, f"{MEMBER} INSERT INTO t (id) VALUES (9);", "TABLE t ORDER BY id"),
        (
            T,
            f"{MEMBER} INSERT INTO t (id) VALUES (9); UPDATE t SET c = 'x' WHERE c = 'old';",
            "TABLE t ORDER BY id",
        ),
        (
            T,
            f"{MEMBER} INSERT INTO t (id) VALUES (9);"
            "ALTER TABLE t ALTER COLUMN c SET DEFAULT 'new';",
            "TABLE t ORDER BY id",
        ),
        (
            T,
            f"{MEMBER} INSERT INTO t (id, role) VALUES (9, 'a');"
            "ALTER TABLE t ADD COLUMN d text DEFAULT 'd';"
            "INSERT INTO t (id, role) VALUES (10, 'b');",
            "TABLE t ORDER BY id",
        ),
        (ROLES, f"{PERMS} {NOTE} {NEW} INSERT INTO perms VALUES (1, 9);", "TABLE perms"),
        (
            f"{ROLES} ANALYZE roles;",
            f"{NOTE} {PERMS} INSERT INTO perms SELECT id, id FROM roles WHERE note = 'n';",
            "TABLE perms",
        ),
        (
            ROLES,
            f"{NOTE} {NEW} UPDATE users SET role_id = 9 WHERE role_id IS NULL;",
            "TABLE users ORDER BY id",
        ),
        (
            ROLES,
            f"{NOTE} {NEW} UPDATE users SET role_id = 9 WHERE role_id IS NULL;"
            "ALTER TABLE users ALTER COLUMN role_id SET NOT NULL;",
            "TABLE users ORDER BY id",
        ),
        (
            ROLES,
            f"{NOTE} {NEW} ALTER TABLE users ADD COLUMN second bigint;"
            "UPDATE users SET second = 9;"
            "ALTER TABLE users ADD FOREIGN KEY (second) REFERENCES roles;",
            "TABLE users ORDER BY id",
        ),
        (T, MEMBER + TOUCH, "TABLE t ORDER BY id"),
        (TOUCHED, f"{MEMBER}\n{EXPAND}DROP TRIGGER a_touch ON t;", "TABLE t ORDER BY id"),
        (
            TOUCHED,
            f"{EXPAND}ALTER TABLE t DISABLE TRIGGER a_touch;\n{MEMBER}\n"
            f"{EXPAND}ALTER TABLE t ENABLE TRIGGER a_touch;",
            "TABLE t ORDER BY id",
        ),
        (
            T,
            f"{MEMBER}\n{EXPAND}INSERT INTO t (id, role) SELECT id + 10, role FROM t;",
            "TABLE t ORDER BY id",
        ),
        (
            T,
            f"{MEMBER}\n{EXPAND}DO $$BEGIN INSERT INTO t (id) VALUES (9); END$$;",
            "TABLE t ORDER BY id",
        ),
        (
            T + MADE,
            f"{MEMBER}\n{EXPAND}DO $$BEGIN PERFORM make(9); END$$;",
            "TABLE t ORDER BY id",
        ),
        (T + MADE, f"{MEMBER} INSERT INTO other VALUES (9);", "TABLE t ORDER BY id"),
        (T + MADE, f"{MEMBER} INSERT INTO other SELECT 9, make(8);", "TABLE t ORDER BY id"),
        (
            T,
            f"{MEMBER} INSERT INTO t (id) VALUES (9); ALTER TABLE t ADD COLUMN d text;"
            "CREATE FUNCTION last_d() RETURNS text LANGUAGE sql AS 'SELECT max(d) FROM t';"
            "CREATE VIEW ds AS SELECT last_d() AS d;",
            "TABLE ds",
        ),
        (
            T,
            f"{MEMBER}\n{EXPAND}DO $$BEGIN ALTER TABLE t ADD COLUMN d text; END$$;\n{EXPAND}"
            "DO $$DECLARE of text := chr(116); BEGIN"
            " EXECUTE format('UPDATE %I SET d = role', of); END$$;",
            "TABLE t ORDER BY id",
        ),
        (T, f"{MEMBER} CREATE UNIQUE INDEX i ON t (name); {SAME}", "TABLE t ORDER BY id"),
        (T, f"{MEMBER} CREATE UNIQUE INDEX i ON t (name); {NAMED}", "TABLE t ORDER BY id"),
        (
            T,
            f"{MEMBER} {KEY} INSERT INTO t (id, k) VALUES (9, 'x'); {TWICE}",
            "SELECT k FROM t",
        ),
        (T, f"{KEY} INSERT INTO t (id, k) VALUES (9, 'x'); {TWICE}", "SELECT k FROM t"),
    ],
    ids=[
        "insert",
        "update behind it",
        "default",
        "column",
        "new table",
        "new table reads",
        "refers",
        "refers not null",
        "refers new column",
        "trigger",
        "drop trigger",
        "without trigger",
        "as written",
        "block",
        "block by a function",
        "trigger of another table",
        "function that is called",
        "function that reads it",
        "block behind a block",
        "new index",
        "new index that is named",
        "key of a new column behind a fill",
        "key of a new column",
    ],
)
def test_a_train_leaves_the_rows_that_its_statements_leave(
    server: Server, analysed: str, before: str, train: str, query: str
) -> None:
    wanted = plainly(server, before, train, query)

    assert left(server, before + analysed, train, {}, query) == wanted


def test_the_old_version_writes_while_rows_wait_for_the_one_they_refer_to(
    server: Server,
) -> None:
    """A trigger that gives them the new row is not there before that row."""
    found = left(
        server,
        ROLES,
        f"{NOTE} {NEW} UPDATE users SET role_id = 9 WHERE role_id IS NULL;",
        {
            "expand-1": "INSERT INTO users VALUES (5)",
            "backfill-1": "INSERT INTO users VALUES (6)",
        },
        "SELECT DISTINCT role_id FROM users",
    )

    assert found == [(9,)]


BY_INDEX = (
    "CREATE UNIQUE INDEX i ON t (name); ALTER TABLE t ADD CONSTRAINT i UNIQUE USING INDEX i;"
)
BEFORE_KEY = "the INSERT would run before it"


@pytest.mark.parametrize(
    "key",
    [
        "ALTER TABLE t ADD UNIQUE (name);",
        BY_INDEX,
        f"\n{CONTRACT}ALTER TABLE t ADD EXCLUDE USING btree (name WITH =);",
    ],
)
def test_an_insert_whose_conflicts_follow_from_a_key_of_the_contract_is_refused(
    server: Server, key: str
) -> None:
    insert = (
        SAME.replace("ON CONFLICT", "ON CONFLICT ON CONSTRAINT i") if "USING I" in key else SAME
    )
    query = "SELECT id, name FROM t ORDER BY id"
    with fresh_database(server) as url:
        run(url, T)
        with pytest.raises(RefusedError, match=BEFORE_KEY):
            planned(url, key + insert)

    wanted = plainly(server, T, key + insert, query)

    assert left(server, T, f"{key}\n{CONTRACT}{insert}", {}, query) == wanted


def test_an_index_that_becomes_a_constraint_is_there_for_an_insert(server: Server) -> None:
    query = "SELECT id, name FROM t ORDER BY id"
    wanted = plainly(server, T, BY_INDEX + SAME, query)

    assert left(server, T, BY_INDEX + SAME, {}, query) == wanted


SLUG = "ALTER TABLE t ADD COLUMN slug text; UPDATE t SET slug = lower(name);"
ROWS = "INSERT INTO t (id, name, slug) VALUES (9, 'Z', {}), (10, 'Y', 'y');"


@pytest.mark.parametrize(
    "insert",
    [
        ROWS.format("NULL"),
        "INSERT INTO t (id, name) VALUES (9, 'Z');",
        "INSERT INTO t (id, slug) SELECT 9, (SELECT c FROM t WHERE id = 1);",
        f"\n{EXPAND}{ROWS.format('NULL')}",
    ],
)
def test_a_row_without_a_value_in_a_column_that_a_trigger_fills_is_refused(
    server: Server, insert: str
) -> None:
    with fresh_database(server) as url:
        run(url, T)
        with pytest.raises(RefusedError, match="a trigger fills that in every new row"):
            planned(url, f"{SLUG}{insert}")


@pytest.mark.parametrize(
    "insert", [ROWS.format("'z'"), f"\n{CONTRACT}{ROWS.format('NULL')}"], ids=["value", "late"]
)
def test_its_remedies_leave_the_rows_that_the_author_inserts(
    server: Server, insert: str
) -> None:
    query = "SELECT id, slug FROM t WHERE id > 8 ORDER BY id"
    wanted = plainly(server, T, SLUG + insert, query)

    assert left(server, T, SLUG + insert, {}, query) == wanted


AUDIT = """
CREATE TABLE audit (id bigint);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql
AS $$BEGIN INSERT INTO audit VALUES (OLD.id); RETURN OLD; END$$;
"""
TURNED = "their order would be turned round"
GONE = "DELETE FROM t WHERE name = 'n1';\n"
LOG = "CREATE TRIGGER log AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION log();\n"


@pytest.mark.parametrize(
    ("behind", "reason"),
    [
        (LOG, TURNED),
        ("INSERT INTO t (id, name) VALUES (9, 'n1');", TURNED),
        ("UPDATE t SET name = 'n1' WHERE id = 3;", "reads t.name"),
        ("CREATE UNIQUE INDEX i ON t (name);", "rows that break it would stop the run"),
    ],
    ids=["trigger", "insert", "update", "index"],
)
def test_what_runs_as_written_before_a_delete_that_stands_first_is_refused(
    server: Server, behind: str, reason: str
) -> None:
    with fresh_database(server) as url:
        run(url, T + AUDIT)
        with pytest.raises(RefusedError, match=reason):
            planned(url, GONE + EXPAND + behind)


def test_a_trigger_in_the_contract_does_not_fire_for_rows_deleted_before_it(
    server: Server,
) -> None:
    assert left(server, T + AUDIT, f"{GONE}{CONTRACT}{LOG}", {}, "TABLE audit") == []


def test_a_trigger_above_the_delete_fires_for_its_rows(server: Server) -> None:
    assert left(server, T + AUDIT, f"{EXPAND}{LOG}{GONE}", {}, "TABLE audit") == [(1,)]


def test_nulls_are_deleted_in_the_contract_where_not_null_comes(server: Server) -> None:
    found = left(
        server,
        T + "UPDATE t SET role = 'a' WHERE id > 2;",
        "DELETE FROM t WHERE role IS NULL; ALTER TABLE t ALTER COLUMN role SET NOT NULL;",
        {"rollout": "INSERT INTO t VALUES (9)"},
        "SELECT id FROM t ORDER BY id",
    )

    assert found == [(3,), (4,), (5,)]
