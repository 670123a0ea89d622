"""The sample migrations are planned against the shop's schema as what they are named after."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Database
from zdm.planning import classify
from zdm.postgres.catalog import read
from zdm.postgres.session import connection
from zdm.workflows import plan_revisions

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted((ROOT / "examples/sql").glob("*.sql"))
# every table of the shop has one
NO_KEY = b"CREATE TABLE visits (id bigint NOT NULL, page text)"
# the shop has none of these
OBJECTS = b"""
CREATE FUNCTION shown(price numeric) RETURNS text LANGUAGE sql STABLE AS 'SELECT price::text';
CREATE FUNCTION place_order(customer bigint) RETURNS bigint LANGUAGE sql AS 'SELECT customer';
CREATE TABLE events (id bigint PRIMARY KEY, payload json);
CREATE FUNCTION count_visit() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN PERFORM pg_catalog.pg_notify(''calls'', NEW.page); RETURN NULL; END';
CREATE TRIGGER visits_announced AFTER INSERT ON visits
FOR EACH ROW EXECUTE FUNCTION count_visit();
CREATE VIEW visited AS SELECT page FROM visits;
CREATE MATERIALIZED VIEW pages AS SELECT page, count(*) AS visits FROM visits GROUP BY page;
CREATE UNIQUE INDEX pages_page_idx ON pages (page);
CREATE TABLE readings (day date NOT NULL, value integer) PARTITION BY RANGE (day);
CREATE TABLE readings_2020 PARTITION OF readings
FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE readings_2025 (day date NOT NULL, value integer);
CREATE TABLE measurements (id bigserial, day date NOT NULL, PRIMARY KEY (id, day));
"""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_is_recognised(sample: Path, database: Database) -> None:
    with connection.connect(database("0004"), name="examples") as session:
        session.execute(NO_KEY)
        session.execute(OBJECTS)
        snapshot = read.read(session)
    train = plan_revisions.read_files([str(sample)], sample.parent)
    classified = classify.classify(train, snapshot)

    assert classified.findings == ()
    assert sample.stem in [placed.operation.slug for placed in classified.placed]


def test_every_operation_has_its_sample() -> None:
    modules = {path.stem for path in (ROOT / "zdm/operations").glob("*/*.py")}

    assert {sample.stem for sample in SAMPLES} == modules - {"__init__"}
