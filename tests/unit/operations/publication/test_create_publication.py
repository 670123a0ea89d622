import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import Phase, RunSql
from zdm.model.schema import Column, Constraint, Snapshot
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError

KEYLESS: dict[str, object] = {"constraints": (), "indexes": ()}
COUNT = Column(name="n", type="integer")
MOOD = Column(name="mood", type="public.mood")
DATE, TIME = (
    Column(name="day", type="date"),
    Column(name="at", type="timestamp(3) with time zone"),
)
COLLATED = Column(name="said", type="text", collation='pg_catalog."C"')
VIRTUAL = Column(name="g", type="integer", generated="virtual", default="1")
STORED = Column(name="g", type="integer", generated="stored", default="1")


def here(*columns: Column, **details: object) -> Snapshot:
    return schemas.snapshot(schemas.users(*columns, **details), version=180000)


def on(major: int) -> Snapshot:
    return schemas.snapshot(schemas.users(), version=major * 10000)


def test_it_runs_as_written_before_the_rollout() -> None:
    sql = "CREATE PUBLICATION p FOR TABLE users"
    answer = ask(f"{sql};")
    (step,) = answer.steps
    (made,) = answer.after.publications
    (table,) = answer.after.tables

    assert isinstance(step, RunSql)
    assert (step.phase, step.sql) == (Phase.EXPAND, (sql,))
    assert [lock.mode for lock in step.locks] == [LockMode.SHARE_UPDATE_EXCLUSIVE]
    assert step.undo == ('DROP PUBLICATION IF EXISTS "p"',)
    assert made.definition == (
        "CREATE PUBLICATION p FOR TABLE public.users"
        " WITH (publish = 'insert, update, delete, truncate')"
    )
    assert table.publications == ("p",)


def test_the_columns_of_a_list_or_filter_depend_on_it() -> None:
    sql = "CREATE PUBLICATION p FOR TABLE users (id, email) WHERE (id > 5);"
    (table,) = ask(sql, here()).after.tables
    name = "publication of table public.users in publication p"

    assert [
        (d.column, d.name, d.blocks) for d in table.dependents if d.kind == "publication"
    ] == [("id", name, True), ("email", name, True)]


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (" WITH (publish = 'insert')", ""),
        (" WITH (publish = 'TRUNCATE , insert')", ""),
        (" WITH (publish = '')", ""),
        ("", "each UPDATE and DELETE of it fails (55000)"),
        (" WITH (publish = 'insert,update')", "each UPDATE of it fails (55000)"),
        (" WITH (publish = 'delete')", "each DELETE of it fails (55000)"),
    ],
)
def test_without_a_replica_identity_what_needs_one_is_refused(rest: str, words: str) -> None:
    answer = ask(f"CREATE PUBLICATION p FOR TABLE users{rest};", here(**KEYLESS))

    assert bool(answer.steps) is not bool(words)
    assert words in "".join(answer.refusals)


def test_a_deferrable_key_identifies_no_row() -> None:
    key = Constraint(
        name="k", kind="primary key", columns=("id",), definition="PRIMARY KEY (id) DEFERRABLE"
    )
    answer = ask("CREATE PUBLICATION p FOR TABLE users;", here(constraints=(key,)))

    assert "no replica identity" in answer.refusals[0]


@pytest.mark.parametrize(
    ("part", "columns", "words"),
    [
        ("(id, n)", (COUNT,), ""),
        ("(n)", (COUNT,), "lacks one of the replica identity"),
        ("(id, gone)", (), "has no column gone"),
        ("(id, g)", (STORED,), ""),
        ("(id, g)", (VIRTUAL,), "a generated column"),
        ("WHERE (id > 5)", (), ""),
        ("WHERE (id > 5 AND (id < 9 OR id IN (20, 30)))", (), ""),
        ("WHERE (n > 5)", (COUNT,), "its row filter reads another"),
        ("WHERE (gone > 5)", (), "has no column gone"),
        ("WHERE (id > (SELECT 5))", (), "only simple row filters"),
        ("WHERE (id > random())", (), "only simple row filters"),
        ("WHERE (id::text = 'a')", (), "only simple row filters"),
        ("WHERE (id === 5)", (), "only simple row filters"),
        ("WHERE (id OPERATOR(public.=) 5)", (), "only simple row filters"),
        ("WHERE (mood = 'ok')", (MOOD,), "only simple row filters"),
        ("WHERE (said = 'ok')", (COLLATED,), "only simple row filters"),
        ("WHERE (day < at)", (DATE, TIME), "only simple row filters"),
    ],
)
def test_a_list_and_a_filter_are_judged(
    part: str, columns: tuple[Column, ...], words: str
) -> None:
    answer = ask(f"CREATE PUBLICATION p FOR TABLE users {part};", here(*columns))

    assert bool(answer.steps) is not bool(words), answer.refusals
    assert words in "".join(answer.refusals)


@pytest.mark.parametrize("part", ["(id)", "WHERE (id > 5)"])
def test_before_15_there_are_neither(part: str) -> None:
    answer = ask(f"CREATE PUBLICATION p FOR TABLE users {part};", on(14))

    assert "PostgreSQL 14 has neither" in answer.refusals[0]


@pytest.mark.parametrize(
    ("option", "major", "planned"),
    [
        ("publish_via_partition_root", 14, True),
        ("publish_generated_columns = stored", 17, False),
        ("publish_generated_columns = stored", 18, True),
        ("streaming", 18, False),
    ],
)
def test_options_are_those_of_the_version(option: str, major: int, planned: bool) -> None:
    sql = f"CREATE PUBLICATION p FOR TABLE users WITH ({option});"

    assert bool(ask(sql, on(major)).steps) is planned


@pytest.mark.parametrize(
    ("column", "option", "planned"),
    [
        (STORED, "", False),
        (STORED, " WITH (publish_generated_columns = 'stored')", True),
        (VIRTUAL, " WITH (publish_generated_columns = 'stored')", False),
        (COUNT, "", True),
    ],
)
def test_a_full_identity_with_generated_columns_must_be_sent_whole(
    column: Column, option: str, planned: bool
) -> None:
    snapshot = here(column, replica_identity="full")
    answer = ask(f"CREATE PUBLICATION p FOR TABLE users{option};", snapshot)

    assert bool(answer.steps) is planned


@pytest.mark.parametrize(
    ("part", "identity", "planned"),
    [
        ("(id, email)", "FULL", False),
        ("WHERE (id > 5)", "FULL", True),
        ("", "FULL", True),
        ("(id, email)", "DEFAULT", True),
        ("(id, email)", "USING INDEX users_pkey", True),
    ],
)
def test_a_replica_identity_must_fit_what_is_published(
    part: str, identity: str, planned: bool
) -> None:
    sql = f"CREATE PUBLICATION p FOR TABLE users {part};"
    answer = ask(f"{sql}ALTER TABLE users REPLICA IDENTITY {identity};", here())

    assert (len(answer.steps) == 2) is planned, answer.refusals


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        (
            "ALTER TABLE users ADD PRIMARY KEY (id);\nCREATE PUBLICATION p FOR TABLE users;",
            "there is no replica identity of users",
        ),
        (
            "-- zdm: run in contract -- late\nALTER TABLE users REPLICA IDENTITY FULL;\n"
            "CREATE PUBLICATION p FOR TABLE users;",
            "there is no replica identity of users",
        ),
        (
            "-- zdm: run in contract -- late\nALTER TABLE users ADD COLUMN n int;\n"
            "CREATE PUBLICATION p FOR TABLE users (id, n) WITH (publish = 'insert');",
            "there is no column users.n",
        ),
    ],
)
def test_what_it_needs_must_be_there_when_it_runs(sql: str, wrong: str) -> None:
    snapshot, train = here(**KEYLESS), schemas.train(sql)
    found = classify.classify(train, snapshot)
    with pytest.raises(TrainRefusedError) as error:
        schedule.plan(found, name="m", train=train, snapshot=snapshot)

    assert wrong in error.value.findings[0].message
