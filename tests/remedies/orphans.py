"""What becomes of the rows that a new foreign key would refuse."""

from tests.remedies.constraints import PARENT, PARTS
from tests.remedies.entry import CONTRACT, Entry

ALONE = "CREATE TABLE users (id bigint PRIMARY KEY, n bigint);"
TABLES = ALONE + PARENT
ORPHANS = "ALTER TABLE users ADD FOREIGN KEY (n) REFERENCES parent (id);"
OF_ITSELF = "ALTER TABLE users ADD FOREIGN KEY (n) REFERENCES users (id);"

CODES = (
    "CREATE TABLE country (code char(5) PRIMARY KEY);"
    " CREATE TABLE users (id bigint PRIMARY KEY, code text);"
)
FILLED = "INSERT INTO parent (id) VALUES (7);\n"
OF_CODES = "ALTER TABLE users ADD FOREIGN KEY (code) REFERENCES country;"


def orphans(how: str, statement: str = ORPHANS) -> str:
    return f"-- zdm: orphans {how} -- reviewed\n{statement}"


SOFT = (
    "CREATE FUNCTION soft() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN UPDATE users SET n = NULL WHERE id = OLD.id; RETURN NULL; END';"
    "CREATE TRIGGER soft BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION soft();"
)
AGAIN = ORPHANS.replace("FOREIGN", "CONSTRAINT again FOREIGN")
ENTRIES = (
    Entry(
        slug="orphans_cannot_be_corrected",
        before=TABLES,
        refused=f"{orphans('null')}\n{orphans('delete', AGAIN)}",
        fixed=(orphans("null"), orphans("delete", AGAIN)),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=TABLES + SOFT,
        refused=orphans("park"),
        fixed=(orphans("null"),),
    ),
    Entry(
        slug="hazard",
        before=TABLES,
        refused=ORPHANS,
        fixed=(orphans("delete"),),
    ),
    Entry(
        slug="hazard",
        before=TABLES,
        refused=orphans("delete"),
        fixed=(orphans("park"),),
    ),
    Entry(
        slug="hazard",
        before=TABLES,
        refused=orphans("park"),
        fixed=(orphans("null"),),
    ),
    Entry(
        slug="hazard",
        before=TABLES,
        refused=orphans("null"),
        fixed=(orphans("null"),),
    ),
    Entry(
        slug="hazard",
        before=TABLES + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NEW; END';"
        " CREATE TRIGGER seen AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();",
        refused=orphans("park"),
        fixed=(orphans("delete"),),
    ),
    Entry(
        slug="hazard",
        before=TABLES + "CREATE PUBLICATION everything FOR ALL TABLES;",
        refused=orphans("park"),
        fixed=(orphans("delete"),),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=PARTS + PARENT,
        refused=orphans("delete", "ALTER TABLE part ADD FOREIGN KEY (id) REFERENCES parent;"),
        fixed=(
            "DELETE FROM part1 WHERE NOT EXISTS (SELECT FROM parent WHERE id = part1.id);\n"
            "ALTER TABLE part ADD FOREIGN KEY (id) REFERENCES parent;",
        ),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before="CREATE TABLE users (id bigint PRIMARY KEY, n bigint NOT NULL);" + PARENT,
        refused=orphans("null"),
        fixed=(orphans("park"),),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=ALONE,
        refused=orphans("delete", OF_ITSELF),
        fixed=(orphans("null", OF_ITSELF),),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=TABLES
        + "CREATE TABLE posts (id int, user_id bigint REFERENCES users ON DELETE CASCADE);",
        refused=orphans("park"),
        fixed=(orphans("null"),),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before="CREATE TABLE users (id bigint, n bigint);" + PARENT,
        refused=orphans("park"),
        fixed=(orphans("delete"),),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=TABLES + "CREATE RULE r AS ON INSERT TO users DO INSTEAD NOTHING;",
        refused=orphans("park"),
        fixed=(orphans("delete"),),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=CODES,
        refused=orphans("delete", OF_CODES),
        fixed=(
            "DELETE FROM users WHERE NOT EXISTS (SELECT FROM country"
            f" WHERE country.code = users.code::bpchar);\n{OF_CODES}",
        ),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=TABLES,
        refused=FILLED + orphans("park"),
        fixed=(FILLED, orphans("park")),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before=TABLES + "ALTER TABLE users ADD COLUMN guest text, ADD CHECK (n IS NOT NULL OR"
        " guest IS NOT NULL);",
        refused=orphans("null"),
        fixed=(orphans("park"),),
    ),
    Entry(
        slug="orphans_cannot_be_corrected",
        before="CREATE TABLE users (id bigint PRIMARY KEY, n bigint NOT NULL);"
        + PARENT
        + "CREATE TABLE posts (id int, user_id bigint REFERENCES users ON DELETE CASCADE);",
        refused=orphans("delete"),
        fixed=(
            f"{CONTRACT}DELETE FROM users WHERE NOT EXISTS (SELECT FROM parent WHERE id = n);",
            ORPHANS,
        ),
    ),
    Entry(
        slug="",
        refused=orphans("drop"),
        before=TABLES,
        fixed=(orphans("delete"),),
    ),
)
