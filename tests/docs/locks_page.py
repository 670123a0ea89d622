"""The page of locks: statements on a small schema, and what the code says of them.

The server is asked about the same code in tests/postgres/impact.
"""

from collections.abc import Iterator
from itertools import groupby

from zdm.model.impact import Answer, Impact
from zdm.model.schema import Snapshot
from zdm.parse import facts, split
from zdm.schema import apply
from zdm.schema.impact import of

VERSIONS = (14, 15, 16, 17, 18)
SCHEMA = """
CREATE TABLE country (id int PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY, email varchar(50), n int NOT NULL, price numeric(10,2), at timestamp,
    country_id int CONSTRAINT users_country REFERENCES country,
    CONSTRAINT n_positive CHECK (n > 0)
);
CREATE INDEX users_email ON users (email);
CREATE TABLE orders (
    id int PRIMARY KEY, user_id bigint CONSTRAINT orders_user REFERENCES users (id)
);
CREATE TABLE notes (id int, user_id bigint);
ALTER TABLE notes
    ADD CONSTRAINT notes_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
ALTER TABLE users ADD CONSTRAINT new_check CHECK (n < 9) NOT VALID;
CREATE VIEW names AS SELECT id FROM country;
CREATE MATERIALIZED VIEW totals AS SELECT id FROM country;
CREATE SEQUENCE numbers;
"""
STATEMENTS = {
    "Columns": (
        "ALTER TABLE users ADD COLUMN c int",
        "ALTER TABLE users ADD COLUMN c timestamptz DEFAULT now()",
        "ALTER TABLE users ADD COLUMN c uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE users ADD COLUMN c serial",
        "ALTER TABLE users ADD COLUMN c int GENERATED ALWAYS AS (n * 2) STORED",
        "ALTER TABLE users ADD COLUMN c int CHECK (c > 0)",
        "ALTER TABLE users ADD COLUMN c int UNIQUE",
        "ALTER TABLE users ADD COLUMN c int REFERENCES country",
        "ALTER TABLE users DROP COLUMN email",
        "ALTER TABLE users DROP COLUMN country_id",
        "ALTER TABLE users RENAME COLUMN email TO mail",
        "ALTER TABLE users ALTER n SET DEFAULT 1",
        "ALTER TABLE users ALTER email SET NOT NULL",
        "ALTER TABLE users ALTER n DROP NOT NULL",
        "ALTER TABLE users ALTER email TYPE text",
        "ALTER TABLE users ALTER price TYPE numeric(12,2)",
        "ALTER TABLE users ALTER price TYPE numeric(12,3)",
        "ALTER TABLE users ALTER n TYPE bigint",
        "ALTER TABLE users ALTER at TYPE timestamptz",
        "ALTER TABLE users ALTER country_id TYPE bigint",
        "ALTER TABLE users ALTER n SET STATISTICS 500",
        "ALTER TABLE users ALTER email SET STORAGE external",
    ),
    "Constraints": (
        "ALTER TABLE users ADD CHECK (n > 1)",
        "ALTER TABLE users ADD CHECK (n > 1) NOT VALID",
        "ALTER TABLE users VALIDATE CONSTRAINT new_check",
        "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES country",
        "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES country NOT VALID",
        "ALTER TABLE notes VALIDATE CONSTRAINT notes_user",
        "ALTER TABLE users ADD UNIQUE (n)",
        "ALTER TABLE users ADD UNIQUE USING INDEX users_email",
        "ALTER TABLE users ADD EXCLUDE USING btree (n WITH =)",
        "ALTER TABLE users DROP CONSTRAINT n_positive",
        "ALTER TABLE users DROP CONSTRAINT users_country",
    ),
    "Tables": (
        "CREATE TABLE t (id int REFERENCES country)",
        "DROP TABLE orders",
        "ALTER TABLE users RENAME TO people",
        "ALTER TABLE users SET SCHEMA public",
        "ALTER TABLE users SET (fillfactor = 70)",
        "ALTER TABLE users OWNER TO joe",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE users SET UNLOGGED",
        "ALTER TABLE users SET TABLESPACE t",
        "ALTER TABLE users REPLICA IDENTITY FULL",
        "TRUNCATE orders",
        "TRUNCATE users CASCADE",
        "LOCK TABLE users",
    ),
    "Indexes": (
        "CREATE INDEX i ON users (n)",
        "CREATE INDEX CONCURRENTLY i ON users (n)",
        "DROP INDEX users_email",
        "DROP INDEX CONCURRENTLY users_email",
        "ALTER INDEX users_email RENAME TO i",
        "REINDEX TABLE users",
        "REINDEX TABLE CONCURRENTLY users",
    ),
    "Other objects": (
        "CREATE TRIGGER g BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()",
        "DROP TRIGGER g ON users",
        "CREATE POLICY p ON users USING (true)",
        "CREATE RULE r AS ON DELETE TO users DO INSTEAD NOTHING",
        "CREATE VIEW v AS SELECT * FROM users",
        "CREATE OR REPLACE VIEW names AS SELECT id FROM country",
        "CREATE STATISTICS s ON n, price FROM users",
        "CREATE PUBLICATION p FOR TABLE users",
        "ALTER SEQUENCE numbers INCREMENT 2",
        "COMMENT ON TABLE users IS 'people'",
        "COMMENT ON CONSTRAINT n_positive ON users IS 'x'",
        "GRANT SELECT ON users TO joe",
        "DO 'BEGIN END'",
    ),
    "Rows and maintenance": (
        "INSERT INTO orders VALUES (1, 1)",
        "UPDATE users SET n = 1",
        "DELETE FROM users WHERE n = 1",
        "SELECT * FROM users FOR UPDATE",
        "VACUUM users",
        "VACUUM FULL users",
        "ANALYZE users",
        "CLUSTER users USING users_email",
        "REFRESH MATERIALIZED VIEW totals",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
    ),
}
INTRODUCTION = (
    "Generated by `make docs` from the code; tests ask PostgreSQL 14 to 18 about the same"
    " statements and many more.",
    "What a statement locks, writes anew, builds and scans depends on the schema before it, so"
    " this page shows statements on one small schema:",
)
NOTES = (
    "*rewrites*: every row is written anew; *builds*: an index is built or built again;"
    " *scans*: every row is read under the lock.",
    "`?` means that it cannot be told without the server; zdm treats it as yes.",
    "Locks on partitions and children are those on the table, unless a statement says `ONLY`;"
    " locks of a query are the most that it may take, since the server may leave out"
    " partitions.",
    "A row with versions applies to these only.",
    "[The manual](https://www.postgresql.org/docs/current/explicit-locking.html) says which"
    " lock waits for which.",
)


def page() -> str:
    """The page."""
    snapshot = Snapshot(server_version=180000)
    for statement in split.statements(SCHEMA.encode(), "schema.sql"):
        for action in facts.actions(statement):
            snapshot = apply.apply(snapshot, action)
    notes = "\n".join(f"- {note}" for note in NOTES)
    schema = f"```sql\n{SCHEMA.strip()}\n```\n"
    introduction = "\n".join(INTRODUCTION) + "\n"
    blocks = ["# Locks, rewrites and scans\n", introduction, schema, notes + "\n"]
    for heading, statements in STATEMENTS.items():
        rows = [row for sql in statements for row in _rows(sql, snapshot)]
        head = "| statement | locks | rewrites | builds | scans |\n|---|---|---|---|---|"
        blocks.append(f"## {heading}\n\n{head}\n" + "\n".join(rows) + "\n")
    return "\n".join(blocks)


def _rows(sql: str, snapshot: Snapshot) -> Iterator[str]:
    """A row for each range of versions that do the same."""
    (statement,) = split.statements(sql.encode(), "page.sql")
    actions = facts.actions(statement)
    found = [(v, of.statement(actions, snapshot, v)) for v in VERSIONS]
    for impact, versions in groupby(found, key=lambda pair: pair[1]):
        numbers = [version for version, _ in versions]
        some = " to ".join(dict.fromkeys((str(numbers[0]), str(numbers[-1]))))
        where = "" if len(numbers) == len(VERSIONS) else f" (PostgreSQL {some})"
        outside = "" if impact.in_transaction else ", outside a transaction"
        cells = (f"`{sql}`{where}{outside}", _locks(impact), *_answers(impact))
        yield f"| {' | '.join(cells)} |"


def _locks(impact: Impact) -> str:
    found = [f"{touch.lock} on {touch.relation}" for touch in impact.touches]
    if impact.unknown:
        found.append(f"unknown: {impact.unknown}")
    return "; ".join(found) or "none"


def _answers(impact: Impact) -> Iterator[str]:
    for aspect in ("rewrites", "builds", "scans"):
        answers = {t.relation: getattr(t, aspect) for t in impact.touches}
        sure = [str(name) for name, answer in answers.items() if answer is Answer.YES]
        doubt = [f"{name}?" for name, answer in answers.items() if answer is Answer.UNKNOWN]
        yield ", ".join([*sure, *doubt])
