"""INSERT … SELECT of many rows."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

COPY = "CREATE TABLE copy (id bigint PRIMARY KEY, name text);\n"
TAKEN = "UPDATE copy SET name = users.name FROM users WHERE users.id = copy.id;\n"
LATER = "UPDATE users SET name = upper(name);"
COPIED = "INSERT INTO copy SELECT id, name FROM users;\n"
PARTS = (
    "CREATE TABLE part (id bigint PRIMARY KEY) PARTITION BY RANGE (id);"
    "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000);"
)
KEEP = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
KEPT = f"""{EXPAND}CREATE TRIGGER keep BEFORE INSERT ON copy
FOR EACH ROW EXECUTE FUNCTION keep();\n"""
SEEN = KEPT.replace("BEFORE", "AFTER")
OF_LINES = "INSERT INTO copy (id) SELECT id FROM lines;"
TOTALS = "CREATE TABLE totals (name text PRIMARY KEY, n bigint NOT NULL);\n"
LOG = "CREATE TABLE log (id bigserial PRIMARY KEY, user_id bigint NOT NULL);\n"
NAMES = "CREATE TABLE names (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);\n"
SUMMED = "INSERT INTO totals SELECT name, sum(id) FROM users GROUP BY name;"


def refused(before: str, wrong: str, *right: str, more: str = "") -> Entry:
    """A copy that cannot be batched, and others that can; or when the old version is gone."""
    return Entry(
        slug="copy_cannot_be_batched",
        before=USERS + more,
        refused=before + wrong,
        fixed=tuple(before + one for one in right),
    )


ENTRIES = (
    refused(TOTALS, SUMMED, f"{CONTRACT}{SUMMED}"),
    refused(
        COPY,
        "INSERT INTO copy SELECT id, name FROM users ON CONFLICT (id) DO UPDATE SET"
        " name = excluded.name;",
        "INSERT INTO copy SELECT id, name FROM users ON CONFLICT (id) DO NOTHING;",
    ),
    Entry(
        slug="copy_cannot_be_batched",
        refused=TOTALS + SUMMED,
        start=USERS + "ANALYZE users;",
        fixed=(TOTALS + SUMMED,),
    ),
    refused(
        COPY,
        "INSERT INTO copy SELECT log.*, 'x' FROM users JOIN log ON user_id = users.id;",
        "INSERT INTO copy (id) SELECT user_id FROM users JOIN log ON user_id = users.id;",
        more=LOG,
    ),
    refused(
        LOG,
        "INSERT INTO log (user_id) SELECT n FROM users;",
        "CREATE UNIQUE INDEX i ON log (user_id);INSERT INTO log (user_id) SELECT n FROM users;",
    ),
    refused(
        LOG,
        "INSERT INTO log (user_id) SELECT id FROM users;",
        "CREATE INDEX i ON log (user_id); INSERT INTO log (user_id) SELECT id FROM users;",
    ),
    refused(
        COPY,
        "INSERT INTO copy SELECT id, name FROM users WHERE at < now();",
        "INSERT INTO copy SELECT id, name FROM users WHERE at < '2025-01-01';",
    ),
    refused(
        COPY,
        "INSERT INTO copy (id) SELECT u.id FROM users AS u WHERE NOT EXISTS"
        " (SELECT FROM copy AS c WHERE c.name = u.name);",
        "INSERT INTO copy (id) SELECT u.id FROM users AS u WHERE NOT EXISTS"
        " (SELECT FROM users AS c WHERE c.name = u.name AND c.id < u.id);",
    ),
    refused(
        COPY,
        "INSERT INTO copy (id) SELECT id FROM part;",
        "INSERT INTO copy (id) SELECT id FROM part1;",
        more=PARTS,
    ),
    refused(
        COPY,
        "INSERT INTO copy SELECT u.id, u::text FROM users AS u;",
        "INSERT INTO copy SELECT u.id, row(u.id, u.name)::text FROM users AS u;",
    ),
    refused(
        NAMES,
        "INSERT INTO names (name) SELECT name FROM users ORDER BY at ON CONFLICT DO NOTHING;",
        "INSERT INTO names (name) SELECT name FROM users ON CONFLICT DO NOTHING;",
    ),
    refused(
        LOG + "CREATE INDEX i ON log (user_id);",
        "INSERT INTO log (user_id) SELECT id FROM users ORDER BY at;",
        "INSERT INTO log (user_id) SELECT id FROM users;",
    ),
    refused(
        "CREATE TABLE words (user_id bigint, word text); CREATE INDEX i ON words (user_id);",
        "INSERT INTO words SELECT id, unnest(ARRAY[name, email]) FROM users;",
        "INSERT INTO words SELECT u.id, w FROM users AS u, unnest(ARRAY[name, email]) AS w;",
    ),
    refused(COPY + KEPT, COPIED, f"{CONTRACT}{COPIED}", more=KEEP),
    Entry(
        slug="copied_rows_order",
        refused=f"{COPY}{COPIED}UPDATE copy SET name = lower(name);",
        fixed=(COPY + COPIED, "UPDATE copy SET name = lower(name);"),
    ),
    Entry(
        slug="copied_rows_order",
        refused=f"{COPY}{COPIED}UPDATE copy SET name = 'x';",
        fixed=(f"{COPY}INSERT INTO copy SELECT id, 'x' FROM users;",),
    ),
    Entry(
        slug="copied_rows_order",
        refused=f"{COPY}{COPIED}"
        "ALTER TABLE copy ALTER name TYPE varchar(9) USING left(name, 9);",
        fixed=(
            "CREATE TABLE copy (id bigint PRIMARY KEY, name varchar(9));"
            "INSERT INTO copy SELECT id, left(name, 9) FROM users;",
        ),
    ),
    Entry(
        slug="values_changed_early",
        before=USERS + COPY,
        refused=f"{TAKEN}{LATER}",
        fixed=(TAKEN, LATER),
    ),
    Entry(
        slug="values_changed_early",
        before=USERS + COPY,
        refused=f"{TAKEN}{LATER}",
        fixed=(f"{TAKEN}{CONTRACT}{LATER}",),
    ),
    Entry(
        slug="filled_before_copied",
        refused=f"{COPY}ALTER TABLE users ADD COLUMN copied bigint REFERENCES copy;"
        f"{COPIED}UPDATE users SET copied = id;",
        fixed=(
            f"{COPY}ALTER TABLE users ADD COLUMN copied bigint REFERENCES copy;{COPIED}",
            "UPDATE users SET copied = (SELECT copy.id FROM copy WHERE copy.id = users.id);",
        ),
    ),
    Entry(
        slug="hazard",
        refused=COPY + COPIED,
        fixed=(COPY + COPIED,),
    ),
    Entry(
        slug="hazard",
        before="CREATE TABLE lines (id bigint NOT NULL, n int);" + KEEP,
        refused=f"{COPY}{SEEN}{OF_LINES}",
        fixed=(
            "ALTER TABLE lines ADD PRIMARY KEY (id);",
            f"{COPY}{SEEN}{OF_LINES}",
        ),
    ),
)
