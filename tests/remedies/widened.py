"""Integers that get wider."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

SLUG = "integer_cannot_be_widened"
WIDER = "ALTER TABLE users ALTER n TYPE bigint;"


def function(name: str, returns: str, body: str) -> str:
    """One of plpgsql without arguments."""
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS {returns} LANGUAGE plpgsql"
        f" AS $$BEGIN {body} END$$;"
    )


ENTRIES = (
    Entry(
        slug=SLUG,
        before=USERS + "CREATE VIEW v AS SELECT n FROM users;",
        refused=WIDER,
        fixed=(f"{CONTRACT}DROP VIEW v;", WIDER, "CREATE VIEW v AS SELECT n FROM users;"),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE users (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);"
        "CREATE TABLE users_1 PARTITION OF users DEFAULT;",
        refused=WIDER,
        fixed=(f"{CONTRACT}{WIDER}",),
    ),
    Entry(
        slug=SLUG,
        before=USERS + "CREATE FUNCTION f(users) RETURNS int LANGUAGE sql AS 'SELECT ($1).n';",
        refused=WIDER,
        fixed=(f"{CONTRACT}DROP FUNCTION f(users);", WIDER),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE users (id bigint PRIMARY KEY, m int,"
        " n int GENERATED ALWAYS AS (m * 2) STORED);",
        refused=WIDER,
        fixed=(f"{CONTRACT}ALTER TABLE users DROP COLUMN n;",),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE users (id bigint PRIMARY KEY, n int, zdm_n int);",
        refused=WIDER,
        fixed=("ALTER TABLE users RENAME COLUMN zdm_n TO m;", WIDER),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE users (n int PRIMARY KEY);"
        "CREATE TABLE logs (id int, user_n int CONSTRAINT k REFERENCES users)"
        " PARTITION BY RANGE (id);"
        "CREATE TABLE logs_1 PARTITION OF logs DEFAULT;",
        refused=WIDER,
        fixed=(f"{CONTRACT}ALTER TABLE logs DROP CONSTRAINT k;", WIDER),
    ),
    Entry(
        slug=SLUG,
        before=USERS + function("f", "int", "INSERT INTO users VALUES (1); RETURN 1;"),
        refused=WIDER,
        fixed=(function("f", "int", "INSERT INTO users (id) VALUES (1); RETURN 1;"), WIDER),
    ),
    Entry(
        slug=SLUG,
        before=USERS
        + function("f", "int", "INSERT INTO logs (n) SELECT * FROM users; RETURN 1;"),
        refused=WIDER,
        fixed=(
            function("f", "int", "INSERT INTO logs (n) SELECT n FROM users; RETURN 1;"),
            WIDER,
        ),
    ),
    Entry(
        slug=SLUG,
        before=USERS
        + function(
            "f",
            "int",
            "INSERT INTO logs (n) SELECT ((1, '', '', 1, now())::users).n; RETURN 1;",
        ),
        refused=WIDER,
        fixed=(
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r users;"
            " BEGIN r.n := 1; INSERT INTO logs (n) VALUES (r.n); RETURN 1; END $$;",
            WIDER,
        ),
    ),
    Entry(
        slug=SLUG,
        before=USERS + function("f", "TABLE (a int)", "RETURN QUERY SELECT n FROM users;"),
        refused=WIDER,
        fixed=(
            function("f", "TABLE (a int)", "RETURN QUERY SELECT n::integer FROM users;"),
            WIDER,
        ),
    ),
    Entry(
        slug=SLUG,
        before=USERS
        + function("f", "trigger", "INSERT INTO logs (j) VALUES (to_jsonb(NEW)); RETURN NEW;")
        + "CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();",
        refused=WIDER,
        fixed=(
            function(
                "f",
                "trigger",
                "INSERT INTO logs (j) VALUES (to_jsonb(NEW) - 'zdm_n'); RETURN NEW;",
            ),
            WIDER,
        ),
    ),
    Entry(
        slug=SLUG,
        before=USERS
        + "CREATE FUNCTION g(integer) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        + function("f", "trigger", "NEW.name := g(NEW.n); RETURN NEW;")
        + "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();",
        refused=WIDER,
        fixed=(function("f", "trigger", "NEW.name := g(NEW.n::integer); RETURN NEW;"), WIDER),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE users (id bigint PRIMARY KEY, name text, n int, v int);"
        + function("f", "trigger", "NEW.v := OLD.v + 1; RETURN NEW;")
        + "CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();",
        refused=WIDER,
        fixed=(
            "CREATE OR REPLACE TRIGGER t BEFORE UPDATE OF name ON users"
            " FOR EACH ROW EXECUTE FUNCTION f();",
            WIDER,
        ),
    ),
    Entry(
        slug=SLUG,
        before=USERS,
        refused=f"{WIDER} UPDATE users SET n = id * 3;",
        fixed=(WIDER, "UPDATE users SET n = id * 3;"),
    ),
    Entry(
        slug=SLUG,
        before=USERS,
        refused=f"{WIDER} CREATE STATISTICS both2 ON n, id FROM users;",
        fixed=(WIDER, "CREATE STATISTICS both2 ON n, id FROM users;"),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE users (n int PRIMARY KEY);"
        "CREATE TABLE carts (id bigint PRIMARY KEY, user_n int CONSTRAINT k REFERENCES users);",
        refused="ALTER TABLE carts DROP CONSTRAINT k;"
        f"{WIDER} ALTER TABLE carts ALTER user_n TYPE bigint;"
        "ALTER TABLE carts ADD CONSTRAINT k FOREIGN KEY (user_n) REFERENCES users;",
        fixed=(f"{WIDER} ALTER TABLE carts ALTER user_n TYPE bigint;",),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE users (n int CONSTRAINT u UNIQUE DEFERRABLE);",
        refused=WIDER,
        fixed=(f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT u;", WIDER),
    ),
    Entry(
        slug="hazard",
        before="CREATE TABLE users (n serial PRIMARY KEY);"
        "CREATE TABLE carts (id bigint PRIMARY KEY, user_n int REFERENCES users);",
        refused=WIDER,
        fixed=(
            f"{WIDER}\nALTER SEQUENCE users_n_seq AS bigint;\n"
            "ALTER TABLE carts ALTER COLUMN user_n TYPE bigint;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE PUBLICATION p FOR TABLE users;"
        "CREATE FUNCTION f(integer) RETURNS int LANGUAGE sql AS 'SELECT $1';",
        refused=WIDER,
        fixed=(
            EXPAND + "CREATE FUNCTION f(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT $1';",
            WIDER,
        ),
    ),
)
