"""Every remedy that a refusal prints is tried: the input is refused with it, and with the
remedy applied there is a plan, which a replay verifies."""

import functools
from collections.abc import Callable, Iterator

import pytest

from tests import tried
from tests.docs import refused_page
from tests.docs.refused_page import Refused
from tests.golden import Golden
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
from tests.remedies.tables import moved, owners, partitioned, partitions, publications, upkeep
from tests.tried import Shared
from zdm.errors import InputError
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server
from zdm.postgres.session.connection import Connection
from zdm.workflows import plan_revisions

ENTRIES = (
    *columns.ENTRIES,
    *enums.ENTRIES,
    *constraints.ENTRIES,
    *orphans.ENTRIES,
    *rows.ENTRIES,
    *copies.ENTRIES,
    *met.ENTRIES,
    *moved.ENTRIES,
    *objects.ENTRIES,
    *numbers.ENTRIES,
    *code_objects.ENTRIES,
    *rights.ENTRIES,
    *renames.ENTRIES,
    *trains.ENTRIES,
    *widened.ENTRIES,
    *retyped.ENTRIES,
    *upkeep.ENTRIES,
    *partitions.ENTRIES,
    *partitioned.ENTRIES,
    *publications.ENTRIES,
    *owners.ENTRIES,
)
TOGETHER = 120
SHARE = 12  # one in so many is verified with `make test-more`
IN_TURN = [
    pytest.param(entry, marks=() if number % SHARE == 0 else pytest.mark.thorough)
    for number, entry in enumerate(ENTRIES)
]
# Remedies that no input can be changed by.
ELSEWHERE = {
    "let the new version remove rows of {} only after the contract": "the application's",
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
    "search both versions for them, and first deploy one without them": "the application's",
    "choose bounds that no row is outside of before the switch": "the data's",
    "choose bounds that leave the time in which you may want it": "the data's",
    "run ANALYZE {} after the switch, and now and then": "an operator's",
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
    "see that there is such a row, or correct them when the contract has stopped": "the data's",
    "let the new version accept that, or run the UPDATE once more in a later release": (
        "the application's, or another release's"
    ),
    "delete old rows before that": "the data's",
    "compare last_value of the sequence with these bounds": "the data's",
    "let what refreshes it, also from outside the application, name {} as soon as the new"
    " version is deployed": "a job's",
    "let the new version write {}, or have the schema in its search_path": "the application's",
    "let the old version take its keys from defaults or RETURNING, in an earlier release, or"
    " have {} in its search_path": "the application's",
    "this is a bug in zdm: the text was not split": "an error of ours",
    "run it by hand where it is needed": "a repair of one database",
    "remove NOT VALID": "up to PostgreSQL 17",
    "give the statistics a name": "up to PostgreSQL 15",
    "name the table alone": "up to PostgreSQL 14",
    "ADD COLUMN {} … DEFAULT … NOT NULL in one statement": (
        "a proposal of `--explain`, which the tests of its wordings plan"
    ),
    "see that no application connects as one of them that must not see every row": (
        "an operator's"
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
def shared(server: Server) -> Iterator[Shared]:
    with tried.shared(server) as found:
        yield found


@pytest.fixture(scope="module")
def schemas(shared: Shared) -> Schemas:
    """What a text makes, read from the server once."""

    @functools.cache
    def made(text: str) -> Snapshot:
        def act(conn: Connection) -> Snapshot:
            conn.execute(text.encode())
            return tried.snapshot(conn)

        return shared.tried(act, text.encode())

    return made


def printed(entry: Entry, schemas: Schemas) -> Refused:
    """The first refusal; of a plan `hazard` and the remedies of those."""
    slug, message = "hazard", ""
    try:
        plan = planned(entry.refused, schemas(entry.before))
        remedy = "; ".join(hazard.remedy for hazard in plan.hazards)
    except InputError as error:
        slug, message, remedy = "", error.message, error.hint
    except TrainRefusedError as error:
        first = error.findings[0]
        slug, message, remedy = first.slug, first.message, first.remedy
    return Refused(entry=entry, slug=slug, message=message, remedy=remedy)


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_the_input_is_refused_with_a_remedy_of_the_source(
    entry: Entry, schemas: Schemas
) -> None:
    found = printed(entry, schemas)

    assert found.slug == entry.slug
    assert any(one.matches(found.remedy) for one in source.remedies()), found.remedy


def test_every_remedy_is_tried_and_the_page_lists_them(
    schemas: Schemas, golden: Golden
) -> None:
    tried = [printed(entry, schemas) for entry in ENTRIES]
    missing = [
        f"{one.place}: {one.text}"
        for one in source.remedies()
        if one.text not in ELSEWHERE and not any(one.matches(found.remedy) for found in tried)
    ]

    assert missing == []
    assert set(ELSEWHERE) <= {one.text for one in source.remedies()}
    golden.check(
        refused_page.FILE,
        refused_page.page([found for found in tried if found.slug != "hazard"]),
    )


def test_every_kind_of_refusal_is_tried() -> None:
    assert source.slugs() - NOTES == {entry.slug for entry in ENTRIES} - {"", "hazard"}


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_with_its_remedy_the_input_is_planned(entry: Entry, shared: Shared) -> None:
    assert [plan.steps for plan, _ in plans(entry, shared)]


@pytest.mark.more
@pytest.mark.parametrize("entry", IN_TURN, ids=name)
def test_with_its_remedy_the_plan_is_verified(entry: Entry, shared: Shared) -> None:
    for plan, start in plans(entry, shared):
        assert replay.replay(plan, start, shared.server, settle=True).findings == ()


def plans(entry: Entry, shared: Shared) -> list[tuple[Plan, Snapshot]]:
    """Each train's, and the schema that it starts from."""
    before = (entry.start or entry.before).encode()

    def act(conn: Connection) -> list[tuple[Plan, Snapshot]]:
        conn.execute(before)
        return [each(conn, train) for train in entry.fixed]

    def each(conn: Connection, train: str) -> tuple[Plan, Snapshot]:
        start = tried.snapshot(conn)
        plan = planned(train, start)
        for statement in split.statements(train.encode(), "m.sql"):
            conn.execute(statement.sql.encode())
        return plan, start

    return shared.tried(act, before, *(train.encode() for train in entry.fixed))
