"""A new identity column of a table in use: nothing is rewritten, no write of anybody fails."""

import pytest

from tests import case as cases
from tests.case import Watching
from tests.postgres.cases.test_cases_live import revert
from tests.postgres.cases.writing import Connection, owned, planned, rows
from zdm.execute.events import Event, StepDone
from zdm.model.release import RunState
from zdm.postgres.server.provider import Server

ROWS = 3_000
BEFORE = f"""
CREATE TABLE orders (id int PRIMARY KEY, note text);
CREATE VIEW notes AS SELECT id, note FROM orders;
INSERT INTO orders SELECT n, 'note' FROM generate_series(1, {ROWS}) AS n;
GRANT SELECT, INSERT, UPDATE ON orders, notes TO zdm_writer;
"""
ADD = "ALTER TABLE orders ADD COLUMN number int GENERATED {} AS IDENTITY (INCREMENT BY 2);"
MADE = """
SELECT a.attidentity::text, a.attnotnull, pg_get_serial_sequence('orders', 'number'),
    (SELECT count(*) FROM pg_class WHERE relkind = 'S'
        AND relnamespace = 'public'::regnamespace)
FROM pg_attribute AS a WHERE a.attrelid = 'orders'::regclass AND a.attname = 'number'
"""
NUMBERS = "SELECT count(*), count(number), count(DISTINCT number), min(number) FROM orders"
LEFT = """
SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""
FILE = "SELECT pg_relation_filenode('orders')"


class Writer:
    """The old version, as a role without rights on sequences, in one session throughout."""

    def __init__(self, own: Connection) -> None:
        self.own, self.written = own, ROWS

    def write(self) -> None:
        """Once into the table, once through the view."""
        for sql in (
            "INSERT INTO orders (id, note) VALUES (%s, 'new')",
            "INSERT INTO notes (id, note) VALUES (%s, 'new')",
        ):
            self.written += 1
            self.own.execute(sql, (self.written,))
        self.own.execute("UPDATE orders SET note = note || '!' WHERE id = %s", (self.written,))


@pytest.mark.parametrize(("kind", "letter"), [("ALWAYS", "a"), ("BY DEFAULT", "d")])
def test_every_row_gets_one_number_and_nothing_is_rewritten(
    every_server: Server, kind: str, letter: str
) -> None:
    with owned(every_server, BEFORE) as (url, own):
        writer = Writer(own)
        file = rows(url, FILE)
        plan = planned(url, ADD.format(kind))

        def write(event: Event) -> None:
            if isinstance(event, StepDone):
                writer.write()

        state = cases.run(url, plan, watching=Watching(write))
        writer.write()

        assert state is RunState.CONTRACTED
        assert rows(url, MADE) == [(letter, True, "public.orders_number_seq", 1)]
        assert rows(url, NUMBERS) == [(writer.written,) * 3 + (1,)]
        assert rows(url, FILE) == file


def test_the_way_back_lets_the_old_version_write(every_server: Server) -> None:
    with owned(every_server, BEFORE) as (url, own):
        writer = Writer(own)
        plan = planned(url, ADD.format("ALWAYS"))
        cases.run(url, plan, until=RunState.BACKFILLED)
        writer.write()
        assert rows(url, MADE)[0][0] == "a"

        revert(url, plan)

        writer.write()
        assert rows(url, MADE) == []
        assert rows(url, LEFT) == [(0,)]
