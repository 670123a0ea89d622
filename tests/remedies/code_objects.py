"""Functions, triggers and views."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

ONE = "CREATE FUNCTION one(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a';\n"
AGAIN = (
    "CREATE OR REPLACE FUNCTION one(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';"
)
CALLS = "CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN one(1); END';\n"
NOTED = """
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN IF NEW.n < 0 THEN RAISE EXCEPTION ''negative''; END IF; RETURN NEW; END';
CREATE TRIGGER noted BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();
"""
ON = "ON users FOR EACH ROW EXECUTE FUNCTION"
PARTED = """
CREATE TABLE part (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000);
CREATE TRIGGER noted AFTER UPDATE ON part FOR EACH ROW EXECUTE FUNCTION note();
"""
COUNTS = """
CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN PERFORM count(*) FROM public.users; RETURN NULL; END';
"""
PAIR = "CREATE FUNCTION pair(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';\n"
SIGN = "CREATE OPERATOR +% (LEFTARG = int, RIGHTARG = int, FUNCTION = pair);"
MOOD = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE FUNCTION mood(int) RETURNS mood LANGUAGE sql AS 'SELECT ''ok''::mood';
CREATE CAST (int AS mood) WITH FUNCTION mood(int);
"""
FREE = "CREATE FUNCTION free() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
RUNS = """
CREATE FUNCTION runs() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.n := public.free(); RETURN NEW; END';
CREATE TRIGGER runs BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION runs();
"""
GUARDS = "CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql"
GUARDS += " AS 'BEGIN IF NEW.n < 0 THEN RAISE ''negative''; END IF; RETURN NEW; END';"
STARRED = """
CREATE TABLE three (id int PRIMARY KEY, n int);
CREATE FUNCTION every() RETURNS TABLE (id int, n int) LANGUAGE sql STABLE
AS 'SELECT * FROM public.three';
"""
BY_NAME = "CREATE OR REPLACE FUNCTION every() RETURNS TABLE (id int, n int) LANGUAGE sql STABLE"
BY_NAME += " AS 'SELECT id, n FROM public.three';"
MORE = "ALTER TABLE three ADD COLUMN m int;"
SEEN = "CREATE VIEW seen AS SELECT id, n FROM users;\n"
CHECKED = "CREATE OR REPLACE VIEW seen AS SELECT id, n FROM users WHERE n > 0 WITH CHECK OPTION"
EXTENDED = (
    "CREATE FUNCTION {}(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a + b';"
)
USES = "CREATE VIEW used AS SELECT one(1, 2);"
KEPT = "CREATE MATERIALIZED VIEW kept AS SELECT id, n FROM users;\n"
KEY = "CREATE UNIQUE INDEX kept_key ON kept (id);\n"
REFRESH = "REFRESH MATERIALIZED VIEW kept;"
ENTRIES = (
    Entry(
        slug="function_cannot_be_replaced",
        before=ONE,
        refused=AGAIN.replace("OR REPLACE ", ""),
        fixed=(AGAIN,),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=ONE,
        refused="CREATE OR REPLACE FUNCTION one(a int) RETURNS text LANGUAGE sql"
        " AS 'SELECT ''1''';",
        fixed=(
            "CREATE FUNCTION one_text(a int) RETURNS text LANGUAGE sql AS 'SELECT ''1''';",
            "DROP FUNCTION one(int);",
        ),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=ONE + "COMMENT ON FUNCTION one(int) IS 'a note';",
        refused="DROP FUNCTION one(int);\n" + AGAIN,
        fixed=(AGAIN,),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=ONE,
        refused="DROP FUNCTION one(int) CASCADE;\n" + AGAIN,
        fixed=(AGAIN,),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=ONE,
        refused=AGAIN + "\n" + AGAIN.replace("SELECT 2", "SELECT 3"),
        fixed=(AGAIN.replace("SELECT 2", "SELECT 3"),),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=USERS + ONE + "CREATE INDEX i ON users (one(n));",
        refused=AGAIN,
        fixed=(EXPAND + AGAIN,),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=PAIR + SIGN,
        refused=f"CREATE OR REPLACE {PAIR[7:].replace('+', '-')}",
        fixed=(f"{EXPAND}CREATE OR REPLACE {PAIR[7:].replace('+', '-')}",),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=USERS + PAIR + "ALTER TABLE users ALTER COLUMN n SET DEFAULT pair(1, 2);",
        refused=f"CREATE OR REPLACE {PAIR[7:].replace('b int', 'b int DEFAULT 1')}",
        fixed=(f"{EXPAND}CREATE OR REPLACE {PAIR[7:].replace('b int', 'b int DEFAULT 1')}",),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=PAIR + SIGN,
        refused="DROP FUNCTION pair(int, int);",
        fixed=(f"{CONTRACT}DROP OPERATOR +% (int, int);\nDROP FUNCTION pair(int, int);",),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=MOOD,
        refused="DROP FUNCTION mood(int);",
        fixed=(f"{CONTRACT}DROP CAST (int AS mood);\nDROP FUNCTION mood(int);",),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=ONE + "REVOKE EXECUTE ON FUNCTION one(int) FROM PUBLIC;",
        refused=f"DROP FUNCTION one(int);\n{EXTENDED.format('one')}",
        fixed=(EXTENDED.format("more"), "DROP FUNCTION one(int);"),
    ),
    Entry(
        slug="function_cannot_be_replaced",
        before=ONE,
        refused=f"{AGAIN}\nDROP FUNCTION one(int);\n{EXTENDED.format('one')}",
        fixed=(f"DROP FUNCTION one(int);\n{EXTENDED.format('one')}",),
    ),
    Entry(
        slug="object_order",
        before=ONE,
        refused=f"DROP FUNCTION one(int);\n{EXTENDED.format('one')}\n{USES}",
        fixed=(f"DROP FUNCTION one(int);\n{EXTENDED.format('one')}", USES),
    ),
    Entry(
        slug="function_overloaded",
        before=ONE,
        refused="CREATE FUNCTION one(a text) RETURNS text LANGUAGE sql AS 'SELECT a';",
        fixed=(
            "CREATE FUNCTION one_text(a text) RETURNS text LANGUAGE sql AS 'SELECT a';",
            "DROP FUNCTION one(int);",
        ),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=USERS + ONE + "ALTER TABLE users ALTER COLUMN n SET DEFAULT one(1);",
        refused="DROP FUNCTION one(int);",
        fixed=("ALTER TABLE users ALTER COLUMN n DROP DEFAULT;", "DROP FUNCTION one(int);"),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=ONE,
        refused="DROP FUNCTION one(int) CASCADE;",
        fixed=("DROP FUNCTION one(int);",),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=ONE + ONE.replace("(a int)", "(a int, b int)"),
        refused="DROP FUNCTION one;",
        fixed=("DROP FUNCTION one(int);",),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=ONE,
        refused="DROP FUNCTION one(text);",
        fixed=("DROP FUNCTION IF EXISTS one(text);",),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=ONE + CALLS,
        refused="DROP FUNCTION two(), one(int);",
        fixed=("DROP FUNCTION two();\nDROP FUNCTION one(int);",),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=ONE,
        refused="DROP FUNCTION one(int);\n"
        "CREATE FUNCTION one(b int, a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT b';",
        fixed=(
            "CREATE FUNCTION more(b int, a int DEFAULT 1) RETURNS int LANGUAGE sql"
            " AS 'SELECT b';",
            "DROP FUNCTION one(int);",
        ),
    ),
    Entry(
        slug="function_cannot_be_dropped",
        before=USERS + FREE + RUNS,
        refused="DROP FUNCTION free();",
        fixed=(
            "CREATE OR REPLACE FUNCTION runs() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN NEW.n := 1; RETURN NEW; END';\nDROP FUNCTION free();",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED,
        refused=GUARDS,
        fixed=(EXPAND + GUARDS,),
    ),
    Entry(
        slug="hazard",
        before=ONE,
        refused=AGAIN,
        fixed=(AGAIN.replace("FUNCTION one", "FUNCTION other"), "DROP FUNCTION one(int);"),
    ),
    Entry(
        slug="hazard",
        before=ONE + CALLS,
        refused="DROP FUNCTION one(int);",
        fixed=("DROP FUNCTION two();\nDROP FUNCTION one(int);",),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED,
        refused=f"CREATE TRIGGER late AFTER UPDATE {ON} note();",
        fixed=(f"{CONTRACT}CREATE TRIGGER late AFTER UPDATE {ON} note();",),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED,
        refused=f"CREATE TRIGGER guarded BEFORE UPDATE {ON} guard();",
        fixed=(f"{EXPAND}CREATE TRIGGER guarded BEFORE UPDATE {ON} guard();",),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED + f"CREATE TRIGGER guarded BEFORE UPDATE {ON} guard();",
        refused="DROP TRIGGER guarded ON users;",
        fixed=(f"{EXPAND}DROP TRIGGER guarded ON users;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED,
        refused=f"CREATE OR REPLACE TRIGGER noted BEFORE INSERT {ON} guard();",
        fixed=(f"{EXPAND}CREATE OR REPLACE TRIGGER noted BEFORE INSERT {ON} guard();",),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED,
        refused=f"CREATE OR REPLACE TRIGGER noted BEFORE INSERT {ON} note();",
        fixed=(
            f"CREATE TRIGGER noted_too BEFORE INSERT {ON} note();",
            "DROP TRIGGER noted ON users;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED + "ALTER TABLE users DISABLE TRIGGER noted;",
        refused="ALTER TABLE users ENABLE TRIGGER noted;",
        fixed=(f"{CONTRACT}ALTER TABLE users ENABLE TRIGGER noted;",),
    ),
    Entry(
        slug="trigger_cannot_be_made",
        before=USERS + COUNTS.replace("public.", ""),
        refused=f"CREATE TRIGGER counted AFTER INSERT {ON} counts();",
        fixed=(
            f"{COUNTS.replace('FUNCTION counts', 'FUNCTION counts_in_public')}"
            f"CREATE TRIGGER counted AFTER INSERT {ON} counts_in_public();",
        ),
    ),
    Entry(
        slug="trigger_cannot_be_made",
        before=USERS + NOTED,
        refused=f"CREATE TRIGGER noted BEFORE INSERT {ON} note();",
        fixed=(
            f"DROP TRIGGER noted ON users;\nCREATE TRIGGER noted BEFORE INSERT {ON} note();",
        ),
    ),
    Entry(
        slug="trigger_cannot_be_made",
        before=USERS + NOTED,
        refused=f"CREATE TRIGGER zzz_zdm_z BEFORE INSERT {ON} note();",
        fixed=(f"CREATE TRIGGER z BEFORE INSERT {ON} note();",),
    ),
    Entry(
        slug="trigger_cannot_be_made",
        before=USERS + NOTED + SEEN,
        refused="CREATE TRIGGER t INSTEAD OF UPDATE ON seen FOR EACH ROW"
        " EXECUTE FUNCTION note();",
        fixed=(
            f"{EXPAND}CREATE TRIGGER t INSTEAD OF UPDATE ON seen FOR EACH ROW"
            " EXECUTE FUNCTION note();",
        ),
    ),
    Entry(
        slug="trigger_cannot_be_replaced",
        before=USERS + NOTED + PARTED,
        refused="CREATE OR REPLACE TRIGGER noted AFTER INSERT ON part1 FOR EACH ROW"
        " EXECUTE FUNCTION note();",
        fixed=(
            "CREATE OR REPLACE TRIGGER noted AFTER INSERT ON part FOR EACH ROW"
            " EXECUTE FUNCTION note();",
        ),
    ),
    Entry(
        slug="trigger_cannot_be_replaced",
        before=USERS + NOTED + PARTED + "ALTER TABLE part1 DISABLE TRIGGER noted;",
        start=USERS + NOTED + PARTED,
        refused="CREATE OR REPLACE TRIGGER noted AFTER INSERT ON part FOR EACH ROW"
        " EXECUTE FUNCTION note();",
        fixed=(
            "CREATE OR REPLACE TRIGGER noted AFTER INSERT ON part FOR EACH ROW"
            " EXECUTE FUNCTION note();",
        ),
    ),
    Entry(
        slug="trigger_cannot_be_replaced",
        before=USERS + NOTED + f"CREATE CONSTRAINT TRIGGER c AFTER INSERT {ON} note();",
        refused=f"CREATE OR REPLACE TRIGGER c AFTER UPDATE {ON} note();",
        fixed=(
            f"DROP TRIGGER c ON users;\nCREATE CONSTRAINT TRIGGER c AFTER UPDATE {ON} note();",
        ),
    ),
    Entry(
        slug="trigger_cannot_be_dropped",
        before=USERS + NOTED + PARTED,
        refused="DROP TRIGGER noted ON part1;",
        fixed=("DROP TRIGGER noted ON part;",),
    ),
    Entry(
        slug="trigger_cannot_be_dropped",
        before=USERS,
        refused="DROP TRIGGER noted ON users;",
        fixed=("DROP TRIGGER IF EXISTS noted ON users;",),
    ),
    Entry(
        slug="trigger_cannot_be_toggled",
        before=USERS + NOTED,
        refused="ALTER TABLE users DISABLE TRIGGER USER;",
        fixed=("ALTER TABLE users DISABLE TRIGGER noted;",),
    ),
    Entry(
        slug="trigger_cannot_be_toggled",
        before=USERS + NOTED + PARTED,
        refused="ALTER TABLE part DISABLE TRIGGER noted;",
        fixed=(f"{CONTRACT}ALTER TABLE part DISABLE TRIGGER noted;",),
    ),
    Entry(
        slug="view_cannot_be_replaced",
        before=USERS + SEEN,
        refused="CREATE OR REPLACE VIEW seen AS SELECT n, id FROM users;",
        fixed=("CREATE VIEW seen_too AS SELECT n, id FROM users;", "DROP VIEW seen;"),
    ),
    Entry(
        slug="view_cannot_be_replaced",
        before=USERS + SEEN,
        refused="CREATE OR REPLACE VIEW seen AS SELECT * FROM (SELECT id, n FROM users) AS u;",
        fixed=(
            "CREATE OR REPLACE VIEW seen AS SELECT id, n FROM (SELECT id, n FROM users) AS u;",
        ),
    ),
    Entry(
        slug="view_cannot_be_replaced",
        before=USERS + SEEN + "COMMENT ON VIEW seen IS 'a note';",
        refused="DROP VIEW seen;\nCREATE VIEW seen AS SELECT id, n FROM users WHERE n > 1;",
        fixed=("CREATE OR REPLACE VIEW seen AS SELECT id, n FROM users WHERE n > 1;",),
    ),
    Entry(
        slug="view_cannot_be_replaced",
        before=USERS + SEEN,
        refused=f"{CHECKED};",
        fixed=(f"{CONTRACT}{CHECKED};",),
    ),
    Entry(
        slug="view_cannot_be_dropped",
        before=USERS + SEEN + "CREATE MATERIALIZED VIEW kept AS SELECT id FROM seen;",
        refused="DROP VIEW kept;",
        fixed=("DROP MATERIALIZED VIEW kept;",),
    ),
    Entry(
        slug="view_cannot_be_dropped",
        before=USERS + SEEN + "CREATE VIEW over AS SELECT id FROM seen;",
        refused="DROP VIEW seen;",
        fixed=("DROP VIEW over;\nDROP VIEW seen;",),
    ),
    Entry(
        slug="view_cannot_be_dropped",
        before=USERS + SEEN,
        refused="CREATE OR REPLACE VIEW seen AS SELECT id, n FROM users WHERE n > 1;\n"
        "DROP VIEW seen;",
        fixed=(
            "CREATE OR REPLACE VIEW seen AS SELECT id, n FROM users WHERE n > 1;",
            "DROP VIEW seen;",
        ),
    ),
    Entry(
        slug="view_cannot_be_dropped",
        before=USERS + SEEN + "CREATE MATERIALIZED VIEW kept AS SELECT id FROM users;",
        refused="DROP MATERIALIZED VIEW kept;\nCREATE VIEW kept AS SELECT id FROM users;",
        fixed=("CREATE VIEW kept_too AS SELECT id FROM users;", "DROP MATERIALIZED VIEW kept;"),
    ),
    Entry(
        slug="object_order",
        before=USERS + NOTED,
        refused=f"DROP TRIGGER noted ON users;\nCREATE TRIGGER new BEFORE UPDATE {ON} note();",
        fixed=(
            f"DROP TRIGGER noted ON users;\nCREATE TRIGGER noted BEFORE UPDATE {ON} note();",
        ),
    ),
    Entry(slug="hazard", before=STARRED, refused=MORE, fixed=(BY_NAME, MORE)),
    Entry(
        slug="object_order",
        before=STARRED,
        refused=f"{MORE}\n{BY_NAME}",
        fixed=(BY_NAME, MORE),
    ),
    Entry(
        slug="object_order",
        before=USERS + NOTED,
        refused="DROP TRIGGER noted ON users;\nUPDATE users SET n = 1 WHERE id = 1;",
        fixed=("DROP TRIGGER noted ON users;", "UPDATE users SET n = 1 WHERE id = 1;"),
    ),
    *(
        Entry(slug="view_cannot_be_refreshed", before=before, refused=refused, fixed=fixed)
        for before, refused, fixed in (
            (USERS + KEPT, REFRESH, (f"CREATE UNIQUE INDEX ON kept (id);\n{REFRESH}",)),
            (USERS + KEPT, REFRESH.replace("kept", "kpt"), (f"{EXPAND}{REFRESH}",)),
            (
                USERS + KEPT + KEY,
                REFRESH.replace(";", " WITH NO DATA;"),
                (REFRESH, "DROP MATERIALIZED VIEW kept;"),
            ),
        )
    ),
    Entry(
        slug="hazard",
        before=USERS + KEPT + KEY,
        refused=REFRESH,
        fixed=(REFRESH, f"{CONTRACT}{REFRESH.replace('VIEW', 'VIEW CONCURRENTLY')}"),
    ),
    Entry(
        slug="index_cannot_be_planned",
        before=USERS + KEPT,
        refused="CREATE INDEX users ON kept (id);",
        fixed=("CREATE INDEX kept_id ON kept (id);",),
    ),
    Entry(
        slug="index_cannot_be_planned",
        before=USERS + KEPT,
        refused="CREATE INDEX kept_gone ON kept (gone);",
        fixed=("CREATE INDEX kept_id ON kept (id);",),
    ),
)
