"""The engine on every supported PostgreSQL version: keys, pages, and every gate readable."""

import pytest
from msgspec.structs import replace

from tests.postgres.backfill.fills import ROWS, begun, count, fill_request, step, table
from zdm.backfill.gates import Reading
from zdm.config.settings import BackfillGates, BackfillSettings
from zdm.execute.clock import SystemClock
from zdm.execute.events import BackfillMeasured
from zdm.postgres.backfill import engine, gate_poller
from zdm.postgres.backfill.gate_queries import Look
from zdm.postgres.session import connection


@pytest.mark.parametrize("key", [("id",), ()], ids=["key", "pages"])
def test_it_fills_and_verifies(every_database: str, key: tuple[str, ...]) -> None:
    with connection.connect(every_database, name="execute/tests") as own:
        table(own, "id int PRIMARY KEY" if key else "id int", "g", rows_of_it=25_000)
        two = BackfillSettings(workers=2)
        events = list(engine.run(fill_request(own, begun(own), step(key), settings=two)))
        measured = next(e for e in events if isinstance(e, BackfillMeasured))

        assert count(own, "new IS DISTINCT FROM upper(old)") == 0
        assert (measured.changed, measured.notes) == (25_000, ())


def test_every_gate_can_be_read(every_database: str) -> None:
    limits = replace(BackfillGates(), sql="SELECT 1", sql_above=2.0)
    with connection.connect(every_database, name="execute/tests") as own:
        table(own, "id int PRIMARY KEY", "g")
        ((oid,),) = own.execute("SELECT 't'::regclass::oid::bigint").fetchall()
        own.execute("UPDATE t SET old = old")
        look = Look(own, [oid], limits, SystemClock())
        seen = {gate.name: signal(look) for gate, signal in gate_poller.gates(limits)}

        assert all(isinstance(reading, Reading) for reading in seen.values())
        assert seen["sql"] == Reading(value=1.0, detail="the query gives 1 (limit 2)")
        assert count(own, "true") == ROWS
