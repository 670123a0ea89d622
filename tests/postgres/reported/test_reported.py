"""Inputs on which a plan that was called verified lost rows or failed writes.

Each file is one input: what is there, the migration, and what must come of it. The executing
role owns the database and is no superuser; the application writes as another role, in
sessions whose settings are not the executor's.

Inputs that are tried elsewhere in the suite are named in `tests/faults.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml
from msgspec.structs import replace

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database, lasting
from tests.postgres.run.looking import world
from tests.unit import schemas
from zdm.errors import RefusedError, ZdmError
from zdm.execute import rollback
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.model.schema import Snapshot
from zdm.planning import classify, schedule
from zdm.postgres.replay import replay
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.render.outputs import terminal
from zdm.workflows import plan_revisions, replay_plan

MAJORS = (14, 18)
MORE = pytest.mark.more
FOLDER = Path(__file__).parent
INPUTS = {
    f"{path.parent.name}/{path.stem}": yaml.safe_load(path.read_text())
    for path in sorted(FOLDER.glob("*/*.yaml"))
}
REFUSED = [name for name, given in INPUTS.items() if "refused" in given]
HAZARDS = [name for name, given in INPUTS.items() if "hazard" in given]
STOPPED = [name for name, given in INPUTS.items() if "stops" in given]
PLANNED = [name for name in INPUTS if name not in {*REFUSED, *STOPPED}]
VERIFIED = [name for name in PLANNED if "planned" in INPUTS[name]]
EXECUTED = [
    name for name, given in INPUTS.items() if "stages" in given and "stops" not in given
]
GIVEN = {"before", "admin", "application", "migration", "stages"}
WANTED = {"absent", "exit", "hazard", "planned", "refused", "rolled back", "stops"}
ROLLED_BACK = [name for name, given in INPUTS.items() if "rolled back" in given]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A database, for its owner and for the application."""

    server: Server
    owner: str
    application: str
    given: Mapping[str, Any]

    def plan(self) -> Plan:
        return self.planned(cases.read(self.owner))

    def planned(self, schema: Snapshot) -> Plan:
        train = schemas.train(self.given["migration"])
        plan = schedule.plan(
            classify.classify(train, schema), name="p", train=train, snapshot=schema
        )
        plan_revisions.check_invariants(plan)
        return plan

    def verified(self) -> str:
        """What `zdm plan` prints of it, the last line included."""
        start = cases.read(self.owner)
        plan = self.planned(start)
        found = replay.replay(plan, start, self.server, settle=True)
        seen = {step.id: step for step in found.seen}
        settled = replace(plan, steps=tuple(seen.get(step.id, step) for step in plan.steps))

        assert found.findings == ()

        return f"{terminal.render(settled)}\n{replay_plan.sentence(settled, found)}"

    def reach(self, plan: Plan, stages: Sequence[Mapping[str, Any]]) -> list[object]:
        """Execute to each stage, and write there; what was read."""
        return [found for stage in stages for found in self._reach(plan, stage)]

    def _reach(self, plan: Plan, stage: Mapping[str, Any]) -> Iterator[object]:
        cases.run(self.owner, plan, until=RunState(stage["until"]))
        with opened(self.owner) as conn:
            for sql in stage.get("owner", ()):
                conn.execute(sql.encode())
        with opened(self.application) as conn:
            for name, value in self.given.get("application", {}).items():
                conn.execute("SELECT set_config(%s, %s, false)", (name, value))
            for write in stage["writes"]:
                conn.execute(write["sql"].encode())
                if "read" in write:
                    yield [list(row) for row in conn.execute(write["read"].encode())]


def turn(major: int, name: str) -> Sequence[pytest.MarkDecorator]:
    """To verify a plan takes seconds: CI does it where that was at fault, on one version."""
    if name not in VERIFIED or MAJORS[VERIFIED.index(name) % len(MAJORS)] != major:
        return [MORE, pytest.mark.thorough]
    return [MORE] if major == MAJORS[0] else []


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    with connection.connect(url, name="tests", pinned=False) as conn:
        yield conn


@pytest.fixture(scope="module", params=[pytest.param(14, marks=MORE), 18], ids=["14", "18"])
def reported_server(request: pytest.FixtureRequest) -> Server:
    return lasting(request.param)


@contextmanager
def ground(server: Server, name: str) -> Iterator[Ground]:
    given = INPUTS[name]
    owner, app = (f"{kind}_{uuid4().hex[:10]}" for kind in ("owner", "app"))
    with fresh_database(server) as admin:
        with opened(admin) as conn:
            for role in (owner, app):
                conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'pw'".encode())
            conn.execute(f"GRANT pg_monitor TO {owner}".encode())
            conn.execute(f"ALTER DATABASE {urlsplit(admin).path[1:]} OWNER TO {owner}".encode())
            conn.execute(f"ALTER SCHEMA public OWNER TO {owner}".encode())
            conn.execute(given.get("admin", "").replace("zowner", owner).encode())
        there = urlsplit(admin)
        urls = [
            there._replace(netloc=f"{role}:pw@{there.hostname}:{there.port}").geturl()
            for role in (owner, app)
        ]
        with opened(urls[0]) as conn:
            conn.execute(given["before"].replace("zapp", app).encode())
        yield Ground(server=server, owner=urls[0], application=urls[1], given=given)


@pytest.mark.parametrize(
    ("reported_server", "name"),
    [
        pytest.param(major, name, id=f"{major}-{name}", marks=turn(major, name))
        for major in MAJORS
        for name in PLANNED
    ],
    indirect=["reported_server"],
)
def test_what_is_not_refused_is_planned_and_verified(
    reported_server: Server, name: str
) -> None:
    with ground(reported_server, name) as at:
        said = at.verified()

    assert [text for text in at.given.get("planned", ()) if text not in said] == [], said


def test_all_that_an_input_says_is_looked_at() -> None:
    assert [name for name, given in INPUTS.items() if given.keys() - GIVEN - WANTED] == []
    for name in EXECUTED:
        for stage in INPUTS[name]["stages"]:
            assert stage.keys() <= {"until", "owner", "writes"}, name
            assert all(w.keys() in ({"sql"}, {"sql", "read", "gives"}) for w in stage["writes"])


@pytest.mark.parametrize("name", EXECUTED)
def test_what_is_written_during_the_plan_is_there(reported_server: Server, name: str) -> None:
    with ground(reported_server, name) as at:
        found = at.reach(at.plan(), at.given["stages"])

    wanted = (write.get("gives") for s in at.given["stages"] for write in s["writes"])
    assert found == [one for one in wanted if one is not None]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_safe_is_refused(reported_server: Server, name: str) -> None:
    with ground(reported_server, name) as at, pytest.raises(RefusedError) as refused:
        at.plan()

    said = str(refused.value)
    assert at.given["refused"] in said
    assert "absent" not in at.given or at.given["absent"] not in said


@pytest.mark.parametrize("name", HAZARDS)
def test_what_an_application_must_know_is_in_the_plan(
    reported_server: Server, name: str
) -> None:
    with ground(reported_server, name) as at:
        plan = at.plan()

    said = [finding.message for finding in plan.hazards]
    assert any(at.given["hazard"] in message for message in said), said


@pytest.mark.parametrize("name", ROLLED_BACK)
def test_what_a_rollback_does_not_bring_back_is_said(
    reported_server: Server, name: str
) -> None:
    watching = Watching()
    with ground(reported_server, name) as at:
        plan = at.plan()
        cases.run(at.owner, plan, until=RunState.BACKFILLED)
        with world(at.owner, watching) as there:
            rollback.revert(plan, there, cases.options())

    said = [repr(event) for event in watching.events]
    wanted = at.given["rolled back"]
    assert [text for text in wanted if not any(text in one for one in said)] == [], said


@pytest.mark.parametrize("name", STOPPED)
def test_what_is_found_while_it_runs_stops_it_before_the_point_of_no_return(
    reported_server: Server, name: str
) -> None:
    with ground(reported_server, name) as at:
        plan = at.plan()
        at.reach(plan, at.given.get("stages", ()))
        with pytest.raises(ZdmError) as stopped:
            cases.run(at.owner, plan)

    assert at.given["stops"] in str(stopped.value)
    assert stopped.value.exit_code == at.given["exit"]
