"""What is migrated: tables of a few thousand rows, and how each version writes them."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.plan import Plan, RunSql, Step
from zdm.planning import classify, schedule
from zdm.postgres.catalog import read as catalog
from zdm.postgres.session import connection

ROWS = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One migration; rows have ids from 1 to ROWS, and `read` gives (id, value) at the end.

    A write takes (value, id); `seeded` is the value of an id that nobody wrote. `wrong`
    counts rows that break what the migration promises. After a rollback `back` reads, and what
    nobody wrote is as it was at the start where nothing was filled.
    """

    slug: str
    before: str
    migration: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    read: str
    back: str
    seeded: Callable[[int], str]
    start: Callable[[int], str] | None = None  # None: as seeded
    wrong: str = "SELECT 0"

    def before_fill(self, key: int) -> str:
        """The value at the start of an id that nobody wrote."""
        return (self.start or self.seeded)(key)

    def plan(self, url: str) -> Plan:
        """Its plan, from the schema as it is."""
        with connection.connect(url, name="tests") as own:
            snapshot = catalog.read(own)
        train = schemas.train(self.migration)
        classification = classify.classify(train, snapshot)
        plan = schedule.plan(classification, name=self.slug, train=train, snapshot=snapshot)
        return replace(plan, steps=tuple(_patient(step) for step in plan.steps))


def _patient(step: Step) -> Step:
    """Writers hold rows and tables all the time: 200 ms are soon over on a busy machine."""
    if isinstance(step, RunSql) and step.lock_timeout:
        return replace(step, lock_timeout=step.lock_timeout * 3)
    return step


def _upsert(column: str, extra: str = "", values: str = "") -> str:
    return (
        f"INSERT INTO users ({column}, id{extra}) VALUES (%s, %s{values})"
        f" ON CONFLICT (id) DO UPDATE SET {column} = EXCLUDED.{column}"
    )


def _update(column: str) -> str:
    return f"UPDATE users SET {column} = %s WHERE id = %s"


_TEXT = f"""
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT n, 'seed-' || n, 'n' FROM generate_series(1, {ROWS}) AS n;
ANALYZE users;
"""
# without statistics no table counts as small, so its rows are written in batches
_UNKNOWN = f"""
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users SELECT n, 'seed-' || n, CASE WHEN n % 3 > 0 THEN 'nick-' || n END
FROM generate_series(1, {ROWS}) AS n;
"""
_NULLS = f"{_UNKNOWN} ANALYZE users;"

ALL = (
    Scenario(
        slug="rename",
        before=f"{_TEXT} CREATE INDEX users_email ON users (email);",
        migration="ALTER TABLE users RENAME COLUMN email TO mail;",
        old=(_update("email"), _upsert("email")),
        new=(_update("mail"), _upsert("mail")),
        read="SELECT id, mail FROM users",
        back="SELECT id, email FROM users",
        seeded=lambda key: f"seed-{key}",
    ),
    Scenario(
        slug="change_type",
        before=f"""
        CREATE TABLE users (id bigint PRIMARY KEY, quantity integer NOT NULL, note text);
        INSERT INTO users SELECT n, -n FROM generate_series(1, {ROWS}) AS n;
        ANALYZE users;
        """,
        migration="ALTER TABLE users ADD COLUMN amount bigint;"
        " UPDATE users SET amount = quantity; ALTER TABLE users DROP COLUMN quantity;",
        old=(_update("quantity"), _upsert("quantity")),
        new=(_update("amount"), _upsert("amount")),
        read="SELECT id, amount::text FROM users",
        back="SELECT id, quantity::text FROM users",
        seeded=lambda key: str(-key),
    ),
    Scenario(
        slug="set_not_null",
        before=_NULLS,
        migration="UPDATE users SET nickname = 'unknown' WHERE nickname IS NULL;"
        " ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;",
        old=(_update("nickname"), _upsert("nickname", ", email", ", 'x'")),
        new=(_update("nickname"), _upsert("nickname", ", email", ", 'x'")),
        read="SELECT id, nickname FROM users",
        back="SELECT id, coalesce(nickname, 'nobody') FROM users",
        seeded=lambda key: f"nick-{key}" if key % 3 > 0 else "unknown",
        start=lambda key: f"nick-{key}" if key % 3 > 0 else "nobody",
    ),
    Scenario(
        slug="unique_index",
        before=_TEXT,
        migration="CREATE UNIQUE INDEX users_email ON users (email);",
        old=(_update("email"),),
        new=(_update("email"),),
        read="SELECT id, email FROM users",
        back="SELECT id, email FROM users",
        seeded=lambda key: f"seed-{key}",
    ),
    Scenario(
        slug="backfill",
        before=_UNKNOWN,
        migration="UPDATE users SET nickname = lower(email) WHERE nickname IS NULL;",
        old=(_update("email"),),
        new=(_update("email"),),
        read="SELECT id, email FROM users",
        back="SELECT id, email FROM users",
        seeded=lambda key: f"seed-{key}",
        wrong="SELECT count(*) FROM users WHERE nickname IS NULL",
    ),
)
