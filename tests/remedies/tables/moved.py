"""Columns that move to another table."""

from tests.remedies.entry import CONTRACT, USERS, Entry

KEY = "id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE"
NAMES = f"CREATE TABLE names ({KEY}, name text);\n"
COPY = "INSERT INTO names (id, name) SELECT id, name FROM users WHERE name IS NOT NULL;\n"
DROP = "ALTER TABLE users DROP COLUMN name;"
MOVE = NAMES + COPY + DROP
BOTH = f"CREATE TABLE mails ({KEY}, name text, email text);\n"
OF_BOTH = "INSERT INTO mails SELECT id, name, email FROM users"
DROPS = "ALTER TABLE users DROP COLUMN name, DROP COLUMN email;"
GIVEN = f"{OF_BOTH} WHERE name IS NOT NULL OR email IS NOT NULL;\n"
NEVER = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"
FORCED = """ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON users USING (true);"""
CODE = "CREATE DOMAIN code AS text NOT NULL; ALTER TABLE users ADD COLUMN code code;"
OF_CODE = f"""CREATE TABLE codes ({KEY}, code {{}} NOT NULL);
INSERT INTO codes SELECT id, code FROM users;
ALTER TABLE users DROP COLUMN code;"""
LENGTH = "ALTER TABLE users ADD COLUMN length int NOT NULL GENERATED ALWAYS AS (n + 1) STORED;"
OF_LENGTH = f"""CREATE TABLE lengths ({KEY}, length int);
INSERT INTO lengths SELECT id, length FROM users;
"""

PLACE = "CREATE TYPE place AS (x int, y int); ALTER TABLE users ADD COLUMN place place;"
OF_PLACE = f"""CREATE TABLE places ({KEY}, place place);
INSERT INTO places SELECT id, place FROM users WHERE place IS NOT NULL;
"""
READ = """CREATE TABLE first (id bigint PRIMARY KEY, name text);
INSERT INTO first SELECT id, name FROM names;"""
FIRES = """CREATE INDEX i ON users (name);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();
"""


def refused(wrong: str, *right: str, more: str = "") -> Entry:
    """What cannot be kept the same, and the trains that can be planned instead."""
    return Entry(slug="column_cannot_be_moved", before=USERS + more, refused=wrong, fixed=right)


def of_table(was: str, to: str, *later: str) -> Entry:
    """A table for the names that would refuse what the old version writes."""
    return refused(MOVE.replace(was, to, 1), MOVE, *later)


ENTRIES = (
    of_table(" ON DELETE CASCADE", ""),
    of_table("bigint PRIMARY KEY", "bigint UNIQUE"),
    of_table("name text", "name text, at date", "ALTER TABLE names ADD COLUMN at date;"),
    of_table("name text", "name varchar(99)"),
    refused(
        BOTH.replace("name text", "name text NOT NULL") + GIVEN + DROPS,
        BOTH + GIVEN + DROPS,
        "ALTER TABLE mails ALTER COLUMN name SET NOT NULL;",
    ),
    refused(MOVE.replace(" WHERE name IS NOT NULL", ""), MOVE),
    refused(BOTH + OF_BOTH + " WHERE name IS NOT NULL;\n" + DROPS, BOTH + GIVEN + DROPS),
    refused(BOTH + GIVEN + DROP, BOTH + GIVEN + DROPS),
    refused(
        BOTH.replace("mails", "names")
        + GIVEN.replace("mails", "names").replace("email", "name")
        + DROP,
        MOVE,
    ),
    refused(MOVE + " UPDATE users SET name = 'x' WHERE id = 1;", MOVE),
    refused(
        MOVE,
        "ALTER TABLE users ALTER COLUMN name DROP DEFAULT;",
        MOVE,
        more="ALTER TABLE users ALTER COLUMN name SET DEFAULT 'x';",
    ),
    refused(
        MOVE,
        f"{CONTRACT}ALTER TABLE users DROP CONSTRAINT users_name_key;",
        MOVE,
        "ALTER TABLE names ADD UNIQUE (name);",
        more="ALTER TABLE users ADD UNIQUE (name);",
    ),
    refused(MOVE, "ALTER TABLE users NO FORCE ROW LEVEL SECURITY;", MOVE, more=FORCED),
    refused(MOVE, "DROP VIEW v;", MOVE, more="CREATE VIEW v AS SELECT name FROM users;"),
    refused(MOVE.replace("DROP COLUMN name", "DROP COLUMN name CASCADE"), MOVE),
    refused(
        OF_CODE.format("code"),
        "ALTER TABLE users ALTER COLUMN code TYPE text;",
        OF_CODE.format("text").replace("users;", "users WHERE code IS NOT NULL;"),
        more=CODE,
    ),
    refused(
        OF_LENGTH + "ALTER TABLE users DROP COLUMN length;",
        OF_LENGTH,
        "ALTER TABLE users DROP COLUMN length;",
        more=LENGTH,
    ),
    refused(
        "UPDATE users SET name = 'x' WHERE id = 1;" + MOVE,
        "UPDATE users SET name = 'x' WHERE id = 1;",
        MOVE,
    ),
    refused(
        f"{OF_PLACE}ALTER TABLE users DROP COLUMN place;",
        OF_PLACE,
        "ALTER TABLE users DROP COLUMN place;",
        more=PLACE,
    ),
    Entry(
        slug="lost_writes",
        refused=MOVE + READ,
        fixed=(MOVE, READ),
    ),
    Entry(slug="hazard", before=USERS + FIRES, refused=MOVE, fixed=(MOVE,)),
)
