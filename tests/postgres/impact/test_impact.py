"""What zdm says of locks, rewrites, index builds and scans is what PostgreSQL does."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import MAJORS, a_server, fresh_database
from tests.golden import Golden
from tests.postgres.impact import observe
from tests.postgres.impact.observe import Seen
from tests.postgres.impact.statements import BUILDS, CASES, LOCKS, REWRITES, SCANS, Case
from tests.postgres.impact.statements import of as of_statements
from zdm.model.commands import AlterTable, Change, Work, WorkOn
from zdm.model.impact import NO, UNKNOWN, YES, Impact
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import facts, split
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.schema.impact import of
from zdm.serialize import snapshot_file

SCHEMA = (Path(__file__).parent / "schema.sql").read_text()
ROLES = """
CREATE ROLE impact_other;
CREATE ROLE impact_owner LOGIN PASSWORD 'p' IN ROLE impact_other;
SET allow_in_place_tablespaces = on;
"""
TOGETHER = 200
SHARE = 6  # of the cases, one in so many is asked of the oldest version in CI
ON_FILE = Path(__file__).parents[2] / "unit/schema/impact/schema.json"
Indexed = Mapping[Name, Name]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A server with the schema, owned by a role that is no superuser."""

    server: Server
    template: str
    owner: Connection
    other: Connection
    snapshot: Snapshot


def as_owner(dsn: str) -> str:
    parts = urlsplit(dsn)
    return parts._replace(netloc=f"impact_owner:p@{parts.hostname}:{parts.port}").geturl()


@pytest.fixture(scope="module")
def worlds() -> Iterator[Callable[[int], World]]:
    """The world of a major version; each is made once, in whatever order tests ask for it."""
    with ExitStack() as stack:
        yield functools.cache(lambda major: stack.enter_context(made(major)))


@pytest.fixture
def world(request: pytest.FixtureRequest, worlds: Callable[[int], World]) -> World:
    return worlds(request.param)


@contextmanager
def made(major: int) -> Iterator[World]:
    with a_server(major) as server, fresh_database(server) as template:
        with connection.connect(template, name="tests") as conn:
            for statement in ROLES.strip().split(";\n"):
                conn.execute(statement.encode())
            conn.execute("CREATE TABLESPACE impact_space OWNER impact_owner LOCATION ''")
            name = urlsplit(template).path[1:]
            conn.execute(f'ALTER DATABASE "{name}" OWNER TO impact_owner'.encode())
            conn.execute("ALTER SCHEMA public OWNER TO impact_owner")
            conn.execute("GRANT CREATE ON SCHEMA public TO impact_other")
        with connection.connect(as_owner(template), name="tests") as conn:
            conn.execute(SCHEMA.encode())
            conn.execute("VACUUM ANALYZE")
        with (
            fresh_database(server, name) as dsn,
            connection.connect(dsn, name="tests") as other,
        ):
            found = urlsplit(dsn).path[1:]
            other.execute(f'ALTER DATABASE "{found}" OWNER TO impact_owner'.encode())
            with connection.connect(as_owner(dsn), name="tests") as owner:
                yield World(
                    server=server,
                    template=name,
                    owner=owner,
                    other=other,
                    snapshot=read.read(owner),
                )


def said(case: Case, snapshot: Snapshot) -> tuple[Impact, list[str]]:
    """The claim about the last statement, and all statements."""
    statements = split.statements(case.sql.encode(), "case.sql")
    actions = facts.actions(statements[-1], snapshot.search_path)
    return of.statement(actions, snapshot), [s.sql for s in statements]


def on_each_version(cases: Sequence[Case]) -> list[Any]:
    """Each case on each version that it is for: on the newest in `make test-live`, one in six
    also on the oldest in `make test-more`."""
    return [
        pytest.param(major, case, id=f"{major} {case.sql}", marks=marks(major, number))
        for major in MAJORS
        for number, case in enumerate(cases)
        if case.since <= major <= case.until
    ]


def marks(major: int, number: int) -> list[pytest.MarkDecorator]:
    """Of a case of that number; those between the two are marked by their names."""
    if major == MAJORS[-1]:
        return []
    rarely = major == MAJORS[0] and number % SHARE != 0
    return [pytest.mark.more, *([pytest.mark.thorough] if rarely else [])]


@pytest.mark.parametrize("world", [18], indirect=True)
def test_the_schema_on_file_is_the_servers(world: World, golden: Golden) -> None:
    if golden.bless:
        ON_FILE.write_text(snapshot_file.dumps(world.snapshot), encoding="utf-8")
    on_file = snapshot_file.loads(ON_FILE.read_text(), ON_FILE.name)

    assert snapshot_file.difference(on_file, world.snapshot) == ()


@pytest.mark.parametrize(("world", "case"), on_each_version(CASES), indirect=["world"])
def test_a_statement_does_what_is_said_of_it(world: World, case: Case) -> None:
    claim, statements = said(case, world.snapshot)
    if claim.in_transaction:
        seen = observe.in_transaction(world.owner, world.other, statements)
    else:
        with fresh_database(world.server, world.template) as dsn:
            tables = {touch.relation for touch in claim.touches}
            seen = observe.outside(dsn, as_owner(dsn), statements[-1], tables)

    assert differences(claim, seen, case, tables_of_indexes(world.snapshot)) == []


def tables_of_indexes(snapshot: Snapshot) -> Indexed:
    """The table of each index, by the index's name."""
    return {
        Name(table.name.schema, index.name): table.name
        for table in snapshot.tables
        for index in table.indexes
    }


def differences(claim: Impact, seen: Seen, case: Case, indexed: Indexed) -> list[str]:
    """Every disagreement in words; what zdm is not sure of must be listed with the case."""
    found = []
    locks = {touch.relation: touch.lock for touch in claim.touches}
    if not claim.unknown and locks != dict(seen.locks):
        found += [
            f"lock on {name}: said {locks.get(name)}, seen {seen.locks.get(name)}"
            for name in sorted({*locks, *seen.locks})
            if locks.get(name) != seen.locks.get(name)
        ]
    unsure = {LOCKS} if claim.unknown else set()
    aspects = {REWRITES: seen.rewritten, BUILDS: seen.built, SCANS: seen.scanned}
    for aspect, names in aspects.items():
        answers = {
            indexed.get(touch.relation, touch.relation): getattr(touch, aspect)
            for touch in claim.touches
            if touch.relation not in indexed or getattr(touch, aspect) is not NO
        }
        if UNKNOWN in answers.values():
            unsure.add(aspect)
        for name in sorted({*answers, *names}):
            if answers.get(name) is UNKNOWN or (claim.unknown and name not in answers):
                continue
            if (answers.get(name) is YES) != (name in names):
                found.append(f"{aspect} {name}: said {answers.get(name)}, seen {name in names}")
    if unsure != case.unsure:
        found.append(
            f"unsure of {sorted(unsure)}, expected {sorted(case.unsure)}: {claim.unknown}"
        )
    return found


OUTSIDE = of_statements(
    "CREATE INDEX CONCURRENTLY i ON users (k)",
    "DROP INDEX CONCURRENTLY users_nick",
    "ALTER TABLE logs DETACH PARTITION logs_1 CONCURRENTLY",
    "REINDEX TABLE CONCURRENTLY free",
    "REINDEX TABLE logs",
    "REINDEX INDEX events_kind",
    "REINDEX SCHEMA other",
    "VACUUM free",
    "VACUUM FULL free",
    "CLUSTER",
    "CREATE DATABASE d",
    "DISCARD ALL",
)


@pytest.mark.parametrize(("world", "case"), on_each_version(OUTSIDE), indirect=["world"])
def test_what_is_said_to_need_no_transaction_cannot_run_in_one(
    world: World, case: Case
) -> None:
    claim, statements = said(case, world.snapshot)

    assert not claim.in_transaction
    with pytest.raises(psycopg.errors.ActiveSqlTransaction):
        observe.in_transaction(world.owner, world.other, statements)


def actions() -> Iterator[Action]:
    """Every Action of the cases."""
    for case in CASES:
        for statement in split.statements(case.sql.encode(), "case.sql"):
            yield from facts.actions(statement)


def test_every_kind_of_action_is_asked() -> None:
    kinds = {action.fact.kind for action in actions() if isinstance(action.fact, Fact)}

    assert set(ActionKind) - kinds == set()


def test_every_sub_command_of_alter_table_is_asked() -> None:
    asked = {action.said.change for action in actions() if isinstance(action.said, AlterTable)}

    assert set(Change) - asked == {
        Change.FINALIZE_DETACH,  # needs a DETACH CONCURRENTLY that was cancelled
        Change.FOREIGN_OPTIONS,  # needs a foreign server
        Change.OTHER,
    }


def test_every_statement_about_whole_relations_is_asked() -> None:
    asked = {action.said.work for action in actions() if isinstance(action.said, WorkOn)}

    assert set(Work) - asked == {
        Work.SECURITY_LABEL,  # needs a label provider
        Work.REINDEX_DATABASE,
    }


def test_a_wrong_claim_is_found() -> None:
    claim = Impact()
    seen = Seen(
        locks={},
        rewritten=frozenset({Name("public", "t")}),
        built=frozenset(),
        scanned=frozenset(),
    )

    assert differences(claim, seen, CASES[0], {}) == ["rewrites t: said None, seen True"]
