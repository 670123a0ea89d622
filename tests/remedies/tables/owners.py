"""New owners, and new names of triggers and policies."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

PRIVILEGED = "-- zdm: privileged -- reviewed\n"
TEAM = (
    "DO 'BEGIN CREATE ROLE zdm_owner; EXCEPTION WHEN duplicate_object OR unique_violation"
    " THEN NULL; END'; GRANT USAGE, CREATE ON SCHEMA public TO zdm_owner;"
)
GIVEN = "ALTER TABLE users OWNER TO zdm_owner;"
SECURED = "ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
ONE = "CREATE FUNCTION one() RETURNS int LANGUAGE sql {} AS 'SELECT 1';"


def refused(before: str, sql: str, *fixed: str) -> Entry:
    return Entry(
        slug="owner_cannot_be_changed", before=USERS + TEAM + before, refused=sql, fixed=fixed
    )


FIRED = """
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tidy BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION tidy();
CREATE TRIGGER use BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION tidy();
CREATE POLICY p ON users USING (true);
CREATE POLICY q ON users USING (true);
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TRIGGER tidy BEFORE INSERT ON parted FOR EACH ROW EXECUTE FUNCTION tidy();
"""
SEES = """
CREATE FUNCTION sees() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RAISE NOTICE ''%'', TG_NAME; RETURN NEW; END';
CREATE TRIGGER sees BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION sees();
"""


def named(sql: str, *fixed: str) -> Entry:
    return Entry(slug="part_cannot_be_renamed", before=USERS + FIRED, refused=sql, fixed=fixed)


ENTRIES = (
    named(
        "ALTER TRIGGER tdy ON users RENAME TO tidier;",
        "ALTER TRIGGER tidy ON users RENAME TO tidier;",
    ),
    named("ALTER POLICY p ON users RENAME TO q;", "ALTER POLICY p ON users RENAME TO r;"),
    named(
        "ALTER TRIGGER tidy ON users RENAME TO users_tidy;",
        "ALTER TRIGGER tidy ON users RENAME TO tidier;",
    ),
    named(
        "ALTER TRIGGER tidy ON users RENAME TO users_tidy;",
        f"{EXPAND}ALTER TRIGGER tidy ON users RENAME TO users_tidy;",
    ),
    named(
        "ALTER TRIGGER tidy ON parted RENAME TO tidier;",
        f"{EXPAND}ALTER TRIGGER tidy ON parted RENAME TO tidier;",
    ),
    Entry(
        slug="hazard",
        before=USERS + SEES,
        refused="ALTER TRIGGER sees ON users RENAME TO seen;",
        fixed=(
            "CREATE OR REPLACE FUNCTION sees() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NEW; END';",
        ),
    ),
    refused("", "ALTER TABLE users OWNER TO CURRENT_USER;", GIVEN),
    refused("", "ALTER TABLE user_s OWNER TO zdm_owner;", GIVEN),
    refused(
        "CREATE TABLE n (id serial);",
        "ALTER SEQUENCE n_id_seq OWNER TO zdm_owner;",
        "ALTER TABLE n OWNER TO zdm_owner;",
    ),
    refused(
        "CREATE SCHEMA side;",
        "ALTER SCHEMA side OWNER TO zdm_owner;",
        f"{CONTRACT}{PRIVILEGED}ALTER SCHEMA side OWNER TO zdm_owner;",
    ),
    refused(SECURED, GIVEN, CONTRACT + GIVEN),
    refused(
        ONE.format("SECURITY DEFINER"),
        "ALTER FUNCTION one() OWNER TO zdm_owner;",
        f"{CONTRACT}ALTER FUNCTION one() OWNER TO zdm_owner;",
    ),
    refused(
        "",
        f"{GIVEN} GRANT SELECT ON users TO PUBLIC;",
        f"GRANT SELECT ON users TO PUBLIC; {GIVEN}",
    ),
    refused(
        "",
        f"{GIVEN} ALTER TABLE users RENAME TO people;",
        "ALTER TABLE users RENAME TO people;",
        "ALTER TABLE people OWNER TO zdm_owner;",
    ),
    Entry(
        slug="hazard",
        before=USERS + TEAM,
        refused=GIVEN,
        fixed=(f"GRANT SELECT ON users TO zdm_owner; {GIVEN}",),
    ),
)
