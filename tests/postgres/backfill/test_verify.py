"""Zero differing rows are proven: twice, over all rows, and a planted difference is found."""

import re
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import ROWS, begun, count, fill, fill_request, step, table
from zdm.backfill.pacing import Pacing
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillSettings
from zdm.errors import StoppedError
from zdm.execute.events import BackfillMeasured, BackfillProgress
from zdm.model.plan import Backfill, Check, Cost
from zdm.model.schema import Name
from zdm.model.statement import Setting
from zdm.postgres.backfill import engine, key_walk, vacuum, verify
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def passes(own: Connection) -> list[tuple[int, int]]:
    """(scanned, differing) of each pass, in order."""
    query = "SELECT scanned, differing FROM zdm.backfill_pass ORDER BY id"
    return [(scanned, differing) for scanned, differing in own.execute(query).fetchall()]


def plant(own: Connection, database: str, at: int) -> None:
    """Fill t, and put a wrong value in row `at` between the filling and the verification."""
    with psycopg.connect(database, application_name="old writer") as writer:
        writer.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
        for event in engine.run(fill_request(own, begun(own), step(("id",)))):
            if isinstance(event, BackfillProgress) and "began before" in event.waiting:
                own.execute(f"UPDATE t SET new = 'planted' WHERE id = {at}".encode())
                writer.rollback()


def test_both_passes_are_recorded_with_their_time_and_place_in_the_wal(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fill(own, begun(own), step(("id",)))
    placed = own.execute(
        "SELECT bool_and(lsn > '0/0' AND ended_at < now() AND epoch = 1) FROM zdm.backfill_pass"
    ).fetchone()

    assert passes(own) == [(ROWS, 0), (ROWS, 0)]
    assert placed == (True,)


@pytest.mark.parametrize("at", [1, 1234, ROWS])
def test_a_planted_difference_is_found_and_only_its_chunk_filled_again(
    own: Connection, database: str, at: int
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    plant(own, database, at)
    refilled = own.execute(
        "SELECT lo[1]::int, hi[1]::int, changed FROM zdm.backfill_range WHERE sweeps = 1"
    ).fetchall()

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert [differing for _, differing in passes(own)] == [1, 0, 0]
    ((lo, hi, changed),) = refilled
    assert changed == 1
    assert (lo or 0) < at <= (hi or ROWS)


def test_a_difference_that_always_comes_back_ends_with_a_reason(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.new = ''spoilt''; RETURN NEW; END';"
        "CREATE TRIGGER spoil BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id = 7)"
        " EXECUTE FUNCTION spoil()"
    )
    with pytest.raises(StoppedError, match="still differ after 20 sweeps"):
        fill(own, begun(own), step(("id",)))


def test_a_transaction_from_before_the_backfill_is_awaited_before_it_is_verified(
    own: Connection, database: str
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    with psycopg.connect(database, application_name="old writer") as writer:
        writer.execute("INSERT INTO t VALUES (0, 'late', NULL)")
        waited = ""
        for event in engine.run(fill_request(own, begun(own), step(("id",)))):
            if isinstance(event, BackfillProgress) and "began before" in event.waiting:
                waited = event.waiting
                assert passes(own) == []
                writer.commit()

    assert "old writer (pid " in waited
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert passes(own)[-1] == (ROWS + 1, 0)


def test_a_transaction_that_came_later_is_not_awaited_though_its_age_is_not_shown(
    own: Connection, database: str
) -> None:
    """Prepared ones say no age, and where applications prepare them, there is always one."""
    table(own, "id int PRIMARY KEY", "g")
    prepared = ("first", "next")
    with psycopg.connect(database) as writer:

        def prepare(name: str) -> None:
            writer.execute(f"INSERT INTO t VALUES ({-len(name)}, 'late', 'LATE')".encode())
            writer.execute(f"PREPARE TRANSACTION '{name}'".encode())
            writer.commit()

        waits = 0
        try:
            prepare(prepared[0])
            for event in engine.run(fill_request(own, begun(own), step(("id",)))):
                if isinstance(event, BackfillProgress) and "began before" in event.waiting:
                    waits += 1
                    if waits == 1:
                        prepare(prepared[1])
                        own.execute("COMMIT PREPARED 'first'")
                    assert waits < 10, event.waiting
        finally:
            for (name,) in own.execute("SELECT gid FROM pg_prepared_xacts").fetchall():
                own.execute(f"ROLLBACK PREPARED '{name}'".encode())

    assert passes(own)[-1] == (ROWS + 1, 0)


def test_a_sample_names_the_keys_that_differ(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    wanted = step(("id",))
    (walk,) = key_walk.walks(own, wanted)
    fill(own, begun(own), wanted)
    none = verify.differing_keys(own, wanted, walk)
    own.execute("UPDATE t SET new = 'x' WHERE id IN (17, 18)")

    assert none == ()
    assert set(verify.differing_keys(own, wanted, walk)) == {"17", "18"}


def synced(condition: str = "true") -> Backfill:
    """A backfill of equal columns that a sync trigger keeps equal, where `condition` holds."""
    return replace(
        step(("id",), '"old"'),
        synced=True,
        preconditions=(Check(sql=f"SELECT {condition}", failure="-"),),
    )


def test_rows_are_sampled_only_where_a_difference_is_a_fault(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("UPDATE t SET new = old WHERE id <> 17")

    assert verify.sample(own, synced()) == ("17",)
    assert verify.sample(own, synced("false")) == ()  # the trigger is gone
    one_way = replace(synced(), synced=False)  # the new version writes what it means
    assert verify.sample(own, one_way) == ()
    lossy = replace(synced(), assignments=step(("id",), 'upper("old")').assignments)
    assert verify.sample(own, lossy) == ()


def test_a_sample_never_waits_for_the_table(own: Connection, database: str) -> None:
    table(own, "id int PRIMARY KEY", "g")
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")

        assert verify.sample(own, synced()) == ()


def test_nothing_is_said_to_be_whole_before_it_is_verified(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    for event in engine.run(fill_request(own, fence, step(("id",)))):
        if isinstance(event, BackfillProgress):
            states = own.execute("SELECT DISTINCT state FROM zdm.backfill_range").fetchall()
            assert event.verifying or states != [("verified",)]


def test_the_cost_is_told_beside_what_was_planned(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    wanted = replace(step(("id",)), cost=Cost(rows=ROWS, wal_bytes=20_000))
    events = fill(own, begun(own), wanted)
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert (measured.scanned, measured.changed) == (ROWS, ROWS)
    assert (measured.planned_rows, measured.planned_wal_bytes) == (ROWS, 20_000)
    assert 100_000 < measured.wal_bytes < 5_000_000
    assert measured.filling > timedelta(0)
    assert len(measured.notes) == 1
    assert measured.notes[0].endswith(" times the planned WAL")


def test_the_table_has_statistics_and_no_dead_rows_at_the_end(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fill(own, begun(own), step(("id",)))
    analysed = own.execute("SELECT count(*) FROM pg_stats WHERE attname = 'new'").fetchone()
    vacuums = own.execute(
        "SELECT vacuum_count FROM pg_stat_all_tables WHERE relid = 't'::regclass"
    ).fetchone()

    assert analysed == (1,)
    assert vacuums == (1,)
    assert re.search(
        r"tuples: 0 removed, \d+ remain, 0 are dead|found 0 removable", vacuum_verbose(own)
    )


def vacuum_verbose(own: Connection) -> str:
    """What another VACUUM finds; the counter may yet get what a worker tells at its end."""
    said: list[str] = []
    own.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
    own.execute("VACUUM (VERBOSE, PROCESS_TOAST false) t")
    return "\n".join(said)


def test_a_vacuum_that_gets_no_lock_is_skipped_and_said(own: Connection, database: str) -> None:
    table(own, "id int PRIMARY KEY", "g")
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
        events = fill(own, begun(own), step(("id",)))
    measured = next(e for e in events if isinstance(e, BackfillMeasured))

    assert measured.notes[0].startswith("VACUUM of t was skipped: canceling statement due to")


def test_dead_rows_are_vacuumed_between_batches(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("ALTER TABLE t ADD CHECK (pg_sleep(0.002) IS NOT NULL) NOT VALID")
    own.execute("UPDATE t SET old = 'changed ' || id WHERE id <= 800")
    gates = replace(BackfillSettings().gates, poll=timedelta(milliseconds=50))
    settings, tuning = BackfillSettings(gates=gates), Tuning(vacuum_rows=500)
    wanted = fill_request(own, begun(own), step(("id",)), settings=settings)
    list(engine.run(replace(wanted, tuning=tuning)))
    done = own.execute(
        "SELECT vacuum_count FROM pg_stat_all_tables WHERE relid = 't'::regclass"
    ).fetchone()

    assert done is not None
    assert done[0] >= 2  # one between batches, one at the end


@pytest.mark.parametrize(
    ("pacing", "settings"), [(Pacing.PACED, ("off", "2ms")), (Pacing.FULL, ("off", "0"))]
)
def test_a_worker_spares_the_server_or_hurries(
    own: Connection, pacing: Pacing, settings: tuple[str, str]
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("CREATE TABLE seen (commits text, rests text)")
    own.execute(
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO seen SELECT current_setting('synchronous_commit'),"
        " current_setting('vacuum_cost_delay'); RETURN NULL; END $$"
    )
    own.execute("CREATE TRIGGER see AFTER UPDATE ON t EXECUTE FUNCTION see()")
    wanted = replace(step(("id",)), settings=(Setting(name="synchronous_commit", value="on"),))
    fill(own, begun(own), wanted, pacing)

    assert own.execute("SELECT DISTINCT commits, rests FROM seen").fetchall() == [settings]


def test_its_timeouts_are_in_force_again_after_a_vacuum(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    (walk,) = key_walk.walks(own, step(("id",)))
    own.execute("SET statement_timeout = '15s'")
    vacuum.vacuum(own, walk)

    assert own.execute("SHOW statement_timeout").fetchone() == ("15s",)


def test_a_table_that_is_gone_is_not_a_success(own: Connection) -> None:
    wanted = replace(step(("id",)), table=Name("public", "gone"))
    with pytest.raises(StoppedError, match="table gone no longer exists"):
        fill(own, begun(own), wanted, Pacing.FULL)
