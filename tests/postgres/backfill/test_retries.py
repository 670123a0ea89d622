"""What goes wrong in a batch is tried again, waited for, or ends with a name."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import ROWS, begun, count, fill, fill_request, step, table
from tests.waiting import until_true
from zdm.backfill.pacing import Pacing
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillGates, BackfillSettings
from zdm.errors import StoppedError
from zdm.execute.events import BackfillMeasured, BackfillProgress
from zdm.execute.ports import LockBusyError
from zdm.model.statement import Setting
from zdm.postgres.backfill import batch, engine
from zdm.postgres.journal import runs
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

WAITS = (
    "FROM pg_locks WHERE NOT granted AND pid IN"
    " (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
)


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="execute/tests") as conn:
        yield conn


def _named(database: str) -> batch.Connect:
    return lambda name: connection.connect(database, name=name)


@contextmanager
def stopped_at_450(own: Connection) -> Iterator[None]:
    """Batches stop at that row until the block ends."""
    own.execute(
        "CREATE FUNCTION stop_at_450() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock_shared(450); RETURN NEW; END';"
        "CREATE TRIGGER stop_at_450 BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.id = 450)"
        " EXECUTE FUNCTION stop_at_450()"
    )
    own.execute("SELECT pg_advisory_lock(450)")
    yield
    own.execute("SELECT pg_advisory_unlock(450)")


def test_a_row_that_is_held_is_left_out_and_filled_when_it_is_free(
    own: Connection, database: str
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    filling = engine.run(fill_request(own, fence, step(("id",))))
    with psycopg.connect(database, application_name="app") as writer:
        writer.execute("UPDATE t SET old = 'newer' WHERE id = 5")
        held = "transactions that began before the backfill: app (pid "
        next(e for e in filling if isinstance(e, BackfillProgress) and held in e.waiting)
        others = count(own, "new IS NULL")
        writer.commit()
    measured = next(e for e in filling if isinstance(e, BackfillMeasured))

    assert others == 1
    assert "55P03" not in dict(measured.retries)
    assert count(own, "id = 5 AND new = 'NEWER'") == 1


def test_who_holds_a_row_to_the_last_is_named_and_its_newer_value_kept(
    own: Connection, database: str
) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    filling = engine.run(fill_request(own, fence, step(("id",))))
    with psycopg.connect(database, application_name="app") as writer:
        with stopped_at_450(own):
            next(filling)
            writer.execute("UPDATE t SET old = 'newer' WHERE id = 5")
        held = "canceling statement due to lock timeout, held by app (pid "
        next(e for e in filling if isinstance(e, BackfillProgress) and held in e.waiting)
        others = count(own, "new IS NULL")
        writer.commit()
    measured = next(e for e in filling if isinstance(e, BackfillMeasured))

    assert others == 1
    assert dict(measured.retries)["55P03"] >= 1
    assert count(own, "id = 5 AND new = 'NEWER'") == 1


def test_a_row_that_is_held_is_found_by_a_key_whose_name_has_a_percent_sign(
    own: Connection, database: str
) -> None:
    table(own, '"%s 5%" int PRIMARY KEY', "g")
    filling = engine.run(fill_request(own, begun(own), step(("%s 5%",))))
    with psycopg.connect(database, application_name="app") as writer:
        own.execute(
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_advisory_xact_lock_shared(450); RETURN NEW; END';"
            "CREATE TRIGGER stop BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.old = 'row 450')"
            " EXECUTE FUNCTION stop()"
        )
        own.execute("SELECT pg_advisory_lock(450)")
        next(filling)
        writer.execute("UPDATE t SET old = 'newer' WHERE old = 'row 5'")
        own.execute("SELECT pg_advisory_unlock(450)")
        held = "canceling statement due to lock timeout, held by app (pid "
        next(e for e in filling if isinstance(e, BackfillProgress) and held in e.waiting)
        writer.commit()
    list(filling)

    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def test_a_row_that_is_never_free_ends_as_a_busy_lock_and_keeps_what_is_done(
    own: Connection, database: str
) -> None:
    tuning = Tuning(lock_timeout=timedelta(milliseconds=20))
    table(own, "id int PRIMARY KEY", "g")
    request = fill_request(own, begun(own), step(("id",)))
    filling = engine.run(replace(request, tuning=tuning))
    with psycopg.connect(database, application_name="app") as writer:
        with stopped_at_450(own):
            next(filling)
            writer.execute("UPDATE t SET old = 'newer' WHERE id = 2000")
        with pytest.raises(LockBusyError, match="failed 10 times in a row") as raised:
            list(filling)

    assert raised.value.names[0].startswith("app (pid ")
    assert count(own, "new IS NULL") == 1


def test_a_row_that_takes_too_long_is_found_among_fast_ones(own: Connection) -> None:
    tuning = Tuning(statement_timeout=timedelta(milliseconds=300))
    table(own, "id int PRIMARY KEY", "g")
    wanted = step(("id",), "CASE WHEN id = 77 THEN pg_sleep(60)::text ELSE upper(old) END")
    slow = replace(wanted, differs="new IS NULL")
    with pytest.raises(StoppedError, match=r"row with id = 77 of t .* statement timeout"):
        fill(own, begun(own), slow, tuning=tuning)

    assert count(own, "new IS NULL AND id < 77") == 0
    assert count(own, "new IS NULL AND id = 77") == 1


def test_a_batch_waits_for_no_row_while_it_holds_others(own: Connection, database: str) -> None:
    """The batch stops at row 450, so that it holds the first row, for which the writer waits
    while it holds the last one: a deadlock if the batch waited for that, and the writer, which
    looks for deadlocks at once, would be its victim."""
    table(own, "id int PRIMARY KEY", "g")
    [(first, last)] = own.execute(
        "SELECT min(id), max(id) FILTER (WHERE id < 950) FROM t"
        " WHERE hashtid(ctid) & 1 = (SELECT hashtid(ctid) & 1 FROM t WHERE id = 450)"
    ).fetchall()
    timeouts = {"lock_timeout": "0", "statement_timeout": "0"}
    settings = tuple(Setting(name=name, value=value) for name, value in timeouts.items())
    wanted = replace(step(("id",)), settings=settings)
    gates = BackfillSettings(gates=BackfillGates(queue=timedelta(hours=1)))
    filling = engine.run(fill_request(own, begun(own), wanted, settings=gates))
    with psycopg.connect(database, application_name="app") as writer:
        writer.execute("SET deadlock_timeout = '1ms'")
        with stopped_at_450(own):
            writer.execute("UPDATE t SET old = 'last' WHERE id = %s", (last,))
            next(filling)
            until_true(own, f"SELECT count(*) > 0 {WAITS} AND locktype = 'advisory'")
            first_row = "UPDATE t SET old = 'first' WHERE id = %s"
            thread = threading.Thread(target=lambda: writer.execute(first_row, (first,)))
            thread.start()
            pid = writer.info.backend_pid
            until_true(own, f"SELECT count(*) > 0 {WAITS} AND pid = {pid}")
        thread.join()
        writer.commit()
    measured = next(e for e in filling if isinstance(e, BackfillMeasured))

    assert "40P01" not in dict(measured.retries)
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert count(own, "new IN ('FIRST', 'LAST')") == 2


def test_a_batch_is_no_link_in_a_chain_of_three(own: Connection, database: str) -> None:
    """The batch holds the first row, for which one session waits that holds the last one, for
    which another one waits that holds a third row, which the batch would wait for."""
    table(own, "id int PRIMARY KEY", "g")
    rows = own.execute(
        "SELECT id FROM t WHERE id NOT BETWEEN 440 AND 460 AND id < 950 AND"
        " hashtid(ctid) & 1 = (SELECT hashtid(ctid) & 1 FROM t WHERE id = 450) ORDER BY id"
    ).fetchall()
    (first,), (third,), (last,) = rows[0], rows[-2], rows[-1]
    settings = tuple(
        Setting(name=name, value="0") for name in ("lock_timeout", "statement_timeout")
    )
    request = fill_request(
        own,
        begun(own),
        replace(step(("id",)), settings=settings),
        settings=BackfillSettings(gates=BackfillGates(queue=timedelta(hours=1))),
    )
    filling = engine.run(request)
    with psycopg.connect(database) as one, psycopg.connect(database) as two:
        threads = []
        with stopped_at_450(own):
            for writer, key in ((one, last), (two, third)):
                writer.execute("SET deadlock_timeout = '1ms'")
                writer.execute("UPDATE t SET old = 'held' WHERE id = %s", (key,))
            next(filling)
            until_true(own, f"SELECT count(*) > 0 {WAITS} AND locktype = 'advisory'")
            for writer, key in ((one, first), (two, last)):
                threads.append(threading.Thread(target=_update_and_commit, args=(writer, key)))
                threads[-1].start()
                pid = writer.info.backend_pid
                until_true(own, f"SELECT count(*) > 0 {WAITS} AND pid = {pid}")
        for thread in threads:
            thread.join()
    measured = next(e for e in filling if isinstance(e, BackfillMeasured))

    assert "40P01" not in dict(measured.retries)
    assert count(own, "old = 'waited'") == 2
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0


def _update_and_commit(writer: psycopg.Connection, key: int) -> None:
    writer.execute("UPDATE t SET old = 'waited' WHERE id = %s", (key,))
    writer.commit()


def test_the_wait_for_a_lock_is_a_share_of_the_deadlock_timeout(
    own: Connection, database: str
) -> None:
    name = own.info.dbname
    own.execute(f'ALTER DATABASE "{name}" SET deadlock_timeout = 200')
    waits = []
    for tuning in (Tuning(), Tuning(lock_timeout=timedelta(milliseconds=7))):
        with closing(batch.opened(_named(database), "b", step(("id",)), tuning)) as opened:
            waits.append(opened.execute("SHOW lock_timeout").fetchone())

    assert waits == [("40ms",), ("7ms",)]


def test_a_deferred_constraint_that_fails_at_commit_names_its_row(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("CREATE TABLE p (name text PRIMARY KEY)")
    own.execute("INSERT INTO p SELECT upper(old) FROM t WHERE id <> 1500")
    own.execute(
        "ALTER TABLE t ADD FOREIGN KEY (new) REFERENCES p DEFERRABLE INITIALLY DEFERRED"
    )
    with pytest.raises(StoppedError, match=r"row with id = 1500 of t .* violates foreign key"):
        fill(own, begun(own), step(("id",)))

    assert count(own, "new IS NULL AND id < 1500") == 0
    assert count(own, "new IS NULL AND id = 1500") == 1


def test_triggers_of_the_table_fire_and_foreign_rows_are_kept(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute("ALTER TABLE t ADD updated_at timestamptz; CREATE TABLE audit (id int)")
    own.execute(
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.updated_at = now(); INSERT INTO audit VALUES (NEW.id); RETURN NEW; END';"
        "CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()"
    )
    fill(own, begun(own), step(("id",)))

    assert own.execute("SELECT count(*), count(DISTINCT id) FROM audit").fetchone() == (
        ROWS,
        ROWS,
    )


def test_a_column_that_is_gone_stops_at_once(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    fence = begun(own)
    with pytest.raises(psycopg.errors.UndefinedColumn):  # the adapter says it in zdm's words
        fill(own, fence, step(("id",), "upper(gone)"))

    assert own.execute("SELECT sum(attempts) FROM zdm.backfill_range").fetchone() == (1,)


def test_wide_rows_are_filled_in_small_batches_by_their_wal(own: Connection) -> None:
    table(own, "id int PRIMARY KEY", "g")
    own.execute(
        "UPDATE t SET old = (SELECT string_agg(md5(id::text || g), '')"
        " FROM generate_series(1, 300) AS g)"
    )  # 10 kB, in TOAST
    own.execute("ALTER TABLE t ALTER COLUMN new SET STORAGE EXTERNAL")
    fence = begun(own)
    fill(own, fence, step(("id",)), Pacing.PACED)
    row = own.execute("SELECT size, wal / scanned FROM zdm.backfill_range").fetchone()

    assert row is not None
    assert row[1] > 9_000
    assert row[0] * row[1] <= 1.2 * 16 * 1024 * 1024
    assert count(own, "new IS DISTINCT FROM upper(old)") == 0
    assert runs.ranges(own, fence.run)[0].state == "verified"
