"""Constraints of tables in use."""

from tests.remedies.entry import USERS, Entry

HEIR = "CREATE TABLE heir () INHERITS (users);"
TAKEN = "ALTER TABLE users ADD CONSTRAINT k CHECK (n > 0);"
ENTRIES = (
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
)
