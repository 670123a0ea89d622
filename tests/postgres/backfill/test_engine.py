"""The batch engine on a real server: every kind of key, checkpoints, failing rows."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from psycopg import errors

from tests.fakes.clock import SkippingClock
from tests.postgres.backfill.fills import (
    ROWS,
    begun,
    count,
    fill,
    fill_request,
    rows,
    step,
    table,
)
from zdm.backfill.pacing import Pacing
from zdm.errors import RefusedError, StoppedError
from zdm.execute.events import BackfillMeasured, BackfillProgress, Suspicious
from zdm.model.plan import Backfill
from zdm.model.schema import Name
from zdm.model.statement import Setting
from zdm.postgres.backfill import batch, engine, key_walk
from zdm.postgres.backfill.engine import PACES
from zdm.postgres.backfill.key_walk import Bounds, Key, Walk
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

KEYS = {
    "number": ("id int PRIMARY KEY", "g * 7", ("id",)),
    "always identity": (
        "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        None,
        ("id",),
    ),
    "uuid": ("id uuid PRIMARY KEY", "md5(g::text)::uuid", ("id",)),
    "text": ("id text PRIMARY KEY", "'it''s ' || g", ("id",)),
    "quoted": ('"The Id" bigint PRIMARY KEY', "g", ("The Id",)),
    "composite": ("a int, b text, PRIMARY KEY (a, b)", "g % 3, g::text", ("a", "b")),
    "none": ("id int", "g", ()),
    "key that the plan does not know": ("id int PRIMARY KEY", "g", ()),
    "unique index": ("id int NOT NULL, UNIQUE (id)", "g", ("id",)),
    "descending index": ("id int NOT NULL", "g", ()),
    "bigint near its end": ("id bigint PRIMARY KEY", f"{2**63 - 1} - g", ("id",)),
    "numeric": ("id numeric(30, 10) PRIMARY KEY", "g / 7.0", ("id",)),
    "float": ("id float8 PRIMARY KEY", "sqrt(g)", ("id",)),
    "timestamptz": (
        "id timestamptz PRIMARY KEY",
        "'2026-03-29 00:30Z'::timestamptz + g * '1.000001 s'::interval",
        ("id",),
    ),
    "interval": ("id interval PRIMARY KEY", "g * '1 min'::interval", ("id",)),
    "date": ("id date PRIMARY KEY", "'2026-01-01'::date + g", ("id",)),
    "text of another collation": (
        'id text COLLATE "POSIX" PRIMARY KEY',
        r"CASE g % 2 WHEN 0 THEN 'ä' ELSE '\' END || g",
        ("id",),
    ),
    "char": ("id char(12) PRIMARY KEY", "g", ("id",)),
    "bytea": ("id bytea PRIMARY KEY", "decode(md5(g::text), 'hex')", ("id",)),
    "array": ("id int[] PRIMARY KEY", "ARRAY[g % 7, g]", ("id",)),
    "inet": ("id inet PRIMARY KEY", "'10.0.0.0'::inet + g", ("id",)),
    "domain": ("id positive PRIMARY KEY", "g", ("id",)),
    "enum first": ("a colour, b int, PRIMARY KEY (a, b)", "'red', g", ("a", "b")),
}


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


@pytest.mark.parametrize("kind", KEYS)
def test_every_row_is_filled_whatever_the_key_is(own: Connection, kind: str) -> None:
    columns, values, key = KEYS[kind]
    own.execute("CREATE DOMAIN positive AS int CHECK (value > 0)")
    own.execute("CREATE TYPE colour AS ENUM ('red', 'blue')")
    table(own, columns, values)
    if kind == "descending index":
        own.execute("CREATE UNIQUE INDEX ON t (id DESC)")
    fence = begun(own)
    fill(own, fence, step(key))
    by_pages = own.execute("SELECT key = '{}' FROM zdm.backfill_range").fetchone()

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert count(own, "true") == ROWS
    assert by_pages == (kind == "none",)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "g"),
        ("int", "g + g / 700 * 13"),  # gaps
        ("int", "g - 1200"),  # from below 0 on
        ("bigint", "9223372036854775807 - g"),
        ("smallint", "32767 - g"),
    ],
)
def test_keys_without_a_gap_are_told_and_gaps_are_noticed(
    own: Connection, kind: str, value: str
) -> None:
    table(own, f"id {kind} PRIMARY KEY", value, rows_of_it=12_000)
    own.execute("UPDATE t SET new = upper(old) WHERE old LIKE '%5' AND old > 'row 9'")
    equal = count(own, "new = upper(old)")
    events = fill(own, begun(own), step(("id",)))
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert (measured.scanned, measured.changed) == (12_000, 12_000 - equal)


def walk(kind: str) -> Walk:
    return Walk(
        relation="t",
        name=Name("public", "t"),
        oid=0,
        key=("id",),
        types=(f'"pg_catalog"."{kind}"',),
        estimate=None,
        pages=0,
    )


def test_the_end_of_dense_keys_is_told_only_where_it_is_sure() -> None:
    told = Bounds(lower=("-5",), upper=("95",), keys=100, last=False)

    assert walk("int4").dense(("-5",), 100, None) == told
    assert walk("int4").dense(("-5",), 100, ("95",)) is None  # the range ends
    assert walk("int2").dense(("32700",), 100, None) is None  # the type ends
    assert walk("int4").dense(None, 100, None) is None
    assert walk("numeric").dense(("5",), 100, None) is None


@pytest.mark.parametrize(
    ("lower", "upper", "gapless"),
    [
        (("7",), ("107",), True),
        (("-50",), ("50",), True),
        (("7",), ("108",), False),
        (None, ("100",), False),
        (("7", "1"), ("7", "101"), False),
        (("a",), ("b",), False),
        (("1.5",), ("101.5",), False),
    ],
)
def test_keys_are_gapless_where_they_are_whole_numbers_in_a_row(
    lower: Key | None, upper: Key | None, gapless: bool
) -> None:
    assert Bounds(lower=lower, upper=upper, keys=100, last=False).gapless is gapless


def test_citext_keys_work_though_the_search_path_does_not_lead_to_them(own: Connection) -> None:
    try:
        own.execute("CREATE SCHEMA others; CREATE EXTENSION citext SCHEMA others")
    except errors.FeatureNotSupported:
        pytest.skip("this server has no citext")
    table(own, "id others.citext PRIMARY KEY", "'Key ' || g")
    path = Setting(name="search_path", value="public")
    fill(own, begun(own), replace(step(("id",)), settings=(path,)))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


@pytest.mark.parametrize(
    "index",
    [
        "CREATE UNIQUE INDEX ON t (id) WHERE id > 5",
        "CREATE UNIQUE INDEX ON t ((id + 0))",
        "ALTER TABLE t ADD UNIQUE (id) DEFERRABLE",
        "CREATE INDEX ON t (id)",
    ],
)
def test_an_index_that_proves_no_key_is_not_walked_by(own: Connection, index: str) -> None:
    table(own, "id int NOT NULL", "g")
    own.execute(index.encode())
    fill(own, begun(own), step(("id",)))

    assert own.execute("SELECT DISTINCT key FROM zdm.backfill_range").fetchall() == [([],)]
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_rows_behind_a_not_null_that_is_not_valid_are_not_passed_over(own: Connection) -> None:
    if own.info.server_version < 180_000:
        pytest.skip("a NOT NULL constraint is always valid before PostgreSQL 18")
    table(own, "id int UNIQUE", "CASE WHEN g % 3 > 0 THEN g END")
    own.execute("ALTER TABLE t ADD CONSTRAINT given NOT NULL id NOT VALID")
    with pytest.raises(StoppedError, match="null value in column"):  # the server's own word
        fill(own, begun(own), step(("id",)))

    assert own.execute("SELECT DISTINCT key FROM zdm.backfill_range").fetchall() == [([],)]


def test_a_row_without_key_that_fails_is_named_by_its_place(own: Connection) -> None:
    table(own, "id int", "g")
    with pytest.raises(StoppedError, match=r"row with ctid = \(\d+,\d+\) of t"):
        fill(own, begun(own), replace(failing(own), key=()))


def test_leaves_have_keys_of_their_own_and_new_ones_are_found(own: Connection) -> None:
    table(own, "id int NOT NULL", None, "PARTITION BY RANGE (id)")
    own.execute("CREATE TABLE t1 (LIKE t); ALTER TABLE t1 ADD PRIMARY KEY (id)")
    own.execute("CREATE TABLE t2 (LIKE t)")
    own.execute("ALTER TABLE t ATTACH PARTITION t1 FOR VALUES FROM (0) TO (1000)")
    own.execute("ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (1000) TO (9999)")
    rows(own, "g")
    fence = begun(own)
    filling = engine.run(fill_request(own, fence, step(("id",))))
    next(filling)
    own.execute("CREATE TABLE t3 (LIKE t)")
    own.execute("INSERT INTO t3 VALUES (10000, 'late')")
    own.execute("ALTER TABLE t ATTACH PARTITION t3 FOR VALUES FROM (9999) TO (99999)")
    list(filling)
    keys = own.execute("SELECT DISTINCT relation, key FROM zdm.backfill_range").fetchall()

    assert sorted(keys) == [("t1", ["id"]), ("t2", []), ("t3", [])]
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_rows_that_another_update_moves_to_swept_pages_are_found(own: Connection) -> None:
    table(own, "id int", "g")
    fence = begun(own)
    filling = engine.run(fill_request(own, fence, step(())))
    moved = 0
    for event in filling:
        if isinstance(event, BackfillProgress) and not event.verifying and moved < 3:
            moved += 1
            own.execute("UPDATE t SET id = id + 1, new = NULL WHERE id > 2400")
            own.execute("VACUUM t")

    assert moved
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_each_leaf_of_a_partitioned_table_is_filled(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", None, "PARTITION BY RANGE (id)")
    own.execute("CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1000)")
    own.execute("CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (9999)")
    rows(own, "g")
    fence = begun(own)
    fill(own, fence, step(("id",)))
    ranges = {(one.table, one.state, one.changed) for one in runs.ranges(own, fence.run)}

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert ranges == {("t1", "verified", 999), ("t2", "verified", ROWS - 999)}


def test_a_second_run_changes_no_row(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fill(own, begun(own), step(("id",)))
    versions = b"SELECT md5(string_agg(xmin::text || ctid::text, ' ' ORDER BY id)) FROM t"
    before = own.execute(versions).fetchone()
    own.execute("DELETE FROM zdm.backfill_range")
    events = fill(own, Fence(run=1, epoch=1), step(("id",)))

    assert own.execute(versions).fetchone() == before
    assert isinstance(events[-1], Suspicious)
    assert "changed none" in events[-1].reason


def test_it_goes_on_after_the_last_checkpoint(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    with pytest.raises(StoppedError, match="id = 1777"):
        fill(own, fence, failing(own))
    (saved,) = runs.ranges(own, fence.run)
    own.execute("UPDATE t SET old = 'correct' WHERE id = 1777")
    fill(own, fence, failing(own))
    (ended,) = runs.ranges(own, fence.run)

    assert saved.scanned == 1776
    assert (ended.scanned, ended.changed) == (ROWS, ROWS)  # none scanned or changed twice


def failing(own: Connection) -> Backfill:
    """A backfill that fails on rows whose old value is x, the one with id 1777 at first."""
    own.execute("UPDATE t SET old = 'x' WHERE id = 1777 AND old LIKE 'row%'")
    return step(("id",), "CASE WHEN old = 'x' THEN (1 / (id - id))::text ELSE old END")


def test_a_row_that_fails_is_named_and_what_is_filled_stays(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    with pytest.raises(StoppedError, match=r"row with id = 1777 of .*division by zero"):
        fill(own, fence, failing(own))
    left = count(own, "new IS NULL AND id < 1777"), count(own, "new IS NULL AND id = 1777")
    own.execute("UPDATE t SET old = 'correct' WHERE id = 1777")
    fill(own, fence, failing(own))

    assert left == (0, 1)  # of those behind it, some are filled in advance
    assert count(own, "new IS DISTINCT FROM old") == 0


def test_a_row_that_breaks_a_constraint_is_named(own: Connection) -> None:
    table(own, "a int, b int, PRIMARY KEY (a, b)", "g % 2, g")
    own.execute("ALTER TABLE t ADD CHECK (new <> 'ROW 9')")
    with pytest.raises(StoppedError, match=r"row with \(a, b\) = 1, 9 of"):
        fill(own, begun(own), step(("a", "b")))


def test_a_zombie_fills_nothing(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    runs.adopt(own, fence, "somebody else")
    with pytest.raises(RefusedError, match="somebody else"):
        fill(own, fence, step(("id",)))

    assert count(own, "new IS NOT NULL") == 0


def test_a_value_that_comes_back_old_is_found_by_the_verification(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    filling = engine.run(fill_request(own, fence, step(("id",))))
    for event in filling:
        if isinstance(event, BackfillProgress) and not event.verifying:
            own.execute("UPDATE t SET old = 'changed behind the cursor' WHERE id = 1")

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_paced_sleeps_between_batches_and_full_does_not(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    paced, full = SkippingClock(), SkippingClock()
    wanted = fill_request(own, fence, step(("id",)), Pacing.PACED)
    list(engine.run(replace(wanted, clock=paced)))
    own.execute("UPDATE t SET new = NULL")
    own.execute("DELETE FROM zdm.backfill_range")
    list(engine.run(replace(wanted, clock=full, pacing=Pacing.FULL)))

    assert paced.slept
    assert min(paced.slept) >= PACES[Pacing.PACED].pause
    assert full.slept == []


FIVES = "old LIKE '%5'"


def deleting(*key: str) -> Backfill:
    return replace(step(key), assignments=(), differs=FIVES)


@pytest.mark.parametrize("pacing", Pacing)
@pytest.mark.parametrize(
    ("columns", "values", "key"),
    [
        ("id int PRIMARY KEY", "g", ("id",)),
        ("a int, b text, PRIMARY KEY (a, b)", "g % 3, g::text", ("a", "b")),
        ("id int", "g", ()),
    ],
)
def test_the_rows_that_are_selected_are_gone_and_no_others(
    own: Connection, pacing: Pacing, columns: str, values: str, key: tuple[str, ...]
) -> None:
    table(own, columns, values, rows_of_it=12_000)
    chosen = count(own, FIVES)
    fill(own, begun(own), deleting(*key), pacing)

    assert chosen == 1_200
    assert count(own, "true") == 12_000 - chosen
    assert count(own, FIVES) == 0


def test_a_second_run_deletes_nothing(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    fill(own, fence, deleting("id"))
    own.execute("DELETE FROM zdm.backfill_range")
    fill(own, fence, deleting("id"))

    assert count(own, "true") == ROWS - ROWS // 10


def test_a_batch_leaves_out_rows_to_which_an_open_transaction_refers(
    own: Connection, database: str
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    wanted = deleting("id")
    (walk,) = key_walk.walks(own, wanted)
    sql = batch.update(wanted, walk, batch.unlocked(wanted, walk, "id < 100"))
    with connection.connect(database, name="tests") as other, other.transaction():
        other.execute("SELECT FROM t WHERE id = 25 FOR KEY SHARE")
        with own.transaction():
            own.execute("SET LOCAL lock_timeout = '100ms'")
            deleted = own.execute(sql.encode()).rowcount

    assert deleted == 9
    assert count(own, f"{FIVES} AND id < 100") == 1


def test_a_row_to_which_another_one_refers_is_named(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("CREATE TABLE child (id int REFERENCES t)")
    own.execute("INSERT INTO child VALUES (1775)")
    with pytest.raises(StoppedError, match=r"id = 1775 of .* cannot be deleted: .*foreign key"):
        fill(own, begun(own), deleting("id"))

    assert count(own, f"{FIVES} AND id < 1775") == 0
    assert count(own, "id = 1775") == 1
