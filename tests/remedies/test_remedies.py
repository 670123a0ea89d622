"""Every remedy that a refusal prints is tried: the input is refused with it, and with the
remedy applied there is a plan, which a replay verifies."""

import functools
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import fresh_database
from tests.remedies import (
    code_objects,
    columns,
    constraints,
    copies,
    enums,
    met,
    numbers,
    objects,
    orphans,
    renames,
    retyped,
    rights,
    rows,
    source,
    trains,
    widened,
)
from tests.remedies.entry import Entry
from tests.remedies.tables import partitions
from zdm.errors import InputError
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.catalog import read
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.workflows import plan_revisions

ENTRIES = (
    *columns.ENTRIES,
    *enums.ENTRIES,
    *constraints.ENTRIES,
    *orphans.ENTRIES,
    *rows.ENTRIES,
    *copies.ENTRIES,
    *met.ENTRIES,
    *objects.ENTRIES,
    *numbers.ENTRIES,
    *code_objects.ENTRIES,
    *rights.ENTRIES,
    *renames.ENTRIES,
    *trains.ENTRIES,
    *widened.ENTRIES,
    *retyped.ENTRIES,
    *partitions.ENTRIES,
)
SHARE = 6  # one in so many is verified with `make test-more`
IN_TURN = [
    pytest.param(entry, marks=() if number % SHARE == 0 else pytest.mark.thorough)
    for number, entry in enumerate(ENTRIES)
]
# Remedies that no input can be changed by.
ELSEWHERE = {
    "name the columns in such an INSERT": "the application's",
    "run the statement again": "the application's",
    "correct such rows before": "the data's",
    "compare and print it as a number, not as text, and let the new version write more digits"
    " only after the contract": "the application's",
    "handle both errors alike in the old version": "the application's",
    "let the old version write no such value": "the application's",
    "let both versions parse what they read, and use operators such as -> and ->> or functions"
    " that take both, until the contract": "the application's",
    "check that each names the columns in INSERT and SELECT, and compares no record": (
        "the functions'"
    ),
    "search the old version for them, and first deploy one without them": "the application's",
    "if its framework reads keys from the catalog, configure them explicitly first": (
        "the application's"
    ),
    "let the new version do without it until then": "the application's",
    "let no version give such a value again before the drop phase": "the application's",
    "let tools that look for constraints that are not valid leave out those with"
    " conparentid <> 0": "a tool's",
    "let the new version name columns instead": "the application's",
    "see in pg_stat_user_functions (with track_functions = all) that nothing calls it once the"
    " old version is gone": "the application's",
    "look for its name in pg_stat_statements once the old version is gone": (
        "the application's"
    ),
    "put `-- zdm: run in expand -- reason` above it if both versions work with the new one"
    " (`run in contract` if only the new version does)": "no shadow has such a function",
    "let the new version work with it and without it until then": "the application's",
    "make sure that it refuses and changes nothing of the old version's writes": (
        "the author's function"
    ),
    "let the new version use no more than {} keys for each number, from its start": (
        "the application's"
    ),
    "let no version read new rows by `id > last seen`": "the application's",
    "delete old rows before that": "the data's",
    "compare last_value of the sequence with these bounds": "the data's",
    "let what refreshes it, also from outside the application, name {} as soon as the new"
    " version is deployed": "a job's",
    "this is a bug in zdm: the text was not split": "an error of ours",
    "run it by hand where it is needed": "a repair of one database",
    "remove NOT VALID": "up to PostgreSQL 17",
    "give the statistics a name": "up to PostgreSQL 15",
    "ADD COLUMN {} … DEFAULT … NOT NULL in one statement": (
        "a proposal of `--explain`, which the tests of its wordings plan"
    ),
    "remove the directive": "it has no meaning in a SQL file",
    "run it in psql to see the same error, and fix it": "the file is refused before",
}

NOTES = {"run_as_written"}  # of a plan that there is


def name(entry: Entry) -> str:
    return f"{entry.slug or 'unread'}-{ENTRIES.index(entry)}"


def planned(migration: str, start: Snapshot) -> Plan:
    data = migration.encode()
    train = Train(
        statements=split.statements(data, "m.sql"), files=(split.source_file(data, "m.sql"),)
    )
    plan = schedule.plan(classify.classify(train, start), name="m", train=train, snapshot=start)
    plan_revisions.check_invariants(plan)
    return plan


Schemas = Callable[[str], Snapshot]


@pytest.fixture(scope="module")
def schemas(server: Server) -> Iterator[Schemas]:
    """What a text makes, read from the server once, and taken back: a database for each would
    cost more than the reading."""
    with fresh_database(server) as url, connection.connect(url, name="tests") as conn:

        @functools.cache
        def made(text: str) -> Snapshot:
            with conn.transaction(force_rollback=True):
                conn.execute(text.encode())
                return read.contents(conn)

        yield made


def printed(entry: Entry, schemas: Schemas) -> tuple[str, str]:
    """Slug and remedy of the first refusal; of a plan `hazard` and the remedies of those."""
    try:
        plan = planned(entry.refused, schemas(entry.before))
    except InputError as error:
        return "", error.hint
    except TrainRefusedError as error:
        return error.findings[0].slug, error.findings[0].remedy
    return "hazard", "; ".join(hazard.remedy for hazard in plan.hazards)


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_the_input_is_refused_with_a_remedy_of_the_source(
    entry: Entry, schemas: Schemas
) -> None:
    slug, remedy = printed(entry, schemas)

    assert slug == entry.slug
    assert any(one.matches(remedy) for one in source.remedies()), remedy


def test_every_remedy_is_tried(schemas: Schemas) -> None:
    tried = [printed(entry, schemas)[1] for entry in ENTRIES]
    missing = [
        f"{one.place}: {one.text}"
        for one in source.remedies()
        if one.text not in ELSEWHERE and not any(map(one.matches, tried))
    ]

    assert missing == []
    assert set(ELSEWHERE) <= {one.text for one in source.remedies()}


def test_every_kind_of_refusal_is_tried() -> None:
    assert source.slugs() - NOTES == {entry.slug for entry in ENTRIES} - {"", "hazard"}


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_with_its_remedy_the_input_is_planned(entry: Entry, server: Server) -> None:
    assert [plan.steps for plan, _ in plans(entry, server)]


@pytest.mark.more
@pytest.mark.parametrize("entry", IN_TURN, ids=name)
def test_with_its_remedy_the_plan_is_verified(entry: Entry, server: Server) -> None:
    for plan, start in plans(entry, server):
        assert replay.replay(plan, start, server, settle=True).findings == ()


def plans(entry: Entry, server: Server) -> Iterator[tuple[Plan, Snapshot]]:
    """Each train's, and the schema that it starts from."""
    with (
        fresh_database(server) as url,
        connection.connect(url, name="tests", autocommit=True) as conn,
    ):
        conn.execute((entry.start or entry.before).encode())
        for train in entry.fixed:
            start = read.read(conn)
            yield planned(train, start), start
            for statement in split.statements(train.encode(), "m.sql"):
                conn.execute(statement.sql.encode())
