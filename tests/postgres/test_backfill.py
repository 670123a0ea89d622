"""The batch engine on a real server: every kind of key, checkpoints, failing rows."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.unit import plans
from zdm.errors import RefusedError, StoppedError
from zdm.execute.events import BackfillProgress, Suspicious
from zdm.execute.ports import PlanText
from zdm.model.plan import BOTH, Assignment, Backfill, Irreversible, Phase
from zdm.model.schema import Name
from zdm.postgres import backfill, connection, journal
from zdm.postgres.backfill import Controller, Pacing
from zdm.postgres.connection import Connection
from zdm.postgres.journal import Fence

ROWS = 2500  # more than two batches
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
}


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def begun(own: Connection) -> Fence:
    journal.make(own)
    run = journal.begin(own, PlanText(plan=plans.plan(), text="p", digest="d"), "tests")
    return Fence(run=run.id, epoch=run.epoch)


def step(key: tuple[str, ...], expression: str = "upper(old)") -> Backfill:
    return Backfill(
        id="backfill-1",
        operation="test",
        phase=Phase.BACKFILL,
        title="fill",
        table=Name("public", "t"),
        key=key,
        assignments=(Assignment(column="new", expression=expression),),
        differs=f"new IS DISTINCT FROM {expression}",
        undo=Irreversible(reason="values"),
        serves=BOTH,
        reason="because",
        origin=(),
    )


def fill(
    own: Connection, fence: Fence, wanted: Backfill, pacing: Pacing = Pacing.FULL
) -> list[BackfillProgress | Suspicious]:
    return list(backfill.run(own, wanted, fence, FakeClock(), pacing))


def count(own: Connection, condition: str) -> int:
    row = own.execute(f"SELECT count(*) FROM t WHERE {condition}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def table(own: Connection, columns: str, values: str | None, details: str = "") -> None:
    own.execute(f"CREATE TABLE t ({columns}, old text, new text) {details}".encode())
    if not details:
        rows(own, values)


def rows(own: Connection, values: str | None) -> None:
    names = "(old)" if values is None else ""
    given = "" if values is None else f"{values}, "
    own.execute(
        f"INSERT INTO t {names} SELECT {given}'row ' || g"
        f" FROM generate_series(1, {ROWS}) AS g".encode()
    )
    own.execute("ANALYZE t")


@pytest.mark.parametrize("kind", KEYS)
def test_every_row_is_filled_whatever_the_key_is(own: Connection, kind: str) -> None:
    columns, values, key = KEYS[kind]
    table(own, columns, values)
    fill(own, begun(own), step(key))

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert count(own, "true") == ROWS


def test_each_leaf_of_a_partitioned_table_is_filled(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", None, "PARTITION BY RANGE (id)")
    own.execute("CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1000)")
    own.execute("CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (1000) TO (9999)")
    rows(own, "g")
    fence = begun(own)
    fill(own, fence, step(("id",)))
    ranges = {(row[1], row[2], row[5]) for row in journal.ranges(own, fence.run)}

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
    filling = backfill.run(own, step(("id",)), fence, FakeClock(), Pacing.FULL)
    first = next(filling)
    filling.close()  # type: ignore[attr-defined]  # it is a generator
    assert isinstance(first, BackfillProgress)
    (saved,) = journal.ranges(own, fence.run)
    fill(own, fence, step(("id",)))
    (ended,) = journal.ranges(own, fence.run)

    assert 0 < saved[4] < ROWS
    assert (ended[4], ended[5]) == (ROWS, ROWS)  # none scanned or changed twice


def test_a_row_that_fails_is_named_and_what_is_filled_stays(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("UPDATE t SET old = 'x' WHERE id = 1777")
    fence = begun(own)
    wanted = step(("id",), "CASE WHEN old = 'x' THEN (1 / (id - id))::text ELSE old END")
    with pytest.raises(StoppedError, match=r"row with id = 1777 of .*division by zero"):
        fill(own, fence, wanted)
    left = count(own, "new IS NULL")
    own.execute("UPDATE t SET old = 'mended' WHERE id = 1777")
    fill(own, fence, wanted)

    assert left == ROWS - 1776
    assert count(own, "new IS DISTINCT FROM old") == 0


def test_a_row_that_breaks_a_constraint_is_named(own: Connection) -> None:
    table(own, "a int, b int, PRIMARY KEY (a, b)", "g % 2, g")
    own.execute("ALTER TABLE t ADD CHECK (new <> 'ROW 9')")
    with pytest.raises(StoppedError, match=r"row with \(a, b\) = 1, 9 of"):
        fill(own, begun(own), step(("a", "b")))


def test_a_zombie_fills_nothing(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    journal.adopt(own, fence, "somebody else")
    with pytest.raises(RefusedError, match="somebody else"):
        fill(own, fence, step(("id",)))

    assert count(own, "new IS NOT NULL") == 0


def test_a_value_that_comes_back_old_is_found_by_the_verification(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    filling = backfill.run(own, step(("id",)), fence, FakeClock(), Pacing.FULL)
    for event in filling:
        if isinstance(event, BackfillProgress) and not event.verifying:
            own.execute("UPDATE t SET old = 'changed behind the cursor' WHERE id = 1")

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_paced_sleeps_between_batches_and_full_does_not(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    paced, full = FakeClock(), FakeClock()
    list(backfill.run(own, step(("id",)), fence, paced, Pacing.PACED))
    own.execute("UPDATE t SET new = NULL")
    own.execute("DELETE FROM zdm.backfill_range")
    list(backfill.run(own, step(("id",)), fence, full, Pacing.FULL))

    assert paced.slept
    assert min(paced.slept) >= timedelta(milliseconds=50)
    assert full.slept == []


def test_a_locked_row_is_waited_for_and_its_newer_value_kept(
    own: Connection, database: str
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    filling = backfill.run(own, step(("id",)), fence, FakeClock(), Pacing.FULL)
    with connection.connect(database, name="writer", autocommit=False) as writer:
        writer.execute("UPDATE t SET old = 'newer' WHERE id = 5")
        waited = [next(filling), next(filling)]
        writer.commit()
    rest = list(filling)

    assert any(isinstance(e, BackfillProgress) and e.waiting for e in [*waited, *rest])
    assert count(own, "id = 5 AND new = 'NEWER'") == 1


def test_the_size_follows_the_time_a_batch_takes() -> None:
    controller = Controller()
    for _ in range(20):
        controller.took(controller.size / 20_000, controller.size)
    steady = controller.size
    controller.took(2.0, steady)

    assert 4_000 <= steady <= 6_000  # a quarter of a second's worth
    assert controller.size == steady // 2
