"""Integers that get wider."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

SLUG = "integer_cannot_be_widened"
WIDER = "ALTER TABLE users ALTER n TYPE bigint;"
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
        before="CREATE TABLE users (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
        "COMMENT ON SEQUENCE users_n_seq IS 'numbers';",
        refused=WIDER,
        fixed=(
            f'{EXPAND}COMMENT ON SEQUENCE "public"."users_n_seq" IS NULL;\n'
            f'{EXPAND}REVOKE ALL ON SEQUENCE "public"."users_n_seq" FROM PUBLIC;',
            WIDER,
        ),
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
            "CREATE FUNCTION f(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT $1';",
            WIDER,
        ),
    ),
)
