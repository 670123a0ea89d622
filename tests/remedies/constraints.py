"""Constraints of tables in use."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

HEIR = "CREATE TABLE heir () INHERITS (users);"
PARENT = "CREATE TABLE parent (id bigint PRIMARY KEY, code int);"
PARTS = """
CREATE TABLE part (id int NOT NULL, n int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000);
"""
OUTSIDE = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;" + (
    "CREATE FOREIGN TABLE far (id bigint, n int) SERVER s;"
)
KEY = "CREATE UNIQUE INDEX i ON users (n);"
TAKEN = "ALTER TABLE users ADD CONSTRAINT k CHECK (n > 0);"
UNCHECKED = "ALTER TABLE users ADD CONSTRAINT k CHECK (n > 0) NOT VALID;"
UNIQUE = "ALTER TABLE users ADD CONSTRAINT q UNIQUE (n);"
WIDER = (
    "ALTER TABLE users DROP CONSTRAINT q;\nALTER TABLE users ADD CONSTRAINT q UNIQUE (n, name);"
)
LINES = "CREATE TABLE line (id int NOT NULL, n int, CONSTRAINT line_key UNIQUE (id));"
OTHER_KEY = (
    "ALTER TABLE line DROP CONSTRAINT line_key, ADD CONSTRAINT line_key UNIQUE (id)"
    " INCLUDE (n);"
)
STAYS = """
CREATE TABLE stays (room int4range, during tstzrange);
CREATE TABLE meals (id bigint PRIMARY KEY, room int4range, during tstzrange);
"""
BY_PERIOD = "FOREIGN KEY (room, PERIOD during) REFERENCES stays (room, PERIOD during)"
BELOW = (
    "CREATE TABLE whole (id bigint NOT NULL, d int) PARTITION BY RANGE (d);"
    "CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (9);"
)
ENTRIES = (
    Entry(
        slug="primary_key_cannot_be_added",
        before=BELOW,
        refused="ALTER TABLE part ADD PRIMARY KEY (id);",
        fixed=("ALTER TABLE part ADD UNIQUE (id);",),
    ),
    Entry(
        slug="key_cannot_be_replaced",
        before=BELOW + "ALTER TABLE part ADD CONSTRAINT k UNIQUE (id);",
        refused="ALTER TABLE part DROP CONSTRAINT k;\nALTER TABLE part ADD PRIMARY KEY (id);",
        fixed=(
            f"{CONTRACT}ALTER TABLE part DROP CONSTRAINT k;\n"
            f"{CONTRACT}ALTER TABLE part ADD PRIMARY KEY (id);",
        ),
    ),
    Entry(
        slug="hazard",
        refused="ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        fixed=(
            "UPDATE users SET n = 0 WHERE n IS NULL;\n"
            "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS,
        refused="ALTER TABLE users ADD CONSTRAINT q UNIQUE (n) DEFERRABLE;",
        fixed=(
            "DELETE FROM users USING users AS b WHERE users.id > b.id AND users.n = b.n;\n"
            "ALTER TABLE users ADD CONSTRAINT q UNIQUE (n) DEFERRABLE;",
        ),
    ),
    Entry(
        slug="key_cannot_be_replaced",
        before=USERS + UNIQUE,
        refused=WIDER,
        fixed=(f"{CONTRACT}{WIDER}",),
    ),
    Entry(
        slug="key_cannot_be_replaced",
        before=USERS + UNIQUE,
        refused=WIDER,
        fixed=(
            "ALTER TABLE users ADD CONSTRAINT q2 UNIQUE (n, name);",
            f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT q;",
        ),
    ),
    Entry(
        slug="key_cannot_be_replaced",
        before=USERS + UNIQUE,
        refused="ALTER TABLE users DROP CONSTRAINT q;\nALTER TABLE users ADD COLUMN m int;\n"
        "ALTER TABLE users ADD CONSTRAINT q UNIQUE (n) INCLUDE (m);",
        fixed=(
            "ALTER TABLE users ADD COLUMN m int;\nALTER TABLE users DROP CONSTRAINT q;\n"
            "ALTER TABLE users ADD CONSTRAINT q UNIQUE (n) INCLUDE (m);",
        ),
    ),
    Entry(
        slug="key_cannot_be_replaced",
        before=LINES + "ALTER TABLE line REPLICA IDENTITY USING INDEX line_key;",
        refused=OTHER_KEY,
        fixed=(f"{EXPAND}ALTER TABLE line REPLICA IDENTITY FULL;", OTHER_KEY),
    ),
    Entry(
        slug="key_cannot_be_replaced",
        before=LINES,
        refused=f"{OTHER_KEY}\nCOMMENT ON CONSTRAINT line_key ON line IS 'x';",
        fixed=(OTHER_KEY, "COMMENT ON CONSTRAINT line_key ON line IS 'x';"),
    ),
    Entry(
        slug="hazard",
        before=USERS + UNIQUE,
        refused=f"{CONTRACT}{WIDER}",
        fixed=(f"{CONTRACT}{WIDER}",),
    ),
    Entry(
        slug="hazard",
        before=LINES + "CREATE PUBLICATION keyed FOR TABLE line;"
        " ALTER TABLE line DROP CONSTRAINT line_key, ADD CONSTRAINT line_key PRIMARY KEY (id);",
        refused=f"{CONTRACT}ALTER TABLE line DROP CONSTRAINT line_key,"
        " ADD CONSTRAINT line_key PRIMARY KEY (n);",
        fixed=(
            "UPDATE line SET n = 0 WHERE n IS NULL;\n"
            f"{CONTRACT}ALTER TABLE line DROP CONSTRAINT line_key,"
            " ADD CONSTRAINT line_key PRIMARY KEY (n);",
        ),
    ),
    Entry(
        slug="check_cannot_be_added",
        before=USERS + TAKEN,
        refused="ALTER TABLE users ADD CONSTRAINT k CHECK (n > 1);",
        fixed=("ALTER TABLE users ADD CONSTRAINT k2 CHECK (n > 1);",),
    ),
    Entry(
        slug="check_cannot_be_added",
        refused="ALTER TABLE users ADD CHECK (m > 1);",
        fixed=("ALTER TABLE users ADD CHECK (n > 1);",),
    ),
    Entry(
        slug="check_cannot_be_added",
        before=USERS + HEIR,
        refused="ALTER TABLE ONLY users ADD CHECK (n > 1);",
        fixed=("ALTER TABLE users ADD CHECK (n > 1);",),
    ),
    Entry(
        slug="hazard",
        refused="ALTER TABLE users ADD CHECK (n > 1);",
        fixed=("UPDATE users SET n = 2 WHERE n = 1;\nALTER TABLE users ADD CHECK (n > 1);",),
    ),
    Entry(
        slug="hazard",
        refused="ALTER TABLE users ADD CHECK (n > 1) NOT VALID;",
        fixed=(
            "UPDATE users SET n = 2 WHERE n = 1;\n"
            "ALTER TABLE users ADD CHECK (n > 1) NOT VALID;",
        ),
    ),
    Entry(
        slug="foreign_key_cannot_be_added",
        before=USERS + OUTSIDE,
        refused=(
            "ALTER TABLE far ADD FOREIGN KEY (id) REFERENCES users; "
            "COMMENT ON TABLE users IS 'x';"
        ),
        fixed=("COMMENT ON TABLE users IS 'x';",),
    ),
    Entry(
        slug="foreign_key_cannot_be_added",
        before=USERS + PARENT,
        refused="ALTER TABLE users ADD FOREIGN KEY (n) REFERENCES parent (code);",
        fixed=(
            "CREATE UNIQUE INDEX u ON parent (code);",
            "ALTER TABLE users ADD FOREIGN KEY (n) REFERENCES parent (code);",
        ),
    ),
    Entry(
        slug="foreign_key_cannot_be_added",
        before=USERS + PARENT,
        refused="ALTER TABLE users ADD FOREIGN KEY (id, n) REFERENCES parent (id);",
        fixed=("ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES parent (id);",),
    ),
    Entry(
        slug="foreign_key_cannot_be_added",
        before=PARTS + PARENT,
        refused="ALTER TABLE ONLY part ADD FOREIGN KEY (id) REFERENCES parent;",
        fixed=("ALTER TABLE part ADD FOREIGN KEY (id) REFERENCES parent;",),
    ),
    Entry(
        slug="hazard",
        before="CREATE TABLE users (id bigint);" + PARENT,
        refused="ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE;",
        fixed=(
            "CREATE INDEX ON users (id);\nALTER TABLE users ADD FOREIGN KEY (id)"
            " REFERENCES parent ON DELETE CASCADE;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + PARENT,
        refused=(
            "ALTER TABLE users ADD COLUMN p bigint;\n"
            "ALTER TABLE users ADD FOREIGN KEY (p) REFERENCES parent;"
        ),
        fixed=(
            "CREATE INDEX ON users (id);\nALTER TABLE users ADD COLUMN p bigint;\n"
            "ALTER TABLE users ADD FOREIGN KEY (p) REFERENCES parent;",
        ),
    ),
    Entry(
        slug="hazard",
        refused="ALTER TABLE users ADD UNIQUE (n) DEFERRABLE;",
        fixed=(
            "CREATE UNIQUE INDEX i ON users (n);\nALTER TABLE users ADD UNIQUE USING INDEX i;",
        ),
    ),
    Entry(
        slug="unique_cannot_be_added",
        before=USERS + OUTSIDE,
        refused="ALTER TABLE far ADD UNIQUE (id); COMMENT ON TABLE users IS 'x';",
        fixed=("COMMENT ON TABLE users IS 'x';",),
    ),
    Entry(
        slug="unique_cannot_be_added",
        before=PARTS,
        refused="ALTER TABLE part ADD UNIQUE (id);",
        fixed=(
            "ALTER TABLE part1 ADD UNIQUE (id);",
            f"{CONTRACT}ALTER TABLE part ADD UNIQUE (id);",
        ),
    ),
    Entry(
        slug="unique_cannot_be_added",
        before=USERS + PARENT,
        refused="ALTER TABLE users ADD CONSTRAINT parent UNIQUE (n);",
        fixed=("ALTER TABLE users ADD CONSTRAINT one UNIQUE (n);",),
    ),
    Entry(
        slug="unique_cannot_be_added",
        refused="ALTER TABLE users ADD UNIQUE USING INDEX i;",
        fixed=(
            "CREATE UNIQUE INDEX i ON users (n);\nALTER TABLE users ADD UNIQUE USING INDEX i;",
        ),
    ),
    Entry(
        slug="unique_cannot_be_added",
        before=USERS + "ALTER TABLE users ADD CONSTRAINT u UNIQUE (n);",
        refused="ALTER TABLE users ADD CONSTRAINT v UNIQUE USING INDEX u;",
        fixed=(
            "CREATE UNIQUE INDEX i ON users (n);\n"
            "ALTER TABLE users ADD CONSTRAINT v UNIQUE USING INDEX i;",
        ),
    ),
    Entry(
        slug="unique_cannot_be_added",
        before=USERS + "CREATE INDEX u ON users (n);",
        refused="ALTER TABLE users ADD CONSTRAINT v UNIQUE USING INDEX u;",
        fixed=(
            "CREATE UNIQUE INDEX i ON users (n);\n"
            "ALTER TABLE users ADD CONSTRAINT v UNIQUE USING INDEX i;",
        ),
    ),
    Entry(
        slug="primary_key_cannot_be_added",
        refused="ALTER TABLE users ADD PRIMARY KEY (n);",
        fixed=("ALTER TABLE users ADD UNIQUE (n);",),
    ),
    Entry(
        slug="hazard",
        before="CREATE TABLE logs (n int);",
        refused="ALTER TABLE logs ADD PRIMARY KEY (n);",
        fixed=(
            "UPDATE logs SET n = 1 WHERE n IS NULL;\nALTER TABLE logs ADD PRIMARY KEY (n);",
        ),
    ),
    Entry(
        slug="constraint_cannot_be_dropped",
        before=USERS + TAKEN + HEIR,
        refused="ALTER TABLE heir DROP CONSTRAINT k;",
        fixed=("ALTER TABLE users DROP CONSTRAINT k;",),
    ),
    Entry(
        slug="constraint_cannot_be_dropped",
        before=USERS + "CREATE TABLE heads (id bigint REFERENCES users);",
        refused="ALTER TABLE users DROP CONSTRAINT users_pkey;",
        fixed=(
            "ALTER TABLE heads DROP CONSTRAINT heads_id_fkey;\n"
            f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT users_pkey;",
        ),
    ),
    Entry(
        slug="constraint_cannot_be_dropped",
        before=USERS + "ALTER TABLE users ADD CONSTRAINT u UNIQUE (n);",
        refused="ALTER TABLE users DROP CONSTRAINT u;",
        fixed=(f"{EXPAND}ALTER TABLE users DROP CONSTRAINT u;",),
    ),
    Entry(
        slug="unknown_constraint",
        before=USERS + TAKEN,
        refused="ALTER TABLE users DROP CONSTRAINT l;",
        fixed=("ALTER TABLE users DROP CONSTRAINT k;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + TAKEN,
        refused="ALTER TABLE users DROP CONSTRAINT k;",
        fixed=("ALTER TABLE users DROP CONSTRAINT k;",),
    ),
    Entry(
        slug="constraint_cannot_be_dropped",
        before=USERS + "CREATE TABLE heads (id bigint REFERENCES users ON DELETE CASCADE);",
        refused="ALTER TABLE heads DROP CONSTRAINT heads_id_fkey;",
        fixed=(f"{EXPAND}ALTER TABLE heads DROP CONSTRAINT heads_id_fkey;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE TABLE heads (id bigint REFERENCES users ON DELETE CASCADE);",
        refused="ALTER TABLE heads DROP CONSTRAINT heads_id_fkey;\n"
        "ALTER TABLE heads ADD CONSTRAINT heads_id_fkey FOREIGN KEY (id) REFERENCES users;",
        fixed=(
            "ALTER TABLE heads DROP CONSTRAINT heads_id_fkey;\n"
            "ALTER TABLE heads ADD CONSTRAINT heads_id_fkey FOREIGN KEY (id) REFERENCES users;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + "ALTER TABLE users ADD CONSTRAINT u UNIQUE (id, n);",
        refused="ALTER TABLE users DROP CONSTRAINT u;",
        fixed=("ALTER TABLE users DROP CONSTRAINT u;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + TAKEN,
        refused="ALTER TABLE users RENAME CONSTRAINT k TO l;",
        fixed=("ALTER TABLE users RENAME CONSTRAINT k TO l;",),
    ),
    Entry(
        slug="constraint_cannot_be_renamed",
        before=USERS + TAKEN + HEIR,
        refused="ALTER TABLE heir RENAME CONSTRAINT k TO l;",
        fixed=("ALTER TABLE users RENAME CONSTRAINT k TO l;",),
    ),
    Entry(
        slug="unique_cannot_be_added",
        before=USERS + "CREATE UNIQUE INDEX i ON users (n);"
        " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass;",
        start=USERS,
        refused="ALTER TABLE users ADD UNIQUE USING INDEX i;",
        fixed=(
            "CREATE UNIQUE INDEX i ON users (n);\nALTER TABLE users ADD UNIQUE USING INDEX i;",
        ),
    ),
    Entry(
        slug="rollback_would_fail",
        before=USERS + TAKEN,
        refused="ALTER TABLE users DROP CONSTRAINT k;\nUPDATE users SET n = 0 WHERE n = 1;",
        fixed=(
            "ALTER TABLE users DROP CONSTRAINT k;\n"
            "-- zdm: keep old values\nUPDATE users SET n = 0 WHERE n = 1;",
        ),
    ),
    Entry(
        slug="rollback_would_fail",
        before=USERS + TAKEN,
        refused="ALTER TABLE users DROP CONSTRAINT k;\nINSERT INTO users (n) VALUES (0);",
        fixed=(
            "ALTER TABLE users DROP CONSTRAINT k;",
            "INSERT INTO users (id, n) VALUES (9000, 0) ON CONFLICT DO NOTHING;",
        ),
    ),
    Entry(
        slug="default_repeats",
        refused="ALTER TABLE users ADD COLUMN m uuid;\nALTER TABLE users ADD UNIQUE (m);\n"
        "ALTER TABLE users ALTER COLUMN m SET DEFAULT '00000000-0000-0000-0000-000000000000';",
        fixed=(
            "ALTER TABLE users ADD COLUMN m uuid;\nALTER TABLE users ADD UNIQUE (m);\n"
            "ALTER TABLE users ALTER COLUMN m SET DEFAULT gen_random_uuid();",
        ),
    ),
    Entry(
        slug="constraint_cannot_be_validated",
        before=USERS + UNCHECKED,
        refused="ALTER TABLE users VALIDATE CONSTRAINT l;",
        fixed=("ALTER TABLE users VALIDATE CONSTRAINT k;",),
    ),
    Entry(
        slug="constraint_cannot_be_validated",
        before=USERS,
        refused="ALTER TABLE users VALIDATE CONSTRAINT users_pkey;\n"
        "COMMENT ON TABLE users IS 'x';",
        fixed=("COMMENT ON TABLE users IS 'x';",),
    ),
    Entry(
        slug="constraint_cannot_be_validated",
        before=USERS + HEIR + UNCHECKED,
        refused="ALTER TABLE ONLY users VALIDATE CONSTRAINT k;",
        fixed=("ALTER TABLE users VALIDATE CONSTRAINT k;",),
    ),
    Entry(
        slug="constraint_cannot_be_validated",
        before=USERS + HEIR + UNCHECKED,
        refused="ALTER TABLE heir VALIDATE CONSTRAINT k;",
        fixed=("ALTER TABLE users VALIDATE CONSTRAINT k;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + UNCHECKED,
        refused="ALTER TABLE users VALIDATE CONSTRAINT k;",
        fixed=(
            "UPDATE users SET n = 1 WHERE n < 1;\nALTER TABLE users VALIDATE CONSTRAINT k;",
        ),
    ),
    Entry(
        slug="exclusion_cannot_be_added",
        before=USERS + "CREATE TABLE stays (id bigint PRIMARY KEY, room int4range);",
        refused="ALTER TABLE stays ADD EXCLUDE USING gist (room WITH &&);",
        fixed=(f"{CONTRACT}ALTER TABLE stays ADD EXCLUDE USING gist (room WITH &&);",),
    ),
    Entry(
        slug="exclusion_cannot_be_added",
        before=STAYS,
        refused="ALTER TABLE stays ADD UNIQUE (room, during WITHOUT OVERLAPS);",
        fixed=(f"{CONTRACT}ALTER TABLE stays ADD UNIQUE (room, during WITHOUT OVERLAPS);",),
    ),
    Entry(
        slug="exclusion_cannot_be_added",
        before=STAYS + "ALTER TABLE stays ADD PRIMARY KEY (room, during WITHOUT OVERLAPS);",
        refused=f"ALTER TABLE meals ADD {BY_PERIOD};",
        fixed=(f"{CONTRACT}ALTER TABLE meals ADD {BY_PERIOD};",),
    ),
)
