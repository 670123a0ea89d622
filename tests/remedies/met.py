"""Statements that meet in a table which one of them does not name."""

from tests.remedies.entry import CONTRACT, USERS, Entry

FAMILY = USERS + (
    "CREATE TABLE kid (PRIMARY KEY (id)) INHERITS (users);"
    "INSERT INTO users VALUES (1); INSERT INTO kid VALUES (11); ANALYZE;"
)
READS = USERS + (
    "CREATE TABLE other (id bigint PRIMARY KEY, user_id bigint, n int);"
    "CREATE FUNCTION n_of(i bigint) RETURNS int LANGUAGE sql STABLE AS"
    " 'SELECT n FROM users WHERE id = i';"
    "INSERT INTO users VALUES (1); INSERT INTO other VALUES (1); ANALYZE;"
)
FIRED = USERS + (
    "CREATE TABLE other (id bigint PRIMARY KEY, user_id bigint, n int);"
    "CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN UPDATE other SET n = NEW.n WHERE user_id = NEW.id; RETURN NEW; END';"
    "CREATE TRIGGER sync AFTER UPDATE OF n ON users FOR EACH ROW EXECUTE FUNCTION sync();"
)
LINES = USERS + (
    "CREATE TABLE line (id bigint PRIMARY KEY, user_id bigint REFERENCES users"
    " ON DELETE CASCADE, n int); CREATE INDEX ON line (user_id);"
    "ALTER TABLE line ADD CONSTRAINT line_n CHECK (n > 0) NOT VALID;"
    "INSERT INTO users VALUES (3), (4); ANALYZE;"
)
REFERS = USERS + "CREATE TABLE line (id bigint PRIMARY KEY, user_id bigint);"
PARTS = (
    "CREATE TABLE part (id bigint PRIMARY KEY, n int) PARTITION BY RANGE (id);"
    "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (1000); ANALYZE;"
)


def both(before: str, first: str, later: str) -> tuple[Entry, Entry]:
    """The later one in a revision of its own, or both when the old version is gone."""
    train = f"{first}\n{later}"
    late = f"{CONTRACT}{first}\n{CONTRACT}{later}"
    return (
        Entry(slug="rows_met_through", before=before, refused=train, fixed=(first, later)),
        Entry(slug="rows_met_through", before=before, refused=train, fixed=(late,)),
    )


def apart(before: str, first: str, later: str) -> Entry:
    """The later one in a revision of its own."""
    train = f"{first}\n{later}"
    return Entry(slug="rows_met_through", before=before, refused=train, fixed=(first, later))


ENTRIES = (
    *both(
        FAMILY,
        "UPDATE kid SET n = 1 WHERE n = 0;",
        "DELETE FROM users WHERE id IN (11, 12) AND n = 0;",
    ),
    *both(
        READS,
        "UPDATE users SET n = 1 WHERE n = 0;",
        "DELETE FROM other WHERE n_of(user_id) = 0;",
    ),
    *both(FIRED, "UPDATE users SET n = 1 WHERE n = 0;", "DELETE FROM other WHERE n = 0;"),
    *both(
        LINES,
        "DELETE FROM users WHERE id = 3;",
        "INSERT INTO line VALUES (70, 4, 1);",
    ),
    apart(
        PARTS,
        "ALTER TABLE part1 ADD UNIQUE (n);",
        "INSERT INTO part VALUES (70, 7) ON CONFLICT DO NOTHING;",
    ),
    apart(
        REFERS,
        "ALTER TABLE line ADD FOREIGN KEY (user_id) REFERENCES users ON UPDATE CASCADE;",
        "UPDATE users SET id = 70 WHERE id = 7;",
    ),
    apart(
        LINES,
        "DELETE FROM users WHERE id = 3;",
        "ALTER TABLE line VALIDATE CONSTRAINT line_n;",
    ),
)
