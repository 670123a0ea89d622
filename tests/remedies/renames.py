"""Renames of views, functions and other objects, and indexes of materialized views."""

from tests.remedies.entry import CONTRACT, USERS, Entry

VIEW = USERS + "CREATE VIEW people AS SELECT id, email FROM users;"
RENAME = "ALTER VIEW people RENAME TO persons;"
TWICE = """
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
"""
NAMING = """
CREATE FUNCTION four() RETURNS integer LANGUAGE sql AS 'SELECT twice(2)';
"""
OBJECTS = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE SEQUENCE numbers;
CREATE SCHEMA app;
"""
MADE = """
CREATE MATERIALIZED VIEW seen AS SELECT id, n FROM users;
CREATE INDEX seen_n ON seen (n);
"""
MOVE = "ALTER TABLE users SET SCHEMA app;"
ENTRIES = (
    Entry(
        slug="schema_cannot_be_set",
        before=USERS + "CREATE SCHEMA app; CREATE TABLE app.users ();",
        start=USERS + "CREATE SCHEMA app;",
        refused=MOVE,
        fixed=(MOVE,),
    ),
    Entry(slug="schema_cannot_be_set", refused=MOVE, fixed=("CREATE SCHEMA app;\n" + MOVE,)),
    Entry(
        slug="schema_cannot_be_set",
        before=USERS + "CREATE SCHEMA app; CREATE SEQUENCE app.users_pkey;",
        start=USERS + "CREATE SCHEMA app; CREATE SEQUENCE app.users_key;",
        refused=MOVE,
        fixed=(MOVE,),
    ),
    Entry(
        slug="schema_cannot_be_set",
        refused="ALTER TABLE users SET SCHEMA public;\nCREATE INDEX i ON users (n);",
        fixed=("CREATE INDEX i ON users (n);",),
    ),
    Entry(
        slug="schema_cannot_be_set",
        before=USERS + "CREATE SCHEMA app;"
        " CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM users';",
        refused=MOVE,
        fixed=(CONTRACT + MOVE,),
    ),
    Entry(
        slug="schema_cannot_be_set",
        before=OBJECTS,
        refused="ALTER SEQUENCE numbers SET SCHEMA app;",
        fixed=(CONTRACT + "ALTER SEQUENCE numbers SET SCHEMA app;",),
    ),
    Entry(
        slug="schema_cannot_be_set",
        before=TWICE + "CREATE SCHEMA app; CREATE FUNCTION twice() RETURNS integer LANGUAGE sql"
        " AS 'SELECT 2'; GRANT USAGE ON SCHEMA app TO PUBLIC;",
        refused="ALTER FUNCTION twice SET SCHEMA app;",
        fixed=("ALTER FUNCTION twice() SET SCHEMA app;",),
    ),
    Entry(
        slug="schema_cannot_be_set",
        before=TWICE + "CREATE SCHEMA app; CREATE SCHEMA lib;"
        " GRANT USAGE ON SCHEMA lib TO PUBLIC;"
        " CREATE FUNCTION app.twice() RETURNS integer LANGUAGE sql AS 'SELECT 2';",
        refused="ALTER FUNCTION public.twice SET SCHEMA app;",
        fixed=("ALTER FUNCTION public.twice SET SCHEMA lib;",),
    ),
    Entry(
        slug="schema_cannot_be_set",
        before=USERS + "CREATE SCHEMA app;",
        refused="CREATE VIEW v AS SELECT id FROM users;\nALTER VIEW v SET SCHEMA app;",
        fixed=("CREATE VIEW app.v AS SELECT id FROM users;",),
    ),
    Entry(
        slug="right_missing",
        before=TWICE + "CREATE SCHEMA app;",
        refused="ALTER FUNCTION twice SET SCHEMA app;",
        fixed=("GRANT USAGE ON SCHEMA app TO PUBLIC;\nALTER FUNCTION twice SET SCHEMA app;",),
    ),
    Entry(
        slug="moved_in_train",
        before=USERS + "CREATE SCHEMA app;",
        refused=MOVE + "\nCREATE INDEX i ON app.users (n);",
        fixed=(MOVE, "CREATE INDEX i ON app.users (n);"),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=USERS + MADE,
        refused="DROP INDEX seen_n;\nCREATE INDEX seen_n ON seen (n DESC);",
        fixed=("DROP INDEX seen_n;\nCREATE INDEX seen_n2 ON seen (n DESC);",),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=USERS,
        refused=MADE + "DROP INDEX seen_n;",
        fixed=("CREATE MATERIALIZED VIEW seen AS SELECT id, n FROM users;",),
    ),
    Entry(
        slug="index_cannot_be_dropped",
        before=USERS + MADE,
        refused="DROP INDEX seen_n CASCADE;",
        fixed=("DROP INDEX seen_n;",),
    ),
    Entry(
        slug="index_cannot_be_renamed",
        before=USERS + MADE,
        refused="ALTER INDEX seen_n RENAME TO users;",
        fixed=("ALTER INDEX seen_n RENAME TO seen_by_n;",),
    ),
    Entry(
        slug="view_cannot_be_renamed",
        before=VIEW,
        refused="ALTER VIEW people RENAME TO users;",
        fixed=(RENAME,),
    ),
    Entry(
        slug="view_cannot_be_renamed",
        before=VIEW + "CREATE RULE r AS ON DELETE TO people DO INSTEAD NOTHING;",
        refused=RENAME,
        fixed=(CONTRACT + RENAME,),
    ),
    Entry(
        slug="view_cannot_be_renamed",
        before=VIEW
        + "CREATE FUNCTION f(r people) RETURNS bigint LANGUAGE sql AS 'SELECT r.id';",
        refused=RENAME,
        fixed=(CONTRACT + RENAME,),
    ),
    Entry(
        slug="view_cannot_be_renamed",
        before=USERS,
        refused="CREATE VIEW people AS SELECT id FROM users;\n" + RENAME,
        fixed=("CREATE VIEW persons AS SELECT id FROM users;",),
    ),
    Entry(
        slug="unknown_name",
        before=VIEW,
        refused="ALTER VIEW peeple RENAME TO persons;",
        fixed=(RENAME,),
    ),
    Entry(
        slug="name_reused",
        before=VIEW,
        refused=RENAME + "\nCREATE VIEW people AS SELECT id FROM users;",
        fixed=(RENAME, "CREATE VIEW people AS SELECT id FROM users;"),
    ),
    Entry(
        slug="name_reused",
        before=TWICE,
        refused="ALTER FUNCTION twice RENAME TO doubled;\nDROP FUNCTION doubled;",
        fixed=("ALTER FUNCTION twice RENAME TO doubled;", "DROP FUNCTION doubled;"),
    ),
    Entry(
        slug="hazard",
        before=TWICE + NAMING,
        refused="ALTER FUNCTION twice RENAME TO doubled;",
        fixed=(
            "ALTER FUNCTION twice RENAME TO doubled;\n"
            + CONTRACT
            + NAMING.replace("CREATE", "CREATE OR REPLACE").replace("twice", "doubled"),
        ),
    ),
    Entry(
        slug="function_cannot_be_renamed",
        before=TWICE + TWICE.replace("integer", "bigint"),
        refused="ALTER FUNCTION twice RENAME TO doubled;",
        fixed=("ALTER FUNCTION twice(integer) RENAME TO doubled;",),
    ),
    Entry(
        slug="function_cannot_be_renamed",
        before=TWICE + NAMING,
        refused="ALTER FUNCTION four RENAME TO twice;",
        fixed=("ALTER FUNCTION four RENAME TO four_of;",),
    ),
    Entry(
        slug="function_cannot_be_renamed",
        before="",
        refused=TWICE + "ALTER FUNCTION twice RENAME TO doubled;",
        fixed=(TWICE.replace("twice", "doubled"),),
    ),
    Entry(
        slug="unknown_name",
        before=TWICE,
        refused="ALTER FUNCTION thrice RENAME TO doubled;",
        fixed=("ALTER FUNCTION twice RENAME TO doubled;",),
    ),
    Entry(
        slug="rename_breaks",
        before=OBJECTS,
        refused="ALTER TYPE mood RENAME TO feeling;",
        fixed=(f"{CONTRACT}ALTER TYPE mood RENAME TO feeling;",),
    ),
    Entry(
        slug="rename_breaks",
        before=OBJECTS,
        refused="ALTER SEQUENCE numbers RENAME TO counted;",
        fixed=(f"{CONTRACT}ALTER SEQUENCE numbers RENAME TO counted;",),
    ),
    Entry(
        slug="rename_breaks",
        before="",
        refused="CREATE SCHEMA app;\nALTER SCHEMA app RENAME TO shop;",
        fixed=("CREATE SCHEMA shop;",),
    ),
)
