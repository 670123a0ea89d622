"""What is wrong because of other statements, directives, or names."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

WIDE = ", ".join(f"c{n} int" for n in range(1601))
ASKS = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM {}) THEN"
    " ALTER TABLE users ADD COLUMN m int; END IF; END $$;"
)
ENTRIES = (
    Entry(
        slug="no_operation",
        before=f"{USERS}CREATE INDEX i ON users (name);",
        refused="ALTER INDEX i SET (fillfactor = 50);",
        fixed=(f"{EXPAND}ALTER INDEX i SET (fillfactor = 50);",),
    ),
    Entry(
        slug="unknown_statement",
        refused="DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'users'); END $$;",
        fixed=(f"{CONTRACT}DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'users'); END $$;",),
    ),
    Entry(
        slug="unknown_statement",
        refused=ASKS.format("information_schema.columns WHERE column_name = 'm'"),
        fixed=(
            ASKS.format(
                "pg_attribute WHERE attrelid = 'public.users'::regclass AND attname = 'm'"
            ),
        ),
    ),
    Entry(
        slug="unknown_statement",
        refused=ASKS.format("information_schema.columns WHERE column_name = 'm'"),
        fixed=(EXPAND + ASKS.format("information_schema.columns WHERE column_name = 'm'"),),
    ),
    Entry(
        slug="unknown_name",
        refused='ALTER TABLE "user" ADD EXCLUDE (n WITH =);',
        fixed=(f"{EXPAND}ALTER TABLE users ADD EXCLUDE (n WITH =);",),
    ),
    Entry(
        slug="unknown_after",
        refused=f"{EXPAND}DO $$ BEGIN CREATE TABLE made (id int); END $$;\n"
        "ALTER TABLE made ADD COLUMN n int;",
        fixed=(
            f"{EXPAND}DO $$ BEGIN CREATE TABLE made (id int); END $$;",
            "ALTER TABLE made ADD COLUMN n int;",
        ),
    ),
    Entry(
        slug="unused_directive",
        refused="-- zdm: reverse n = m\nALTER TABLE users ADD COLUMN m int;",
        fixed=("ALTER TABLE users ADD COLUMN m int;",),
    ),
    Entry(
        slug="lost_writes",
        refused="ALTER TABLE users ADD COLUMN m text, ADD COLUMN o text;\n"
        "UPDATE users SET m = name, o = name;\nALTER TABLE users DROP COLUMN name;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m text, ADD COLUMN o text;\n"
            "UPDATE users SET m = name, o = name;",
            "ALTER TABLE users DROP COLUMN name;",
        ),
    ),
    Entry(
        slug="name_reused",
        refused="ALTER TABLE users DROP COLUMN name;\nALTER TABLE users ADD COLUMN name int;",
        fixed=(
            "ALTER TABLE users DROP COLUMN name;",
            "ALTER TABLE users ADD COLUMN name int;",
        ),
    ),
    Entry(
        slug="renamed_in_train",
        refused="ALTER TABLE users ADD COLUMN m int;\nALTER TABLE users RENAME TO people;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m int;",
            "ALTER TABLE users RENAME TO people;",
        ),
    ),
    Entry(
        slug="constraint_renamed",
        refused="ALTER TABLE users ADD UNIQUE (name);\n"
        "ALTER TABLE users RENAME name TO called;",
        fixed=(
            "ALTER TABLE users ADD UNIQUE (name);",
            "ALTER TABLE users RENAME name TO called;",
        ),
    ),
    Entry(
        slug="not_null_moved",
        before="CREATE TABLE users (id int PRIMARY KEY, name text);",
        refused="ALTER TABLE users ALTER name SET NOT NULL;\n"
        "ALTER TABLE users RENAME name TO called;",
        fixed=(
            "ALTER TABLE users RENAME name TO called;\n"
            "ALTER TABLE users ALTER called SET NOT NULL;",
        ),
    ),
    Entry(
        slug="not_null_moved",
        before="CREATE TABLE users (id int PRIMARY KEY, name text);",
        refused="ALTER TABLE users ALTER name SET NOT NULL;\n"
        "ALTER TABLE users ADD called text;\nUPDATE users SET called = name;\n"
        "ALTER TABLE users DROP COLUMN name;",
        fixed=(
            "ALTER TABLE users ADD called text;\nUPDATE users SET called = name;\n"
            "ALTER TABLE users DROP COLUMN name;\n"
            "ALTER TABLE users ALTER called SET NOT NULL;",
        ),
    ),
    Entry(
        slug="order_conflict",
        refused=f"{CONTRACT}ALTER TABLE users ADD COLUMN m int;\n"
        f"{EXPAND}ALTER TABLE users ADD CONSTRAINT k CHECK (m > 0);",
        fixed=(
            f"{CONTRACT}ALTER TABLE users ADD COLUMN m int;",
            f"{EXPAND}ALTER TABLE users ADD CONSTRAINT k CHECK (m > 0);",
        ),
    ),
    Entry(
        slug="unknown_column",
        refused="ALTER TABLE users ALTER number SET NOT NULL;",
        fixed=("ALTER TABLE users ALTER n SET NOT NULL;",),
    ),
    Entry(
        slug="too_many_columns",
        refused=f"CREATE TABLE wide ({WIDE});",
        fixed=("CREATE TABLE wide (id int, c0 int); CREATE TABLE more (id int, c1 int);",),
    ),
    Entry(
        slug="unknown_table",
        refused='INSERT INTO "user" (id) VALUES (-1);',
        fixed=("INSERT INTO users (id) VALUES (-1) ON CONFLICT DO NOTHING;",),
    ),
    *(
        Entry(slug="", refused=refused, fixed=(fixed,))
        for refused, fixed in (
            (
                "-- zdm: hurry\nANALYZE users;",
                "-- zdm: run in expand -- its rows are new\nANALYZE users;",
            ),
            (
                "-- # zdm: run in expand -- its rows are new\nANALYZE users;",
                "-- zdm: run in expand -- its rows are new\nANALYZE users;",
            ),
            (
                "-- zdm: run in backfill -- r\nANALYZE users;",
                "-- zdm: run in expand -- r\nANALYZE users;",
            ),
            (
                "-- zdm: run in expand\nANALYZE users;",
                "-- zdm: run in expand -- why this is safe\nANALYZE users;",
            ),
            (
                f"{EXPAND}{CONTRACT}ANALYZE users;",
                f"{EXPAND}ANALYZE users;",
            ),
            (
                "ALTER TABLE users ADD COLUMN m text;\n"
                "-- zdm: reverse email = lower(m\n"
                "UPDATE users SET m = upper(email);\nALTER TABLE users DROP COLUMN email;",
                "ALTER TABLE users ADD COLUMN m text;\n"
                "-- zdm: reverse email = lower(m)\n"
                "UPDATE users SET m = upper(email);\nALTER TABLE users DROP COLUMN email;",
            ),
            (
                "ANALYZE users; -- zdm: run in expand -- r",
                "-- zdm: run in expand -- r\nANALYZE users;",
            ),
            ("ALTR TABLE users ADD COLUMN m int;", "ALTER TABLE users ADD COLUMN m int;"),
            (
                "COPY users (id) FROM stdin;\n-1\n\\.\n",
                "INSERT INTO users (id) VALUES (-1) ON CONFLICT DO NOTHING;",
            ),
            (
                "\\set x 1\nALTER TABLE users ADD COLUMN m int;",
                "ALTER TABLE users ADD COLUMN m int;",
            ),
            (
                "ALTER TABLE users ADD COLUMN :name int;",
                "ALTER TABLE users ADD COLUMN m int;",
            ),
        )
    ),
)
