"""INSERT … SELECT of many rows."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

COPY = "CREATE TABLE copy (id bigint PRIMARY KEY, name text);\n"
TAKEN = "UPDATE copy SET name = users.name FROM users WHERE users.id = copy.id;\n"
LATER = "UPDATE users SET name = upper(name);"
PARTS = (
    "CREATE TABLE part (id bigint PRIMARY KEY) PARTITION BY RANGE (id);"
    "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000);"
)
KEEP = (
    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER keep BEFORE INSERT ON copy FOR EACH ROW EXECUTE FUNCTION keep();"
)
TOTALS = "CREATE TABLE totals (name text PRIMARY KEY, n bigint NOT NULL);"
LOG = "CREATE TABLE log (id bigserial PRIMARY KEY, user_id bigint NOT NULL);"
COPIED = "INSERT INTO copy SELECT id, name FROM users;\n"
SUMMED = "INSERT INTO totals SELECT name, sum(id) FROM users GROUP BY name;"
ENTRIES = (
    Entry(
        slug="copy_cannot_be_batched",
        before=USERS + TOTALS,
        refused=SUMMED,
        fixed=(f"{CONTRACT}{SUMMED}",),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        before=USERS + COPY,
        refused="INSERT INTO copy SELECT id, name FROM users ON CONFLICT (id) DO UPDATE SET"
        " name = excluded.name;",
        fixed=(
            "INSERT INTO copy SELECT id, name FROM users ON CONFLICT (id) DO NOTHING;\n"
            "UPDATE copy SET name = users.name FROM users WHERE users.id = copy.id;",
        ),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        before=USERS + TOTALS,
        refused=SUMMED,
        start=USERS + TOTALS + "ANALYZE users;",
        fixed=(SUMMED,),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        before=USERS + COPY + LOG,
        refused="INSERT INTO copy SELECT log.*, 'x' FROM users JOIN log ON user_id = users.id;",
        fixed=(
            "INSERT INTO copy (id) SELECT user_id FROM users JOIN log ON user_id = users.id;",
        ),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        before=USERS + LOG,
        refused="INSERT INTO log (user_id) SELECT id FROM users;",
        fixed=(
            "ALTER TABLE log ADD CONSTRAINT log_user UNIQUE (user_id);",
            "INSERT INTO log (user_id) SELECT id FROM users;",
        ),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        before=USERS + COPY,
        refused="INSERT INTO copy SELECT id, name FROM users WHERE at < now();",
        fixed=("INSERT INTO copy SELECT id, name FROM users WHERE at < '2025-01-01';",),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        refused="INSERT INTO users (id) SELECT id + 1000 FROM users;",
        fixed=(f"{COPY}INSERT INTO copy (id) SELECT id + 1000 FROM users;",),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        before=COPY + PARTS,
        refused="INSERT INTO copy (id) SELECT id FROM part;",
        fixed=("INSERT INTO copy (id) SELECT id FROM part1;",),
    ),
    Entry(
        slug="copy_cannot_be_batched",
        before=USERS + COPY + KEEP,
        refused=COPIED,
        fixed=(f"{EXPAND}ALTER TABLE copy DISABLE TRIGGER keep;", COPIED),
    ),
    Entry(
        slug="copied_rows_order",
        before=USERS + COPY,
        refused=f"{COPIED}UPDATE copy SET name = lower(name);",
        fixed=(COPIED, "UPDATE copy SET name = lower(name);"),
    ),
    Entry(
        slug="copied_rows_order",
        refused=f"{COPY}{COPIED}UPDATE copy SET name = 'x';",
        fixed=(f"{COPY}INSERT INTO copy SELECT id, 'x' FROM users;",),
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
        slug="hazard",
        before=USERS + COPY,
        refused=COPIED,
        fixed=(COPIED,),
    ),
    Entry(
        slug="hazard",
        before="CREATE TABLE lines (id bigint NOT NULL, n int);"
        + COPY
        + KEEP.replace("BEFORE", "AFTER"),
        refused="INSERT INTO copy (id) SELECT id FROM lines;",
        fixed=(
            "ALTER TABLE lines ADD PRIMARY KEY (id);",
            "INSERT INTO copy (id) SELECT id FROM lines;",
        ),
    ),
    Entry(
        slug="hazard",
        refused="CREATE TABLE lines (user_id bigint);INSERT INTO lines SELECT id FROM users;",
        fixed=(
            "CREATE TABLE lines (user_id bigint); CREATE INDEX i ON lines (user_id);"
            "INSERT INTO lines SELECT id FROM users;",
        ),
    ),
)
