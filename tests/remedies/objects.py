"""Indexes, tables, types and other objects."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

PARTS = """
CREATE TABLE part (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000);
CREATE INDEX part_n ON part (n);
"""
DEFAULT = "CREATE TABLE rest PARTITION OF part DEFAULT;\n"
TRIGGER = """
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RAISE DEBUG ''%'', TG_TABLE_NAME; RETURN NEW; END';
CREATE TRIGGER audited BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();
"""
WHOLE_ROWS = """
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN PERFORM to_jsonb(NEW); RETURN NEW; END';
CREATE TRIGGER audited BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();
"""
SERIAL = "CREATE TABLE roles (id serial PRIMARY KEY, place integer);"
RENAME = "ALTER TABLE users RENAME TO accounts;"
ENTRIES = (
    Entry(
        slug="index_cannot_be_planned",
        before=PARTS,
        refused="CREATE INDEX i ON part (n);",
        fixed=(
            f"{EXPAND}CREATE INDEX i ON ONLY part (n);\n"
            "CREATE INDEX i1 ON part1 (n);\n"
            f"{EXPAND}ALTER INDEX i ATTACH PARTITION i1;",
        ),
    ),
    Entry(
        slug="index_cannot_be_planned",
        before=USERS + "CREATE INDEX i ON users (n);"
        " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass;",
        start=USERS,
        refused="CREATE INDEX i ON users (n);",
        fixed=("CREATE INDEX i ON users (n);",),
    ),
    Entry(
        slug="index_exists",
        before=USERS + "CREATE INDEX i ON users (n);",
        refused="CREATE INDEX i ON users (name);",
        fixed=("CREATE INDEX j ON users (name);",),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=USERS + "ALTER TABLE users ADD CONSTRAINT u UNIQUE (n);",
        refused="DROP INDEX u;",
        fixed=(f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT u;",),
    ),
    Entry(
        slug="several_indexes",
        before=USERS + "CREATE INDEX i ON users (n); CREATE INDEX j ON users (name);",
        refused="DROP INDEX CONCURRENTLY i, j;",
        fixed=("DROP INDEX CONCURRENTLY i;\nDROP INDEX CONCURRENTLY j;",),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=PARTS,
        refused="DROP INDEX part_n;",
        fixed=(f"{CONTRACT}DROP INDEX part_n;",),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before="CREATE TABLE users (id bigint NOT NULL); CREATE UNIQUE INDEX u ON users (id);"
        " ALTER TABLE users REPLICA IDENTITY USING INDEX u;",
        refused="DROP INDEX u;",
        fixed=(
            f"{EXPAND}ALTER TABLE users REPLICA IDENTITY FULL;",
            f"{CONTRACT}DROP INDEX u;",
        ),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=USERS + "CREATE UNIQUE INDEX u ON users (n);",
        refused="DROP INDEX u;",
        fixed=(f"{CONTRACT}DROP INDEX CONCURRENTLY u;",),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=USERS + "CREATE UNIQUE INDEX u ON users (n);",
        refused="DROP INDEX u;",
        fixed=(f"{EXPAND}DROP INDEX u;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE INDEX i ON users (n);",
        refused="DROP INDEX i;",
        fixed=("DROP INDEX i;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE UNIQUE INDEX u ON users (n);",
        refused=f"{CONTRACT}DROP INDEX u;\nCREATE UNIQUE INDEX u ON users (n, name);",
        fixed=(f"{CONTRACT}DROP INDEX u;\nCREATE UNIQUE INDEX u ON users (n, name);",),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=USERS + "CREATE INDEX i ON users (n);",
        refused="DROP INDEX i CASCADE;",
        fixed=("DROP INDEX i;",),
    ),
    Entry(
        slug="unknown_index",
        before=USERS + "CREATE INDEX i ON users (n);",
        refused="DROP INDEX j;",
        fixed=("DROP INDEX i;",),
    ),
    Entry(
        slug="object_exists",
        before=USERS + "CREATE VIEW v AS SELECT n FROM users;",
        refused="CREATE VIEW v AS SELECT n, id FROM users;",
        fixed=("CREATE VIEW w AS SELECT n, id FROM users;",),
    ),
    Entry(
        slug="temporary_table",
        refused="CREATE TEMP TABLE t (id int);",
        fixed=("CREATE TABLE t (id int);", f"{CONTRACT}DROP TABLE t;"),
    ),
    Entry(
        slug="create_table_as",
        refused="CREATE TABLE t AS SELECT id FROM users;",
        fixed=(f"CREATE TABLE t (id bigint);\n{CONTRACT}INSERT INTO t SELECT id FROM users;",),
    ),
    Entry(
        slug="create_table_cannot_be_planned",
        before=PARTS + DEFAULT,
        refused="CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (1000) TO (2000);",
        fixed=(
            "ALTER TABLE rest ADD CONSTRAINT k CHECK (id < 1000 OR id >= 2000);",
            "CREATE TABLE part2 (LIKE part INCLUDING ALL);\n"
            "ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM (1000) TO (2000);",
        ),
    ),
    Entry(
        slug="rename_table_blocked",
        before=USERS + "CREATE TABLE heirs () INHERITS (users);",
        refused=RENAME,
        fixed=(f"{CONTRACT}{RENAME}",),
    ),
    Entry(
        slug="rename_table_blocked",
        before=USERS + "CREATE TABLE accounts (id int);",
        refused=RENAME,
        fixed=("ALTER TABLE users RENAME TO people;",),
    ),
    Entry(
        slug="rename_table_blocked",
        before=USERS + "CREATE TABLE other (id int PRIMARY KEY);"
        " CREATE PUBLICATION p FOR TABLE users, other;",
        refused=RENAME,
        fixed=(f"{CONTRACT}ALTER PUBLICATION p DROP TABLE users;", RENAME),
    ),
    Entry(
        slug="rename_table_blocked",
        before=USERS + TRIGGER,
        refused=RENAME,
        fixed=(
            f"{EXPAND}CREATE OR REPLACE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql\n"
            "AS 'BEGIN RAISE DEBUG ''%'', TG_ARGV[0]; RETURN NEW; END';\n"
            f"{EXPAND}CREATE OR REPLACE TRIGGER audited BEFORE UPDATE ON users FOR EACH ROW\n"
            "EXECUTE FUNCTION audit('users');",
            RENAME,
        ),
    ),
    Entry(
        slug="rename_table_blocked",
        before=USERS + WHOLE_ROWS,
        refused=f"ALTER TABLE users RENAME email TO address; {RENAME}",
        fixed=("ALTER TABLE users RENAME email TO address;", RENAME),
    ),
    Entry(
        slug="rename_table_blocked",
        before=USERS + "CREATE FUNCTION f(u users) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        refused=RENAME,
        fixed=(f"{CONTRACT}DROP FUNCTION f(users);", RENAME),
    ),
    Entry(
        slug="drop_table_blocked",
        before=PARTS,
        refused="DROP TABLE part;",
        fixed=(f"{CONTRACT}DROP TABLE part;",),
    ),
    Entry(
        slug="drop_table_blocked",
        before=PARTS,
        refused="DROP TABLE part1;",
        fixed=("ALTER TABLE part DETACH PARTITION part1;\nDROP TABLE part1;",),
    ),
    Entry(
        slug="drop_table_in_use",
        before=USERS + "CREATE VIEW v AS SELECT n FROM users;",
        refused="DROP TABLE users CASCADE;",
        fixed=(f"{CONTRACT}DROP VIEW v;\nDROP TABLE users;",),
    ),
    Entry(
        slug="drop_of_several_tables",
        before=USERS + "CREATE TABLE carts (owner bigint REFERENCES users);",
        refused="DROP TABLE users, carts;",
        fixed=("DROP TABLE carts;\nDROP TABLE users;",),
    ),
    Entry(
        slug="hazard",
        before=USERS
        + """
CREATE TABLE carts (id bigserial PRIMARY KEY, owner bigint REFERENCES users);
CREATE PUBLICATION p FOR TABLE carts, users;
CREATE FUNCTION owners() RETURNS bigint LANGUAGE sql AS 'SELECT count(owner) FROM carts';""",
        refused="DROP TABLE carts;",
        fixed=(
            f"{CONTRACT}CREATE OR REPLACE FUNCTION owners() RETURNS bigint LANGUAGE sql\n"
            "AS 'SELECT 0::bigint';\nDROP TABLE carts;",
        ),
    ),
    Entry(
        slug="type_change_rewrites",
        refused="ALTER TABLE users ALTER n TYPE numeric;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m numeric;\nUPDATE users SET m = n;\n"
            "ALTER TABLE users DROP COLUMN n;",
            "ALTER TABLE users RENAME COLUMN m TO n;",
        ),
    ),
    Entry(
        slug="type_change_rewrites",
        refused="ALTER TABLE users ALTER n TYPE numeric;",
        fixed=(f"{EXPAND}ALTER TABLE users ALTER n TYPE numeric;",),
    ),
    Entry(
        slug="type_change_blocked",
        before="CREATE DOMAIN word AS text DEFAULT 'none';"
        "CREATE TABLE users (id bigint PRIMARY KEY, note word);",
        refused="ALTER TABLE users ALTER note TYPE text;",
        fixed=(
            "ALTER TABLE users ALTER note SET DEFAULT 'none';\n"
            "ALTER TABLE users ALTER note TYPE text;",
            "ALTER TABLE users ALTER note DROP DEFAULT;",
        ),
    ),
    Entry(
        slug="type_change_blocked",
        before=USERS + "CREATE VIEW v AS SELECT n FROM users;",
        refused="ALTER TABLE users ADD COLUMN m bigint;\nUPDATE users SET m = n;\n"
        "ALTER TABLE users DROP COLUMN n;",
        fixed=(
            f"{CONTRACT}DROP VIEW v;",
            "ALTER TABLE users ADD COLUMN m bigint;\nUPDATE users SET m = n;\n"
            "ALTER TABLE users DROP COLUMN n;",
        ),
    ),
    Entry(
        slug="type_change_blocked",
        refused="ALTER TABLE users ADD COLUMN t timestamptz;\n"
        "UPDATE users SET t = at::timestamptz;\nALTER TABLE users DROP COLUMN at;",
        fixed=(
            "ALTER TABLE users ADD COLUMN t timestamptz;\n"
            "UPDATE users SET t = at AT TIME ZONE 'UTC';\nALTER TABLE users DROP COLUMN at;",
        ),
    ),
    Entry(
        slug="type_change_blocked",
        refused="ALTER TABLE users ADD COLUMN m text;\n"
        "UPDATE users SET m = n || random()::text;\nALTER TABLE users DROP COLUMN n;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m text;\n"
            "UPDATE users SET m = n::text;\nALTER TABLE users DROP COLUMN n;",
        ),
    ),
    Entry(
        slug="type_change_blocked",
        refused="ALTER TABLE users ADD COLUMN m bigint;\n"
        "UPDATE users SET m = n * 2;\nALTER TABLE users DROP COLUMN n;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m bigint;\n"
            "-- zdm: reverse n = m / 2\n"
            "UPDATE users SET m = n * 2;\nALTER TABLE users DROP COLUMN n;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE INDEX i ON users (name, n);",
        refused="ALTER TABLE users DROP COLUMN name;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m text;\nCREATE INDEX j ON users (m, n);\n"
            "ALTER TABLE users DROP COLUMN name;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE INDEX i ON users (name);",
        refused="ALTER TABLE users ADD COLUMN m text;\nUPDATE users SET m = name;\n"
        "ALTER TABLE users DROP COLUMN name;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m text;\nUPDATE users SET m = name;\n"
            "ALTER TABLE users DROP COLUMN name;\nCREATE INDEX j ON users (m);",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE FUNCTION count_users() RETURNS bigint LANGUAGE plpgsql"
        " AS 'BEGIN RETURN (SELECT count(*) FROM users); END';",
        refused=RENAME,
        fixed=(
            f"{RENAME}\n{CONTRACT}CREATE OR REPLACE FUNCTION count_users() RETURNS bigint\n"
            "LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM accounts); END';",
        ),
    ),
    Entry(
        slug="select_may_write",
        before=USERS + "CREATE FUNCTION tidy() RETURNS void LANGUAGE sql AS"
        " 'UPDATE users SET n = 0 WHERE n IS NULL';",
        refused="SELECT tidy();",
        fixed=(f"{EXPAND}SELECT tidy();",),
    ),
    Entry(
        slug="truncate_of_rows",
        refused="TRUNCATE users;",
        fixed=("DELETE FROM users WHERE n IS NULL;", f"{CONTRACT}TRUNCATE users;"),
    ),
    Entry(
        slug="truncate_of_rows",
        before=USERS + "CREATE TABLE mails (id bigint REFERENCES users);",
        refused="TRUNCATE users CASCADE;",
        fixed=(f"{CONTRACT}TRUNCATE mails, users;",),
    ),
    Entry(
        slug="truncate_of_rows",
        refused="TRUNCATE usres;",
        fixed=("CREATE TABLE n (id int);\nTRUNCATE n;",),
    ),
    Entry(
        slug="truncate_of_rows",
        refused="CREATE TABLE n (id int PRIMARY KEY);\nCREATE TABLE m (id int REFERENCES n);\n"
        "TRUNCATE n, m;",
        fixed=(
            "CREATE TABLE n (id int PRIMARY KEY);\nCREATE TABLE m (id int REFERENCES n);\n"
            "DELETE FROM m;\nDELETE FROM n;",
        ),
    ),
    Entry(
        slug="unknown_sequence",
        before=SERIAL,
        refused="SELECT setval('rolls_id_seq', 70);",
        fixed=("SELECT setval('roles_id_seq', 70);",),
    ),
    Entry(
        slug="sequence_cannot_be_set",
        before=SERIAL,
        refused="SELECT setval('roles_id_seq', id) FROM roles;",
        fixed=(
            "SELECT setval('roles_id_seq', max(id)) FROM roles;",
            f"{EXPAND}SELECT setval('roles_id_seq', id) FROM roles;",
        ),
    ),
    Entry(
        slug="sequence_set_back",
        before=SERIAL,
        refused="ALTER SEQUENCE roles_id_seq RESTART;",
        fixed=(
            "ALTER SEQUENCE roles_id_seq RESTART WITH 100;",
            f"{CONTRACT}ALTER SEQUENCE roles_id_seq RESTART;",
        ),
    ),
    Entry(
        slug="sequence_reads_rows",
        before=SERIAL,
        refused="SELECT setval('roles_id_seq', max(place)) FROM roles;",
        fixed=(
            "SELECT setval('roles_id_seq', 100);",
            "SELECT setval('roles_id_seq', max(id)) FROM roles;",
        ),
    ),
    Entry(
        slug="merge_cannot_be_planned",
        before=USERS + "CREATE TABLE news (id bigint PRIMARY KEY, n int); ANALYZE;",
        refused="MERGE INTO users USING news ON news.id = users.id"
        " WHEN MATCHED THEN UPDATE SET n = news.n"
        " WHEN NOT MATCHED THEN INSERT (id, n) VALUES (news.id, news.n);",
        fixed=(
            "INSERT INTO users (id, n) SELECT id, n FROM news WHERE true"
            " ON CONFLICT (id) DO UPDATE SET n = excluded.n;",
            "UPDATE users SET n = news.n FROM news WHERE news.id = users.id;",
            "DELETE FROM users USING news WHERE news.id = users.id;",
            f"{EXPAND}MERGE INTO users USING news ON news.id = users.id"
            " WHEN MATCHED THEN UPDATE SET n = news.n;",
        ),
    ),
)
