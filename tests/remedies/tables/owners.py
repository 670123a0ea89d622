"""New owners."""

from tests.remedies.entry import CONTRACT, USERS, Entry

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


ENTRIES = (
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
