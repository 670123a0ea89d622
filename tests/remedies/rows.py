"""UPDATE, INSERT and DELETE."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

PARTS = """
CREATE TABLE part (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000);
"""
KEEP = "-- zdm: keep old values\n"
COPY = "CREATE TABLE copy (id bigint PRIMARY KEY);\n"
OTHER = (
    "CREATE TABLE other (id bigint PRIMARY KEY, n int);"
    "CREATE VIEW seen AS SELECT id, n FROM other;"
)
SMALL = USERS + COPY + "INSERT INTO users VALUES (1); ANALYZE users; ANALYZE copy;"
TOUCH = (
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN NEW.at := now(); RETURN NEW; END';"
    "CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();"
)
NORM = (
    "CREATE FUNCTION norm(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';"
    "REVOKE ALL ON FUNCTION norm FROM PUBLIC; GRANT ALL ON users TO PUBLIC;"
)
SPAM = (
    "CREATE FUNCTION is_spam(t text) RETURNS boolean LANGUAGE sql AS"
    " 'SELECT starts_with(t, chr(97))';"
)
RATE = (
    "CREATE TABLE rates (n text); CREATE FUNCTION rate(t text) RETURNS text LANGUAGE sql"
    " IMMUTABLE AS 'SELECT t || n FROM rates';"
)
SOFT = USERS + (
    "CREATE FUNCTION soft() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN UPDATE users SET n = 0 WHERE id = OLD.id; RETURN NULL; END';"
    "CREATE TRIGGER soft BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION soft();"
)
CHECKED = "ALTER TABLE users ADD CONSTRAINT k CHECK (n <> 0) NOT VALID;\n"
VALIDATED = "ALTER TABLE users VALIDATE CONSTRAINT k;"
HEADS = "CREATE TABLE heads (id bigint, CONSTRAINT k FOREIGN KEY (id) REFERENCES users);"
LATER = "DELETE FROM users USING users AS b WHERE users.ctid > b.ctid AND users.n = b.n;\n"
TWICE = "DELETE FROM users USING users AS b WHERE users.id > b.id AND users.n = b.n;\n"
NOTED = (
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
    "CREATE TRIGGER noted AFTER {} ON users FOR EACH ROW EXECUTE FUNCTION noted();"
)
LOUD = (
    "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN {} NEW.name := upper(NEW.name); {} RETURN NEW; END';"
    "CREATE TRIGGER loud BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION loud();"
)
ENTRIES = (
    Entry(
        slug="hazard",
        before=USERS + HEADS,
        refused="DELETE FROM users WHERE id = 1;",
        fixed=("DELETE FROM heads WHERE id = 1;\nDELETE FROM users WHERE id = 1;",),
    ),
    Entry(
        slug="not_a_table",
        before=OTHER,
        refused="DROP TABLE seen;",
        fixed=("DROP VIEW seen;",),
    ),
    Entry(
        slug="unknown_statement",
        before=USERS,
        refused="DO $$ BEGIN\n-- zdm: keep old values\nUPDATE users SET n = 1 WHERE n = 0;\n"
        "END $$;",
        fixed=(f"{KEEP}UPDATE users SET n = 1 WHERE n = 0;",),
    ),
    Entry(
        slug="sequence_out_of_range",
        before="CREATE SEQUENCE numbers AS int;",
        refused="ALTER SEQUENCE numbers RESTART WITH 3000000000;",
        fixed=("ALTER SEQUENCE numbers RESTART WITH 300000000;",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=SOFT,
        refused="DELETE FROM users WHERE name = 'a';",
        fixed=("UPDATE users SET n = 0 WHERE name = 'a';",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=SOFT,
        refused="DELETE FROM users WHERE name = 'a';",
        fixed=(f"{CONTRACT}DELETE FROM users WHERE name = 'a';",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + LOUD.format("", ""),
        start=USERS + LOUD.format("IF NEW.name IS NOT DISTINCT FROM OLD.name THEN", "END IF;"),
        refused="UPDATE users SET name = email WHERE n = 1;",
        fixed=("UPDATE users SET name = email WHERE n = 1;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + NOTED.format("UPDATE OF n"),
        start=USERS + NOTED.format("INSERT OR UPDATE"),
        refused="UPDATE users SET n = 1 WHERE n = 0;",
        fixed=("UPDATE users SET n = 1 WHERE n = 0;",),
    ),
    Entry(
        slug="hazard",
        before=USERS,
        refused="UPDATE users SET n = n + 1 WHERE id = 1;",
        fixed=("UPDATE users SET n = 2 WHERE id = 1;",),
    ),
    Entry(
        slug="fill_repeats",
        before=USERS + "CREATE UNIQUE INDEX i ON users (n);",
        refused="UPDATE users SET n = 0 WHERE n IS NULL;\n"
        "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        fixed=(
            "UPDATE users SET n = id::int WHERE n IS NULL;\n"
            "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        refused="UPDATE users SET n = NULL WHERE id = 1;",
        fixed=("UPDATE users SET n = 0 WHERE id = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        refused="UPDATE users SET n = NULL WHERE id = 1;",
        fixed=(
            "ALTER TABLE users ALTER COLUMN n DROP NOT NULL;",
            "UPDATE users SET n = NULL WHERE id = 1;",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused="UPDATE users SET name = current_setting('app.tenant');",
        fixed=("UPDATE users SET name = 'tenant';",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + RATE,
        refused="UPDATE users SET name = rate(email);",
        fixed=("UPDATE users SET name = email;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + NORM,
        refused="UPDATE users SET name = norm(email);",
        fixed=(
            f"{EXPAND}GRANT EXECUTE ON FUNCTION norm(t text) TO PUBLIC;",
            "UPDATE users SET name = norm(email);",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + "CREATE TABLE heir () INHERITS (users);",
        refused="UPDATE users SET n = 1;",
        fixed=(f"{CONTRACT}UPDATE users SET n = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + "CREATE RULE keep AS ON UPDATE TO users DO INSTEAD NOTHING;",
        refused="UPDATE users SET n = 1;",
        fixed=(f"{EXPAND}DROP RULE keep ON users;", "UPDATE users SET n = 1;"),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before="CREATE TABLE log (n int, name text); CREATE PUBLICATION p FOR TABLE log;",
        refused="UPDATE log SET n = 1;",
        fixed=(
            f"{EXPAND}ALTER TABLE log REPLICA IDENTITY FULL;",
            "UPDATE log SET n = 1;",
        ),
    ),
    Entry(
        slug="hazard",
        before=USERS + TOUCH,
        refused="UPDATE users SET n = 1;",
        fixed=("UPDATE users SET n = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused=f"{KEEP}UPDATE users SET n = (SELECT 1);",
        fixed=(f"{KEEP}UPDATE users SET n = 1;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + OTHER,
        refused="UPDATE users SET n = other.n FROM other WHERE other.id = users.id;",
        fixed=("UPDATE users SET n = other.n FROM other WHERE other.id = users.id;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET (n, name) = (SELECT 1, 'a');",
        fixed=("UPDATE users SET n = 1, name = 'a';",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET n = seen.n FROM seen WHERE seen.id = users.id;",
        fixed=(
            "UPDATE users SET n = other.n FROM other WHERE other.id = users.id;",
            f"{EXPAND}UPDATE users SET n = seen.n FROM seen WHERE seen.id = users.id;",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused="UPDATE users SET n = (SELECT max(o.n) FROM users AS o);",
        fixed=(f"{EXPAND}UPDATE users SET n = (SELECT max(o.n) FROM users AS o);",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET name = (users).email || other.n FROM other"
        " WHERE other.id = users.id;",
        fixed=(
            "UPDATE users SET name = users.email || other.n FROM other"
            " WHERE other.id = users.id;",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET n = (SELECT n FROM other LIMIT 1);",
        fixed=("UPDATE users SET n = (SELECT max(n) FROM other);",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET at = now() FROM other WHERE other.id = users.id;",
        fixed=("UPDATE users SET at = '2026-11-29' FROM other WHERE other.id = users.id;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=PARTS,
        refused="UPDATE part SET n = 1;",
        fixed=("UPDATE part1 SET n = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused="UPDATE users SET num = 1;",
        fixed=("UPDATE users SET n = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before="CREATE TABLE users (id bigint PRIMARY KEY, n int,"
        " twice int GENERATED ALWAYS AS (n * 2) STORED);",
        refused="UPDATE users SET n = 1, twice = 2;",
        fixed=("UPDATE users SET n = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused="UPDATE users SET id = 1;",
        fixed=("ALTER TABLE users ADD COLUMN number bigint;\nUPDATE users SET number = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused="UPDATE users SET n = n + 1;",
        fixed=(
            "ALTER TABLE users ADD COLUMN m int;\n"
            "-- zdm: reverse n = m - 1\nUPDATE users SET m = n + 1;\n"
            "ALTER TABLE users DROP COLUMN n;",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused="UPDATE users SET name = gen_random_uuid()::text;",
        fixed=("UPDATE users SET name = gen_random_uuid()::text WHERE name IS NULL;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before="CREATE TABLE log (id bigint NOT NULL, n int);",
        refused=f"{KEEP}UPDATE log SET n = 1;",
        fixed=(f"{KEEP}UPDATE log SET n = 1;",),
        start="CREATE TABLE log (id bigint PRIMARY KEY, n int);",
    ),
    Entry(
        slug="update_cannot_be_batched",
        before="CREATE TABLE log (a bigint, n int,"
        " id bigint GENERATED ALWAYS AS (a + 1) STORED PRIMARY KEY);",
        refused=f"{KEEP}UPDATE log SET n = 1;",
        fixed=("UPDATE log SET n = 1;",),
    ),
    Entry(
        slug="insert_reads_rows",
        before=USERS + COPY + OTHER,
        refused="INSERT INTO copy SELECT id FROM seen;",
        fixed=(
            f"{CONTRACT}INSERT INTO copy SELECT id FROM seen;",
            "CREATE TABLE made (id bigint PRIMARY KEY); INSERT INTO made SELECT id FROM other;",
            "INSERT INTO copy SELECT id FROM other WHERE id IN (1, 2);",
        ),
    ),
    Entry(
        slug="copies_rows",
        refused=f"{COPY}DELETE FROM copy USING users WHERE users.id = copy.id;",
        fixed=(f"{COPY}{CONTRACT}DELETE FROM copy USING users WHERE users.id = copy.id;",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused="DELETE FROM users;",
        fixed=("DELETE FROM users WHERE n = 1;", f"{CONTRACT}DELETE FROM users;"),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused="DELETE FROM users WHERE id = 1 RETURNING id;",
        fixed=(
            "DELETE FROM users WHERE id = 1;",
            f"{CONTRACT}DELETE FROM users WHERE id = 1 RETURNING id;",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=USERS + COPY + "CREATE VIEW ids AS SELECT id FROM copy;",
        refused="DELETE FROM users WHERE id IN (SELECT id FROM ids);",
        fixed=(
            "DELETE FROM users WHERE id IN (SELECT id FROM copy);",
            f"{CONTRACT}DELETE FROM users WHERE id IN (SELECT id FROM ids);",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=USERS + COPY,
        refused="DELETE FROM users WHERE id IN (SELECT id FROM copy LIMIT 5);",
        fixed=("DELETE FROM users WHERE id IN (SELECT id FROM copy WHERE id < 5);",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused="DELETE FROM users WHERE id NOT IN (SELECT min(id) FROM users GROUP BY name);",
        fixed=(
            "DELETE FROM users AS a USING users AS b WHERE a.name = b.name AND a.id > b.id;",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=USERS + SPAM,
        refused="DELETE FROM users WHERE is_spam(email);",
        fixed=(
            f"{EXPAND}ALTER FUNCTION is_spam IMMUTABLE;",
            "DELETE FROM users WHERE is_spam(email);",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + COPY,
        refused="UPDATE users SET name = (SELECT string_agg(c.id::text, ' ') FROM copy AS c"
        " WHERE c.id < users.id);",
        fixed=(
            "UPDATE users SET name = (SELECT string_agg(c.id::text, ' ' ORDER BY c.id)"
            " FROM copy AS c WHERE c.id < users.id);",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused="DELETE FROM users WHERE n > random();",
        fixed=("DELETE FROM users WHERE n < 5;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        refused="UPDATE users SET n = (random() * 6)::int WHERE id > 2;",
        fixed=(
            "UPDATE users SET n = (random() * 6)::int WHERE n IS NULL;",
            "ALTER TABLE users ADD COLUMN drawn boolean;\n"
            "UPDATE users SET n = (random() * 6)::int, drawn = true WHERE id > 2 AND drawn IS"
            " NOT TRUE;",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET n = (SELECT n FROM (SELECT id, n FROM other) AS o WHERE"
        " o.id = users.id);",
        fixed=(
            "UPDATE users SET n = (SELECT o.n FROM (SELECT other.id, other.n FROM other) AS o"
            " WHERE o.id = users.id);",
        ),
    ),
    Entry(
        slug="hazard",
        refused="UPDATE users SET n = n / 100 WHERE id = 1;\n"
        "ALTER TABLE users ADD CHECK (n < 1000);",
        fixed=(
            "UPDATE users SET n = 10 WHERE id = 1;\nALTER TABLE users ADD CHECK (n < 1000);",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET n = o.n FROM (SELECT id, row_number() OVER (PARTITION BY n"
        " ORDER BY id) AS n FROM other) AS o WHERE o.id = users.id;",
        fixed=(
            "UPDATE users SET n = (SELECT count(*) FROM other AS t JOIN other AS b ON b.n = t.n"
            " AND b.id <= t.id WHERE t.id = users.id);",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=USERS + COPY,
        refused="DELETE FROM users WHERE id = (SELECT max(id) FROM copy);",
        fixed=("DELETE FROM users WHERE EXISTS (SELECT FROM copy WHERE copy.id = users.id);",),
    ),
    Entry(
        slug="lost_writes",
        before=SMALL + "CREATE TABLE mails (id bigint PRIMARY KEY, mail text); ANALYZE mails;",
        refused="UPDATE users SET email = mail FROM mails WHERE mails.id = users.id;\n"
        "ALTER TABLE mails DROP COLUMN mail;",
        fixed=(
            "UPDATE users SET email = mail FROM mails WHERE mails.id = users.id;",
            "ALTER TABLE mails DROP COLUMN mail;",
        ),
    ),
    Entry(
        slug="rows_deleted_uncopied",
        before=SMALL,
        refused="INSERT INTO copy SELECT id FROM users WHERE n = 1;\n"
        "DELETE FROM users WHERE n = 1;",
        fixed=(
            f"{CONTRACT}INSERT INTO copy SELECT id FROM users WHERE n = 1;\n"
            "DELETE FROM users WHERE n = 1;",
        ),
    ),
    Entry(
        slug="rows_deleted_uncopied",
        before=SMALL,
        refused="INSERT INTO copy VALUES ((SELECT 7 + count(*) FROM users WHERE n = 1));\n"
        "DELETE FROM users WHERE n = 1;",
        fixed=(
            f"{CONTRACT}INSERT INTO copy VALUES"
            " ((SELECT 7 + count(*) FROM users WHERE n = 1));\n"
            "DELETE FROM users WHERE n = 1;",
        ),
    ),
    Entry(
        slug="insert_before_key",
        before=SMALL,
        refused="ALTER TABLE users ADD UNIQUE (n);\n"
        "INSERT INTO users (id, n) VALUES (70, 7) ON CONFLICT DO NOTHING;",
        fixed=(
            f"ALTER TABLE users ADD UNIQUE (n);\n{CONTRACT}"
            "INSERT INTO users (id, n) VALUES (70, 7) ON CONFLICT DO NOTHING;",
        ),
    ),
    Entry(
        slug="insert_before_key",
        before=SMALL,
        refused="ALTER TABLE users ADD UNIQUE (n);\n"
        "INSERT INTO users (id, n) VALUES (70, 7) ON CONFLICT (n) DO NOTHING;",
        fixed=(
            "ALTER TABLE users ADD UNIQUE (n);",
            "INSERT INTO users (id, n) VALUES (70, 7) ON CONFLICT (n) DO NOTHING;",
        ),
    ),
    Entry(
        slug="delete_after_parents",
        before=USERS + "CREATE TABLE heads (id bigint PRIMARY KEY REFERENCES users);",
        refused="DELETE FROM heads WHERE id = 2;\nDELETE FROM users WHERE id = 2;\n"
        "CREATE UNIQUE INDEX i ON users (n);",
        fixed=(
            f"{EXPAND}DELETE FROM heads WHERE id = 2;\nDELETE FROM users WHERE id = 2;\n"
            "CREATE UNIQUE INDEX i ON users (n);",
        ),
    ),
    Entry(
        slug="delete_reads_dropped",
        before=USERS + OTHER,
        refused="DELETE FROM users WHERE n IN (SELECT o.n FROM other AS o WHERE o.id > 1);\n"
        f"{CONTRACT}DROP TABLE other CASCADE;",
        fixed=(
            "DELETE FROM users WHERE n IN (SELECT o.n FROM other AS o WHERE o.id > 1);",
            f"{CONTRACT}DROP TABLE other CASCADE;",
        ),
    ),
    Entry(
        slug="hazard",
        before=SMALL,
        refused="UPDATE users SET n = 1 WHERE n = 0;\nUPDATE users SET n = 2 WHERE n = 1;",
        fixed=("UPDATE users SET n = CASE id WHEN 1 THEN 2 ELSE 3 END WHERE n IN (0, 1);",),
    ),
    Entry(
        slug="hazard",
        before=SMALL,
        refused="UPDATE users SET n = 1 WHERE n = 0;\nUPDATE users SET n = 2 WHERE n = 1;\n"
        "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        fixed=(
            "UPDATE users SET n = coalesce(n, 2);\n"
            "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        ),
    ),
    Entry(
        slug="deleted_by_changed_rows",
        before=SMALL,
        refused="UPDATE users SET n = 1 WHERE n = 0 AND id > 2;\n"
        "DELETE FROM users WHERE n = 0;",
        fixed=(
            f"{CONTRACT}UPDATE users SET n = 1 WHERE n = 0 AND id > 2;\n"
            "DELETE FROM users WHERE n = 0;",
        ),
    ),
    Entry(
        slug="deleted_by_changed_rows",
        refused="UPDATE users SET n = 1 WHERE n = 0;\n"
        "INSERT INTO users (id, n) VALUES (70, 0);\nDELETE FROM users WHERE n = 0;",
        fixed=(
            "UPDATE users SET n = 1 WHERE n = 0;\n"
            "INSERT INTO users (id, n) VALUES (70, 0);\nDELETE FROM users WHERE id = 70;",
        ),
    ),
    Entry(
        slug="rows_overtaken",
        before=SMALL,
        refused=f"{CONTRACT}UPDATE users SET n = 1 WHERE n = 0;\n"
        "INSERT INTO users (id, n) VALUES (70, 0);",
        fixed=(
            f"{CONTRACT}UPDATE users SET n = 1 WHERE n = 0;\n"
            f"{CONTRACT}INSERT INTO users (id, n) VALUES (70, 0);",
        ),
    ),
    Entry(
        slug="rows_refer_again",
        before=USERS + "CREATE TABLE member (id bigint PRIMARY KEY, of bigint REFERENCES users"
        " ON DELETE CASCADE);",
        refused="UPDATE member SET of = 1 WHERE of = 2;\nDELETE FROM users WHERE id = 2;",
        fixed=(
            f"{CONTRACT}UPDATE member SET of = 1 WHERE of = 2;\n"
            "DELETE FROM users WHERE id = 2;",
        ),
    ),
    Entry(
        slug="delete_after_constraint",
        refused=f"{CHECKED}ALTER TABLE users ADD COLUMN more text;\n"
        f"DELETE FROM users WHERE n = 0;\n{VALIDATED}",
        fixed=(
            "ALTER TABLE users ADD COLUMN more text;\n"
            f"DELETE FROM users WHERE n = 0;\n{CHECKED}{VALIDATED}",
        ),
    ),
    Entry(
        slug="delete_after_constraint",
        refused=f"DELETE FROM users WHERE n = 0;\n{EXPAND}ALTER TABLE users ADD UNIQUE (n);",
        fixed=("DELETE FROM users WHERE n = 0;", f"{EXPAND}ALTER TABLE users ADD UNIQUE (n);"),
    ),
    Entry(
        slug="delete_after_constraint",
        refused=f"{CONTRACT}{LATER}CREATE UNIQUE INDEX i ON users (email);",
        fixed=(f"{EXPAND}{LATER}CREATE UNIQUE INDEX i ON users (email);",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused=f"{LATER}CREATE UNIQUE INDEX i ON users (email);",
        fixed=(
            "DELETE FROM users AS a USING users AS b WHERE a.email = b.email AND a.id > b.id;\n"
            "CREATE UNIQUE INDEX i ON users (email);",
        ),
    ),
    Entry(
        slug="rollback_would_fail",
        before=USERS + HEADS,
        refused=f"ALTER TABLE heads DROP CONSTRAINT k;\n{TWICE}"
        "CREATE UNIQUE INDEX i ON users (email);",
        fixed=(
            "ALTER TABLE heads DROP CONSTRAINT k;",
            f"{TWICE}CREATE UNIQUE INDEX i ON users (email);",
        ),
    ),
    Entry(
        slug="rule_still_there",
        before=USERS + "ALTER TABLE users ADD CONSTRAINT k UNIQUE (n);",
        refused=f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT k;\n"
        "INSERT INTO users (id, n) VALUES (7, 7);",
        fixed=(
            f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT k;\n"
            f"{CONTRACT}INSERT INTO users (id, n) VALUES (7, 7);",
        ),
    ),
    Entry(
        slug="default_order",
        before=USERS + "ALTER TABLE users ALTER COLUMN n SET DEFAULT 1;",
        refused="UPDATE users SET n = DEFAULT WHERE id = 1;\n"
        "ALTER TABLE users ALTER COLUMN n SET DEFAULT 2;",
        fixed=(
            "UPDATE users SET n = 1 WHERE id = 1;\n"
            "ALTER TABLE users ALTER COLUMN n SET DEFAULT 2;",
        ),
    ),
    Entry(
        slug="delete_overtaken",
        before=USERS + TOUCH,
        refused=f"DELETE FROM users WHERE n = 0;\n{EXPAND}DROP TRIGGER touch ON users;",
        fixed=(
            f"{EXPAND}DROP TRIGGER touch ON users;\nDELETE FROM users WHERE n = 0;",
            f"{EXPAND}{TOUCH[TOUCH.rindex('CREATE') :]}",
            f"DELETE FROM users WHERE n = 0;\n{CONTRACT}DROP TRIGGER touch ON users;",
        ),
    ),
    Entry(
        slug="inserted_null_filled",
        refused="ALTER TABLE users ADD COLUMN slug text;\n"
        "UPDATE users SET slug = lower(name);\nINSERT INTO users (id, name) VALUES (7, 'A');",
        fixed=(
            "ALTER TABLE users ADD COLUMN slug text;\nUPDATE users SET slug = lower(name);\n"
            "INSERT INTO users (id, name, slug) VALUES (7, 'A', 'a');",
            "ALTER TABLE users ADD COLUMN slug2 text;\nUPDATE users SET slug2 = lower(name);\n"
            f"{CONTRACT}INSERT INTO users (id, name) VALUES (8, 'A');",
        ),
    ),
    Entry(
        slug="hazard",
        before=SMALL + OTHER + "INSERT INTO other VALUES (1, 1);",
        refused="UPDATE users SET n = other.n FROM other WHERE other.id = users.id;\n"
        "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        fixed=(
            "UPDATE users SET n = other.n FROM other WHERE other.id = users.id;\n"
            "ALTER TABLE users ALTER COLUMN n SET NOT NULL;",
        ),
    ),
    Entry(
        slug="rows_order",
        before=USERS + COPY,
        refused="DELETE FROM copy WHERE id = 1;\n"
        "INSERT INTO users (id) SELECT 5 WHERE NOT EXISTS (SELECT FROM copy);",
        fixed=(
            "DELETE FROM copy WHERE id = 1;",
            "INSERT INTO users (id) SELECT 5 WHERE NOT EXISTS (SELECT FROM copy);",
        ),
    ),
    Entry(
        slug="hazard",
        refused="UPDATE users SET n = 1 WHERE id = 1;",
        fixed=(f"{KEEP}UPDATE users SET n = 1 WHERE id = 1;",),
    ),
    Entry(
        slug="hazard",
        before=SMALL,
        refused="UPDATE users SET name = 'copied' FROM copy WHERE copy.id = users.id;",
        fixed=("UPDATE users SET name = 'copied' FROM copy WHERE copy.id = users.id;",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused="DELETE FROM users WHERE num = 1;",
        fixed=("DELETE FROM users WHERE n = 1;",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused="DELETE FROM ONLY users WHERE id = 1;",
        fixed=(
            "DELETE FROM users WHERE id = 1;",
            f"{CONTRACT}DELETE FROM ONLY users WHERE id = 1;",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        refused="DELETE FROM users WHERE at < now();",
        fixed=("DELETE FROM users WHERE at < '2025-01-01';",),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=PARTS,
        refused="DELETE FROM part WHERE n = 1;",
        fixed=("DELETE FROM part1 WHERE n = 1;", "DELETE FROM part WHERE id = 1;"),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=USERS + "CREATE TABLE heads (id bigint REFERENCES users ON DELETE CASCADE);",
        refused="DELETE FROM users WHERE n = 1;",
        fixed=(
            "DELETE FROM users WHERE id IN (1, 2);",
            f"{CONTRACT}DELETE FROM users WHERE n = 1;",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before="CREATE TABLE users (id bigint PRIMARY KEY, n bigint REFERENCES users);",
        refused="DELETE FROM users WHERE n = 1;",
        fixed=(
            "DELETE FROM users WHERE id = 1;",
            f"{CONTRACT}DELETE FROM users WHERE n = 1;",
        ),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before=USERS + "CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING;",
        refused="DELETE FROM users WHERE n = 1;",
        fixed=(f"{EXPAND}DROP RULE keep ON users;", "DELETE FROM users WHERE n = 1;"),
    ),
    Entry(
        slug="delete_cannot_be_planned",
        before="CREATE TABLE log (n int, name text); CREATE PUBLICATION p FOR TABLE log;",
        refused="DELETE FROM log WHERE n = 1;",
        fixed=(
            f"{EXPAND}ALTER TABLE log REPLICA IDENTITY FULL;",
            "DELETE FROM log WHERE n = 1;",
        ),
    ),
    Entry(
        slug="delete_order",
        refused="DELETE FROM users WHERE n = 1;\nUPDATE users SET n = 1 WHERE n = 2;",
        fixed=("DELETE FROM users WHERE n = 1;", "UPDATE users SET n = 1 WHERE n = 2;"),
    ),
    Entry(
        slug="delete_order",
        refused="DELETE FROM users WHERE n = 1;\nALTER TABLE users DROP COLUMN n;",
        fixed=("DELETE FROM users WHERE n = 1;", "ALTER TABLE users DROP COLUMN n;"),
    ),
    Entry(
        slug="hazard",
        before=USERS
        + "CREATE TABLE heads (id bigint REFERENCES users);"
        + TOUCH.replace("BEFORE UPDATE", "AFTER DELETE").replace("NEW.at := now(); ", ""),
        refused="DELETE FROM users WHERE n = 1;",
        fixed=("DELETE FROM heads WHERE id = 1;\nDELETE FROM users WHERE id = 1;",),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="UPDATE users SET n = (SELECT other.n FROM other WHERE other.id > users.id"
        " LIMIT 1);",
        fixed=(
            "UPDATE users SET n = (SELECT other.n FROM other WHERE other.id > users.id"
            " ORDER BY other.id LIMIT 1);",
            "UPDATE users SET n = (SELECT min(other.n) FROM other WHERE other.id > users.id);",
        ),
    ),
    Entry(
        slug="update_cannot_be_batched",
        before=USERS + OTHER,
        refused="WITH part AS (SELECT id FROM users WHERE n IS NULL LIMIT 500) UPDATE users"
        " SET n = other.n FROM other, part WHERE other.id = users.id AND part.id = users.id;",
        fixed=(
            "UPDATE users SET n = other.n FROM other WHERE other.id = users.id AND users.n IS"
            " NULL;",
        ),
    ),
    Entry(
        slug="rows_of_view",
        before=USERS + "CREATE VIEW named AS SELECT id, n FROM users WHERE name IS NOT NULL;",
        refused="UPDATE named SET n = 1 WHERE n = 0;",
        fixed=(
            "UPDATE users SET n = 1 WHERE n = 0 AND name IS NOT NULL;",
            f"{EXPAND}UPDATE named SET n = 1 WHERE n = 0;",
        ),
    ),
    Entry(
        slug="rows_of_view",
        before=USERS + "CREATE VIEW named AS SELECT id, n FROM users WHERE name IS NOT NULL;",
        refused="DELETE FROM named WHERE n = 0;",
        fixed=("DELETE FROM users WHERE n = 0 AND name IS NOT NULL;",),
    ),
    Entry(
        slug="still_referred",
        before=USERS + "CREATE TABLE heads (id bigint REFERENCES users, n int);",
        refused="ALTER TABLE heads DROP COLUMN id;\nDELETE FROM users WHERE id = 1;",
        fixed=("ALTER TABLE heads DROP COLUMN id;", "DELETE FROM users WHERE id = 1;"),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE TABLE heads (id bigint REFERENCES users ON DELETE SET NULL);",
        refused="DELETE FROM users WHERE id = 1;",
        fixed=("DELETE FROM heads WHERE id IS NOT NULL;\nDELETE FROM users WHERE id = 1;",),
    ),
    Entry(
        slug="fills_overlap",
        refused="UPDATE users SET n = 1 WHERE name = 'a';\n"
        "UPDATE users SET n = 2 WHERE name = 'b';",
        fixed=(
            "UPDATE users SET n = CASE name WHEN 'a' THEN 1 ELSE 2 END\n"
            "WHERE name IN ('a', 'b');",
        ),
    ),
    Entry(
        slug="fills_overlap",
        before=USERS + "CREATE TABLE heads (id bigint PRIMARY KEY, org int); ANALYZE;",
        refused="ALTER TABLE users ADD COLUMN org int;\n"
        "UPDATE users SET org = heads.org FROM heads WHERE heads.id = users.id;\n"
        "UPDATE users SET org = 0 WHERE org IS NULL;\n"
        "ALTER TABLE users ALTER COLUMN org SET NOT NULL;",
        fixed=(
            "ALTER TABLE users ADD COLUMN org int;\n"
            "UPDATE users SET org = COALESCE("
            "(SELECT heads.org FROM heads WHERE heads.id = users.id), 0);\n"
            "ALTER TABLE users ALTER COLUMN org SET NOT NULL;",
        ),
    ),
)
