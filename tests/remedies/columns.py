"""Columns and their defaults."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

PARENT = "CREATE TABLE parent (id bigint PRIMARY KEY);\n"
WRITER = """
DO $$ BEGIN CREATE ROLE zdm_reader; EXCEPTION WHEN duplicate_object THEN END $$;
GRANT INSERT ON users TO zdm_reader;
"""
MAILS = """
CREATE DOMAIN address AS text NOT NULL;
CREATE TABLE users (id bigint PRIMARY KEY, mail address NOT NULL);
"""
FUNCTIONS = """
CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql AS
    'BEGIN RETURN (SELECT sum(n) FROM users); END';
CREATE FUNCTION run(text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE $1; END';
"""
BEHIND = """
CREATE FUNCTION named() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.name := lower(NEW.name); RETURN NEW; END';
CREATE TRIGGER zzzz_name BEFORE INSERT OR UPDATE ON users FOR EACH ROW
    EXECUTE FUNCTION named();
"""
REPLICATED = """
CREATE TABLE accounts (id bigint PRIMARY KEY, owner bigint NOT NULL);
CREATE UNIQUE INDEX accounts_owner ON accounts (owner);
ALTER TABLE accounts REPLICA IDENTITY USING INDEX accounts_owner;
"""
PARTS = """
CREATE TABLE events (id bigint NOT NULL, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
WIDE_PARTS = """
CREATE TABLE events (id bigint NOT NULL, at date, n int) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
COPYING = """
CREATE TABLE log (id bigint, name text, n int);
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO log SELECT * FROM added; RETURN NULL; END';
CREATE TRIGGER logged AFTER INSERT ON users REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION logged();
"""
LISTED = """
CREATE OR REPLACE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO public.log (id) SELECT id FROM added; RETURN NULL; END';
"""
UNSEEN = f"{EXPAND}DO 'BEGIN END';\n"  # it may add any column
IDENTITY = "GENERATED ALWAYS AS IDENTITY"
PARTED = """
CREATE TABLE days (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (100);
"""
ENTRIES = (
    Entry(
        slug="rename_blocked",
        before=USERS + COPYING,
        refused="ALTER TABLE users RENAME name TO title;",
        fixed=(LISTED, "ALTER TABLE users RENAME name TO title;"),
    ),
    Entry(
        slug="drop_blocked",
        before=WIDE_PARTS,
        refused="ALTER TABLE events DROP COLUMN n;",
        fixed=(f"{CONTRACT}ALTER TABLE events DROP COLUMN n;",),
    ),
    Entry(
        slug="rename_blocked",
        before=WIDE_PARTS,
        refused="ALTER TABLE events RENAME COLUMN n TO number;",
        fixed=(f"{CONTRACT}ALTER TABLE events RENAME COLUMN n TO number;",),
    ),
    Entry(
        slug="rename_blocked",
        before=WIDE_PARTS,
        refused="ALTER TABLE events ADD COLUMN number int;\nUPDATE events SET number = n;\n"
        "ALTER TABLE events DROP COLUMN n;",
        fixed=(
            "ALTER TABLE events ADD COLUMN number int;\n"
            f"{CONTRACT}UPDATE events SET number = n;\n"
            f"{CONTRACT}ALTER TABLE events DROP COLUMN n;",
        ),
    ),
    Entry(
        slug="type_change_blocked",
        before=WIDE_PARTS,
        refused="ALTER TABLE events ADD COLUMN number text;\n"
        "UPDATE events SET number = n::text;\nALTER TABLE events DROP COLUMN n;",
        fixed=(
            "ALTER TABLE events ADD COLUMN number text;\n"
            f"{CONTRACT}UPDATE events SET number = n::text;\n"
            f"{CONTRACT}ALTER TABLE events DROP COLUMN n;",
        ),
    ),
    Entry(
        slug="type_change_rewrites",
        before=WIDE_PARTS,
        refused="ALTER TABLE events ALTER n TYPE text;",
        fixed=(f"{EXPAND}ALTER TABLE events ALTER n TYPE text;",),
    ),
    Entry(
        slug="not_null_stays",
        refused="ALTER TABLE users ALTER id DROP NOT NULL; COMMENT ON TABLE users IS 'x';",
        fixed=("COMMENT ON TABLE users IS 'x';",),
    ),
    Entry(
        slug="not_null_stays",
        before=REPLICATED,
        refused="ALTER TABLE accounts ALTER owner DROP NOT NULL;",
        fixed=(
            f"{EXPAND}ALTER TABLE accounts REPLICA IDENTITY DEFAULT;",
            "ALTER TABLE accounts ALTER owner DROP NOT NULL;",
        ),
    ),
    Entry(
        slug="not_null_stays",
        before=PARTS,
        refused="ALTER TABLE events_2026 ALTER id DROP NOT NULL;",
        fixed=("ALTER TABLE events ALTER id DROP NOT NULL;",),
    ),
    Entry(
        slug="not_null_stays",
        before="CREATE TABLE par (a text NOT NULL); CREATE TABLE chi () INHERITS (par);",
        refused="ALTER TABLE ONLY par ALTER a DROP NOT NULL;",
        fixed=(f"{EXPAND}ALTER TABLE ONLY par ALTER a DROP NOT NULL;",),
    ),
    Entry(
        slug="type_change_rewrites",
        before='CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20) COLLATE "C");'
        "CREATE INDEX i ON users (name);",
        refused="ALTER TABLE users ALTER COLUMN name TYPE varchar(40);",
        fixed=('ALTER TABLE users ALTER COLUMN name TYPE varchar(40) COLLATE "C";',),
    ),
    Entry(
        slug="column_exists",
        refused="ALTER TABLE users ADD COLUMN n int; COMMENT ON TABLE users IS 'x';",
        fixed=("COMMENT ON TABLE users IS 'x';",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused=f"ALTER TABLE users ADD COLUMN c text {IDENTITY};",
        fixed=(f"ALTER TABLE users ADD COLUMN c bigint {IDENTITY};",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused=f"ALTER TABLE users ADD COLUMN c int DEFAULT 1 {IDENTITY};",
        fixed=(f"ALTER TABLE users ADD COLUMN c int {IDENTITY};",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused=f"ALTER TABLE users ADD COLUMN c smallint {IDENTITY} (START 40000);",
        fixed=(f"ALTER TABLE users ADD COLUMN c smallint {IDENTITY} (START 30000);",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused=f"ALTER TABLE users ADD COLUMN c int {IDENTITY} (SEQUENCE NAME numbers);",
        fixed=(f"ALTER TABLE users ADD COLUMN c int {IDENTITY};",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        before=PARTED,
        refused=f"ALTER TABLE days ADD COLUMN c bigint {IDENTITY};",
        fixed=("ALTER TABLE days ADD COLUMN c bigserial;",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused="ALTER TABLE users ADD COLUMN c int GENERATED ALWAYS AS (n * 2) STORED;",
        fixed=("ALTER TABLE users ADD COLUMN c int GENERATED ALWAYS AS (n * 2) VIRTUAL;",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused=f"{UNSEEN}ALTER TABLE users ADD COLUMN IF NOT EXISTS c int CHECK (c > 0);",
        fixed=(
            "ALTER TABLE users ADD COLUMN c int;\n"
            "ALTER TABLE users ADD CONSTRAINT k CHECK (c > 0);",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused=f"{UNSEEN}ALTER TABLE users ADD COLUMN IF NOT EXISTS c int UNIQUE;",
        fixed=(
            "ALTER TABLE users ADD COLUMN IF NOT EXISTS c int;\n"
            "ALTER TABLE users ADD CONSTRAINT u UNIQUE (c);",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        before="CREATE TABLE logs (line text);",
        refused="ALTER TABLE logs ADD COLUMN id int PRIMARY KEY;",
        fixed=(
            "ALTER TABLE logs ADD COLUMN id bigserial;",
            "CREATE UNIQUE INDEX u ON logs (id);\n"
            f"{CONTRACT}ALTER TABLE logs ADD CONSTRAINT u PRIMARY KEY USING INDEX u;",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused="ALTER TABLE users ADD COLUMN c int GENERATED ALWAYS AS (n * 2) STORED;",
        fixed=(
            "ALTER TABLE users ADD COLUMN c int;\n"
            "CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql\n"
            "AS 'BEGIN NEW.c := NEW.n * 2; RETURN NEW; END';\n"
            f"{EXPAND}CREATE TRIGGER twice BEFORE INSERT OR UPDATE ON users FOR EACH ROW\n"
            "EXECUTE FUNCTION twice();\n"
            "UPDATE users SET c = n * 2;",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        before=USERS + PARENT,
        refused=f"{UNSEEN}ALTER TABLE users ADD COLUMN IF NOT EXISTS p bigint DEFAULT 1"
        " REFERENCES parent;",
        fixed=(
            "ALTER TABLE users ADD COLUMN p bigint REFERENCES parent;\n"
            "ALTER TABLE users ALTER p SET DEFAULT 1;",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        before=USERS + "CREATE DOMAIN positive AS int CHECK (VALUE > 0);",
        refused="ALTER TABLE users ADD COLUMN p positive;",
        fixed=(
            "ALTER TABLE users ADD COLUMN p int;\n"
            "ALTER TABLE users ADD CONSTRAINT k CHECK (p > 0);",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused="ALTER TABLE users ADD COLUMN c int NOT NULL;",
        fixed=(
            "ALTER TABLE users ADD COLUMN c int;\nUPDATE users SET c = 1;\n"
            "ALTER TABLE users ALTER c SET NOT NULL;",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused="ALTER TABLE users ADD COLUMN c int NOT NULL;",
        fixed=("-- zdm: default c = 1\nALTER TABLE users ADD COLUMN c int NOT NULL;",),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused="-- zdm: default c = n\nALTER TABLE users ADD COLUMN c int NOT NULL;",
        fixed=(
            "ALTER TABLE users ADD COLUMN c int;\nUPDATE users SET c = coalesce(n, 1);\n"
            "ALTER TABLE users ALTER c SET NOT NULL;",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused="-- zdm: default c = gen_random_uuid()\n"
        "ALTER TABLE users ADD COLUMN c uuid NOT NULL;",
        fixed=(
            "ALTER TABLE users ADD COLUMN c uuid NOT NULL DEFAULT gen_random_uuid();",
            "ALTER TABLE users ALTER c DROP DEFAULT;",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        refused="ALTER TABLE users"
        " ADD COLUMN c int GENERATED ALWAYS AS (n * 2) VIRTUAL NOT NULL;",
        fixed=("ALTER TABLE users ADD COLUMN c int GENERATED ALWAYS AS (n * 2) VIRTUAL;",),
    ),
    Entry(
        slug="default_cannot_be_changed",
        before="CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY, n int);",
        refused="ALTER TABLE users ALTER id SET DEFAULT 1;\n"
        "ALTER TABLE users ALTER n SET DEFAULT 1;",
        fixed=("ALTER TABLE users ALTER n SET DEFAULT 1;",),
    ),
    Entry(
        slug="default_cannot_be_changed",
        before=USERS + "CREATE TABLE heirs () INHERITS (users);",
        refused="ALTER TABLE users ALTER n SET DEFAULT 1;",
        fixed=(
            f"{EXPAND}ALTER TABLE ONLY users ALTER n SET DEFAULT 1;\n"
            f"{EXPAND}ALTER TABLE ONLY heirs ALTER n SET DEFAULT 1;",
        ),
    ),
    Entry(
        slug="default_set_again",
        before="CREATE TABLE users (id bigint PRIMARY KEY, n int DEFAULT 1);",
        refused="ALTER TABLE users ALTER n DROP DEFAULT; UPDATE users SET n = 2 WHERE n = 1;\n"
        "ALTER TABLE users ALTER n SET DEFAULT 2;",
        fixed=(
            "UPDATE users SET n = 2 WHERE n = 1;\nALTER TABLE users ALTER n SET DEFAULT 2;",
        ),
    ),
    Entry(
        slug="default_still_there",
        before="CREATE TABLE users (id bigint PRIMARY KEY, n int DEFAULT 1);",
        refused="ALTER TABLE users ALTER n DROP DEFAULT; INSERT INTO users (id) VALUES (99);",
        fixed=(
            "ALTER TABLE users ALTER n DROP DEFAULT;\n"
            "INSERT INTO users (id, n) VALUES (99, NULL) ON CONFLICT DO NOTHING;",
        ),
    ),
    Entry(
        slug="default_too_early",
        refused="ALTER TABLE users RENAME COLUMN n TO number;\n"
        "ALTER TABLE users ALTER number SET DEFAULT 1;",
        fixed=(
            "ALTER TABLE users RENAME COLUMN n TO number;",
            "ALTER TABLE users ALTER number SET DEFAULT 1;",
        ),
    ),
    Entry(
        slug="drop_blocked",
        before=USERS + "CREATE VIEW v AS SELECT n FROM users;",
        refused="ALTER TABLE users DROP COLUMN n;",
        fixed=(f"{CONTRACT}DROP VIEW v;", "ALTER TABLE users DROP COLUMN n;"),
    ),
    Entry(
        slug="column_still_refuses",
        before=USERS + "CREATE UNIQUE INDEX i ON users (coalesce(email, ''));",
        refused="ALTER TABLE users DROP COLUMN email;",
        fixed=(f"{CONTRACT}DROP INDEX i;", "ALTER TABLE users DROP COLUMN email;"),
    ),
    Entry(
        slug="column_still_refuses",
        before=USERS + "CREATE UNIQUE INDEX i ON users (email);",
        refused="ALTER TABLE users ADD COLUMN mail text;\nUPDATE users SET mail = email;\n"
        "ALTER TABLE users DROP COLUMN email;",
        fixed=(
            "ALTER TABLE users ADD COLUMN mail text;\nUPDATE users SET mail = email;\n"
            "CREATE UNIQUE INDEX j ON users (mail);\nALTER TABLE users DROP COLUMN email;",
        ),
    ),
    Entry(
        slug="column_still_refuses",
        before=USERS + PARENT + "ALTER TABLE users ADD p bigint REFERENCES parent;",
        refused="ALTER TABLE users ADD COLUMN q numeric;\nUPDATE users SET q = p::numeric;\n"
        "ALTER TABLE users DROP COLUMN p;",
        fixed=(
            f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT users_p_fkey;",
            "ALTER TABLE users ADD COLUMN q numeric;\nUPDATE users SET q = p::numeric;\n"
            "ALTER TABLE users DROP COLUMN p;",
        ),
    ),
    Entry(
        slug="add_column_cannot_be_planned",
        before=USERS + WRITER,
        refused="ALTER TABLE users ADD COLUMN number serial;",
        start=USERS
        + WRITER
        + "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO zdm_reader;",
        fixed=("ALTER TABLE users ADD COLUMN number serial;",),
    ),
    Entry(
        slug="hazard",
        before=USERS,
        refused="ALTER TABLE users ADD COLUMN mail text;\n"
        "UPDATE users SET mail = lower(email);\n"
        "ALTER TABLE users ALTER COLUMN mail SET NOT NULL;",
        fixed=(
            "ALTER TABLE users ADD COLUMN mail text;\n"
            "UPDATE users SET mail = lower(coalesce(email, ''));\n"
            "ALTER TABLE users ALTER COLUMN mail SET NOT NULL;",
        ),
    ),
    Entry(
        slug="hazard",
        before="CREATE TABLE users (id bigint PRIMARY KEY, total numeric(8,2));",
        refused="ALTER TABLE users ALTER COLUMN total TYPE numeric;",
        fixed=("ALTER TABLE users ALTER COLUMN total TYPE numeric;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE DOMAIN named AS text DEFAULT 'dd';",
        refused="ALTER TABLE users ALTER COLUMN name TYPE named;",
        fixed=("ALTER TABLE users ALTER COLUMN name TYPE named;",),
    ),
    Entry(
        slug="column_still_refuses",
        before=MAILS,
        refused="ALTER TABLE users DROP COLUMN mail;",
        fixed=(
            "ALTER TABLE users ALTER COLUMN mail TYPE text;",
            "ALTER TABLE users DROP COLUMN mail;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + PARENT + "ALTER TABLE users ADD p bigint REFERENCES parent;",
        refused="ALTER TABLE users DROP COLUMN p;",
        fixed=("ALTER TABLE users DROP COLUMN p;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + FUNCTIONS,
        refused="ALTER TABLE users RENAME COLUMN n TO number;",
        fixed=(
            "ALTER TABLE users RENAME COLUMN n TO number;\n"
            f"{CONTRACT}CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql AS\n"
            "'SELECT sum(number) FROM users';",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE UNIQUE INDEX i ON users (n);",
        refused="ALTER TABLE users RENAME COLUMN n TO number;",
        fixed=("ALTER TABLE users RENAME COLUMN n TO number;",),
    ),
    Entry(
        slug="rename_blocked",
        before=USERS + BEHIND,
        refused="ALTER TABLE users RENAME COLUMN n TO number;",
        fixed=(
            f"{EXPAND}ALTER TRIGGER zzzz_name ON users RENAME TO name;",
            "ALTER TABLE users RENAME COLUMN n TO number;",
        ),
    ),
    Entry(
        slug="rename_blocked",
        before=USERS + "CREATE PUBLICATION p FOR TABLE users (id, n) WHERE (n > 1);",
        refused="ALTER TABLE users RENAME COLUMN email TO mail;",
        fixed=(
            f"{EXPAND}ALTER PUBLICATION p SET TABLE users (id, n);",
            "ALTER TABLE users RENAME COLUMN email TO mail;",
        ),
    ),
    Entry(
        slug="drop_cascade",
        before=USERS + "CREATE INDEX i ON users (n);",
        refused="ALTER TABLE users DROP COLUMN n CASCADE;",
        fixed=("DROP INDEX i;\nALTER TABLE users DROP COLUMN n;",),
    ),
    Entry(
        slug="rename_blocked",
        before=USERS + "CREATE VIEW v AS SELECT n FROM users;",
        refused="ALTER TABLE users RENAME COLUMN n TO number;",
        fixed=(
            f"{CONTRACT}DROP VIEW v;",
            "ALTER TABLE users RENAME COLUMN n TO number;",
            "CREATE VIEW v AS SELECT number FROM users;",
        ),
    ),
    Entry(
        slug="cannot_be_fused",
        refused="ALTER TABLE users ADD COLUMN mail text DEFAULT '';\n"
        "UPDATE users SET mail = email;\nALTER TABLE users DROP COLUMN email;",
        fixed=(
            "ALTER TABLE users ADD COLUMN mail text;\n"
            "UPDATE users SET mail = email;\nALTER TABLE users DROP COLUMN email;",
        ),
    ),
)
