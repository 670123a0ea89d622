"""Publications of logical replication."""

from tests.remedies.entry import CONTRACT, USERS, Entry

PRIVILEGED = "-- zdm: privileged -- reviewed\n"
LOGS = USERS + "CREATE TABLE logs (at timestamp, line text);"
INSERTS = " WITH (publish = 'insert, truncate')"
PUBLISHED = USERS + "CREATE PUBLICATION p FOR TABLE users;"
ABOVE = USERS + "CREATE TABLE below () INHERITS (users);"
PARTED = (
    USERS + "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id);"
    " CREATE TABLE part PARTITION OF parted DEFAULT;"
)
COMPUTED = """
CREATE TABLE users (id bigint PRIMARY KEY, n int, g int GENERATED ALWAYS AS (n + 1) STORED);
ALTER TABLE users REPLICA IDENTITY FULL;
"""
VIRTUAL = """
CREATE TABLE users (id bigint PRIMARY KEY, n int, g int GENERATED ALWAYS AS (n + 1) VIRTUAL);
"""


def created(before: str, refused: str, *fixed: str) -> Entry:
    return Entry(
        slug="publication_cannot_be_created",
        before=before,
        refused=f"CREATE PUBLICATION {refused};",
        fixed=fixed,
    )


ENTRIES = (
    created(PUBLISHED, "p FOR TABLE users", "CREATE PUBLICATION q FOR TABLE users;"),
    created(USERS, "p FOR ALL TABLES", "CREATE PUBLICATION p FOR TABLE users;"),
    created(
        USERS,
        "p FOR TABLES IN SCHEMA public",
        f"{PRIVILEGED}CREATE PUBLICATION p FOR TABLES IN SCHEMA public;",
    ),
    created(USERS, "p FOR TABLE users, usres", "CREATE PUBLICATION p FOR TABLE users;"),
    created(
        USERS, "p FOR TABLE users (id, gone)", "CREATE PUBLICATION p FOR TABLE users (id);"
    ),
    created(USERS, "p FOR TABLE users, users", "CREATE PUBLICATION p FOR TABLE users;"),
    created(
        USERS + "CREATE VIEW seen AS SELECT id FROM users;",
        "p FOR TABLE seen",
        "CREATE PUBLICATION p FOR TABLE users;",
    ),
    created(
        USERS + "CREATE UNLOGGED TABLE quick (id int PRIMARY KEY);",
        "p FOR TABLE users, quick",
        "CREATE PUBLICATION p FOR TABLE users;",
    ),
    created(
        USERS,
        "p FOR TABLE users WITH (streaming)",
        "CREATE PUBLICATION p FOR TABLE users;",
    ),
    created(
        USERS,
        "p FOR TABLE users WITH (publish = 'insert, upsert')",
        "CREATE PUBLICATION p FOR TABLE users WITH (publish = 'insert, update');",
    ),
    created(
        ABOVE + "ALTER TABLE below ADD PRIMARY KEY (id);",
        "p FOR TABLE users",
        "CREATE PUBLICATION p FOR TABLE ONLY users, below;",
    ),
    created(
        PARTED,
        "p FOR TABLE parted WHERE (id > 5) WITH (publish_via_partition_root)",
        "CREATE PUBLICATION p FOR TABLE part WHERE (id > 5);",
    ),
    created(
        VIRTUAL,
        "p FOR TABLE users (id, g)",
        "CREATE PUBLICATION p FOR TABLE users (id);",
    ),
    created(
        USERS,
        "p FOR TABLE users WHERE (id > abs(-5))",
        "CREATE PUBLICATION p FOR TABLE users WHERE (id > 5);",
    ),
    created(
        LOGS,
        "p FOR TABLE logs",
        "ALTER TABLE logs REPLICA IDENTITY FULL;",
        "CREATE PUBLICATION p FOR TABLE logs;",
    ),
    created(LOGS, "p FOR TABLE logs", f"CREATE PUBLICATION p FOR TABLE logs{INSERTS};"),
    created(
        USERS,
        "p FOR TABLE users (email)",
        "CREATE PUBLICATION p FOR TABLE users (id, email);",
    ),
    created(
        USERS,
        "p FOR TABLE users WHERE (n > 5)",
        "CREATE PUBLICATION p FOR TABLE users WHERE (id > 5);",
    ),
    created(
        USERS,
        "p FOR TABLE users WHERE (n > 5)",
        f"CREATE PUBLICATION p FOR TABLE users WHERE (n > 5){INSERTS};",
    ),
    created(
        COMPUTED,
        "p FOR TABLE users",
        "ALTER TABLE users REPLICA IDENTITY DEFAULT;",
        "CREATE PUBLICATION p FOR TABLE users;",
    ),
    Entry(
        slug="publication_cannot_be_dropped",
        before=PUBLISHED,
        refused="DROP PUBLICATION q;",
        fixed=("DROP PUBLICATION IF EXISTS q;",),
    ),
    Entry(
        slug="publication_cannot_be_dropped",
        before=USERS + "CREATE PUBLICATION p FOR ALL TABLES;",
        refused="DROP PUBLICATION p;",
        fixed=(f"{CONTRACT}{PRIVILEGED}DROP PUBLICATION p;",),
    ),
    Entry(
        slug="name_reused",
        before=PUBLISHED,
        refused="DROP PUBLICATION p;\nCREATE PUBLICATION p FOR TABLE ONLY users;",
        fixed=("DROP PUBLICATION p;", "CREATE PUBLICATION p FOR TABLE ONLY users;"),
    ),
    Entry(
        slug="order_conflict",
        before="CREATE TABLE users (id bigint NOT NULL, n int);",
        refused="ALTER TABLE users ADD PRIMARY KEY (id);\n"
        "CREATE PUBLICATION p FOR TABLE users;",
        fixed=(
            "ALTER TABLE users ADD PRIMARY KEY (id);",
            "CREATE PUBLICATION p FOR TABLE users;",
        ),
    ),
)
