import pytest

from tests.unit import schemas
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

EVENTS = Name("public", "events")
COLUMNS = (
    Column(name="id", type="bigint", not_null=True),
    Column(name="at", type="date", not_null=True),
)
START = schemas.snapshot(
    Table(name=EVENTS, kind="partitioned table", columns=COLUMNS, partition_key="RANGE (at)"),
    Table(
        name=Name("public", "old"),
        columns=COLUMNS,
        partition_of=EVENTS,
        partition_bound="FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
    ),
    Table(name=Name("public", "other"), columns=COLUMNS),
)
DETACH = "ALTER TABLE events DETACH PARTITION old;"
ATTACH = "ALTER TABLE events ATTACH PARTITION {} FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);"


def refused(sql: str, snapshot: Snapshot) -> list[str]:
    train = schemas.train(sql)
    classified = classify.classify(train, snapshot)
    try:
        schedule.plan(classified, name="m", train=train, snapshot=snapshot)
    except TrainRefusedError as error:
        return [finding.message for finding in error.findings]
    return []


@pytest.mark.parametrize(("table", "is_refused"), [("old", True), ("other", False)])
def test_what_a_train_detaches_it_does_not_attach(table: str, *, is_refused: bool) -> None:
    found = refused(DETACH + ATTACH.format(table), START)

    assert any("this train detaches old as well" in one for one in found) is is_refused
    assert bool(found) is is_refused


@pytest.mark.parametrize(
    ("lower", "is_refused"),
    [("'2023-06-01'", True), ("'2023-12-31'", True), ("'2024-01-01'", False)],
)
def test_nothing_takes_the_place_of_what_a_train_detaches(
    lower: str, *, is_refused: bool
) -> None:
    attach = ATTACH.format("other").replace("'2024-01-01'", lower)

    found = refused(DETACH + attach, START)

    assert any("this train detaches old, whose bounds" in one for one in found) is is_refused


@pytest.mark.parametrize("above", [True, False], ids=["in use", "new"])
def test_rows_are_not_written_before_a_new_table_is_attached(*, above: bool) -> None:
    name = "events" if above else "fresh"
    make = "CREATE TABLE fresh (id bigint, at date) PARTITION BY RANGE (at);"
    train = (
        f"{'' if above else make} CREATE TABLE few (id bigint NOT NULL, at date NOT NULL);"
        " INSERT INTO few VALUES (1, '2025-01-01');"
        f" {ATTACH.format('few').replace('events', name)}"
    )
    found = refused(train, START)

    assert any("cannot be distinguished from those" in one for one in found) is above
    assert bool(found) is above


NEXT = "CREATE TABLE next PARTITION OF events FOR VALUES {};"


@pytest.mark.parametrize(
    ("sql", "is_refused"),
    [
        (NEXT.format("FROM ('2024-01-01') TO ('2025-01-01')"), False),
        (
            NEXT.format("FROM ('2024-01-01') TO ('2025-01-01')") + "GRANT ALL ON next TO app;",
            False,
        ),
        (
            "CREATE TABLE next (id bigint NOT NULL, at date NOT NULL);" + ATTACH.format("next"),
            False,
        ),
        (NEXT.format("FROM ('2023-06-01') TO ('2024-06-01')"), True),
        (NEXT.format("FROM ('2024-01-01') TO (MAXVALUE) PARTITION BY LIST (id)"), False),
        ("INSERT INTO events VALUES (1, '2024-06-01');", True),
        ("UPDATE events SET id = 2;", True),
    ],
)
def test_another_partition_does_not_wait_for_one_that_leaves(
    sql: str, *, is_refused: bool
) -> None:
    found = refused(DETACH + sql, START)

    assert bool(found) is is_refused


def test_rows_of_a_partition_of_a_partition_may_be_those_of_one_that_leaves() -> None:
    deeper = Table(
        name=Name("public", "deeper"),
        kind="partitioned table",
        columns=COLUMNS,
        partition_of=EVENTS,
        partition_key="RANGE (at)",
        partition_bound="FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    )
    below = NEXT.format("FROM ('2024-01-01') TO ('2025-01-01')").replace("events", "deeper")

    assert refused(DETACH + below, schemas.snapshot(*START.tables, deeper))
