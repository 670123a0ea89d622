"""Sample rows: a table that none of them fits stays empty, and the reason is in the result."""

from collections.abc import Iterator

import pytest

from zdm.model.schema import Name, Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.replay import sample_rows
from zdm.postgres.replay.sample_rows import HIGH, LOW, ROWS, Samples, Unfilled, Write
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


@pytest.fixture
def own(database: str) -> Iterator[Connection]:
    with connection.connect(database, name="tests") as conn:
        yield conn


def filled(own: Connection, *names: str, first: int = LOW) -> list[Unfilled]:
    snapshot: Snapshot = read.read(own, version_table=None)
    samples = Samples(snapshot=snapshot, first=first)
    samples.fill(own, sample_rows.tables(snapshot, [Name("public", name) for name in names]))
    return samples.unfilled


def count(own: Connection, table: str) -> int:
    row = own.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def number(own: Connection, sql: str) -> int:
    row = own.execute(sql.encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "columns",
    [
        "email text CHECK (email LIKE '%@%')",
        "code text NOT NULL CHECK (code ~ '^[A-Z]{2}-\\d{4}$')",
        "code text NOT NULL UNIQUE CHECK (code ~ '^[A-Z]{2}$')",
        "name varchar(40) NOT NULL CHECK (length(name) >= 20)",
        "pin char(4) NOT NULL CHECK (char_length(pin) = 4)",
        "state text NOT NULL CHECK (state IN ('on', 'off'))",
        "n int NOT NULL CHECK (n > 1000 AND n % 2 = 0)",
        "n smallint NOT NULL CHECK (n BETWEEN -5 AND -1)",
        "share numeric(3,2) NOT NULL CHECK (share > 0 AND share < 1)",
        "price numeric(6,2) NOT NULL, kind text, CHECK (kind = 'sold' OR price > 0)",
        "share numeric(5,2) NOT NULL CHECK (share::text <> 'nothing has this')",
        "s date NOT NULL, e date NOT NULL, CHECK (s < e)",
        "d date NOT NULL CHECK (d > '2031-05-05')",
        "a int, b int, CHECK (num_nonnulls(a, b) = 1)",
        "one int NOT NULL CHECK (one = 1)",
        "r int4range NOT NULL, EXCLUDE USING gist (r WITH &&)",
        "r tstzmultirange NOT NULL CHECK (NOT isempty(r))",
        "tags text[] NOT NULL CHECK (cardinality(tags) > 0)",
        "bits bit(12) NOT NULL, more varbit(3) NOT NULL",
        "shape box NOT NULL, spot circle NOT NULL, way polygon NOT NULL, l pg_lsn NOT NULL",
        "p place NOT NULL, ps place[] NOT NULL CHECK (ps <> '{}')",
        "high high NOT NULL, m mail NOT NULL, mm mail[] NOT NULL",
        "mood mood NOT NULL, moods mood[] NOT NULL",
        "body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object')",
        "arr int[] NOT NULL CHECK (array_length(arr, 1) = 2)",
        "j jsonb NOT NULL CHECK (j ? 'kind' AND j ? 'size')",
        "a timestamptz NOT NULL, b timestamptz NOT NULL, CHECK (b > a + interval '1 day')",
        "mail text NOT NULL CHECK (mail ~* '^[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}$')",
        "n int NOT NULL, twice int GENERATED ALWAYS AS (n * 2) STORED",
    ],
)
def test_rows_that_meet_the_constraints_are_found(own: Connection, columns: str) -> None:
    own.execute(
        "CREATE TYPE mood AS ENUM ('good', 'b\\a\"d');"
        "CREATE DOMAIN high AS int CHECK (VALUE > 99);"
        "CREATE DOMAIN mail AS text NOT NULL CHECK (VALUE LIKE '%@%');"
        'CREATE TYPE place AS (street text, "no" int, m mood);'
        f"CREATE TABLE odd (id int PRIMARY KEY, {columns})".encode()
    )

    assert filled(own, "odd") == []
    assert count(own, "odd") == ROWS


def test_partitions_get_rows_within_their_bounds(own: Connection) -> None:
    own.execute(
        "CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');"
        "CREATE TABLE l (id int, k text NOT NULL) PARTITION BY LIST (k);"
        "CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('x', 'y')"
    )

    assert filled(own, "p", "l", "p1", "l1") == []


def test_children_refer_to_the_rows_of_their_parents(own: Connection) -> None:
    own.execute(
        "CREATE TABLE up (code text PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'));"
        "CREATE TABLE down (id int PRIMARY KEY, code text NOT NULL REFERENCES up)"
    )

    assert filled(own, "down") == []
    assert number(own, "SELECT count(*) FROM down JOIN up USING (code)") == ROWS


def test_sequences_go_on_behind_the_rows(own: Connection) -> None:
    own.execute("CREATE TABLE s (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY)")
    filled(own, "s")
    own.execute("INSERT INTO s DEFAULT VALUES")

    assert number(own, "SELECT max(id) FROM s") > ROWS
    assert number(own, "SELECT max(n) FROM s") > ROWS


def test_writes_are_tried_together_and_each_without_the_others(own: Connection) -> None:
    own.execute("CREATE TABLE t (id int PRIMARY KEY, other int REFERENCES t DEFERRABLE)")
    own.execute("ALTER TABLE t ALTER CONSTRAINT t_other_fkey INITIALLY DEFERRED")
    name = Name("public", "t")
    one, two = (Write(table=name, sql=f"INSERT INTO t VALUES (1, {n}) -- {n}") for n in (1, 2))

    assert sample_rows.work(own, [one, one])
    assert sample_rows.work(own, [])
    assert not sample_rows.work(own, [one, two])  # its foreign key is looked at at once
    assert count(own, "t") == 0


def test_other_numbers_are_to_be_had(own: Connection) -> None:
    own.execute("CREATE TABLE t (id int PRIMARY KEY, c varchar(2) UNIQUE, at timestamptz)")

    assert filled(own, "t", first=HIGH) == []
    assert number(own, "SELECT min(id) FROM t") > HIGH
    assert number(own, "SELECT extract(year FROM min(at)) FROM t") == 2027


def test_a_table_that_holds_one_row_gets_one(own: Connection) -> None:
    own.execute("CREATE TABLE single (id int PRIMARY KEY CHECK (id = 1))")

    assert filled(own, "single") == []
    assert count(own, "single") == 1


def test_a_table_that_no_sample_fits_stays_empty_and_others_are_filled(
    own: Connection,
) -> None:
    own.execute(
        "CREATE TABLE odd (n text NOT NULL CONSTRAINT rare CHECK (md5(n) LIKE '0000%'))"
    )
    own.execute("CREATE TABLE plain (n int)")

    assert filled(own, "odd", "plain") == [
        Unfilled(
            table=Name("public", "odd"),
            reason='no sample row fits: new row for relation "odd" violates check constraint'
            ' "rare"',
        ),
    ]
    assert (count(own, "odd"), count(own, "plain")) == (0, ROWS)
