"""What tests of the batch engine share: a table t, a backfill of it, and a job."""

from msgspec.structs import replace

from tests.fakes.clock import SkippingClock
from tests.unit import plans
from zdm.backfill.pacing import Pacing
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillSettings
from zdm.execute.events import BackfillEvent
from zdm.execute.ports import PlanText
from zdm.model.plan import BOTH, Assignment, Backfill, Irreversible, Phase
from zdm.model.schema import Name
from zdm.postgres.backfill import engine
from zdm.postgres.backfill.engine import FillRequest
from zdm.postgres.journal import runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

ROWS = 2500  # more than two batches


def begun(own: Connection) -> Fence:
    runs.make(own)
    run = runs.begin(own, PlanText(plan=plans.plan(), text="p", digest="d"), "tests")
    return Fence(run=run.id, epoch=run.epoch)


def step(key: tuple[str, ...], expression: str = "upper(old)") -> Backfill:
    return Backfill(
        id="backfill-1",
        operation="test",
        phase=Phase.BACKFILL,
        title="fill",
        table=Name("public", "t"),
        key=key,
        assignments=(Assignment(column="new", expression=expression),),
        differs=f"new IS DISTINCT FROM {expression}",
        undo=Irreversible(reason="values"),
        serves=BOTH,
        reason="because",
        origin=(),
    )


def fill_request(
    own: Connection,
    fence: Fence,
    wanted: Backfill,
    pacing: Pacing = Pacing.PACED,
    settings: BackfillSettings | None = None,
) -> FillRequest:
    """A backfill on the connection's database."""
    url = f"{own.info.dsn} password={own.info.password}"
    return FillRequest(
        connect=lambda name: connection.connect(url, name=f"execute/tests/{name}"),
        step=wanted,
        fence=fence,
        clock=SkippingClock(),
        pacing=pacing,
        settings=settings or BackfillSettings(),
    )


def fill(
    own: Connection,
    fence: Fence,
    wanted: Backfill,
    pacing: Pacing = Pacing.PACED,
    tuning: Tuning | None = None,
) -> list[BackfillEvent]:
    wanted_job = fill_request(own, fence, wanted, pacing)
    return list(engine.run(replace(wanted_job, tuning=tuning or Tuning())))


def count(own: Connection, condition: str) -> int:
    row = own.execute(f"SELECT count(*) FROM t WHERE {condition}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def table(
    own: Connection,
    columns: str,
    values: str | None,
    details: str = "",
    rows_of_it: int = ROWS,
) -> None:
    own.execute(f"CREATE TABLE t ({columns}, old text, new text) {details}".encode())
    if not details:
        rows(own, values, rows_of_it)


def rows(own: Connection, values: str | None, rows_of_it: int = ROWS) -> None:
    names = "(old)" if values is None else ""
    given = "" if values is None else f"{values}, "
    own.execute(
        f"INSERT INTO t {names} SELECT {given}'row ' || g"
        f" FROM generate_series(1, {rows_of_it}) AS g".encode()
    )
    own.execute("ANALYZE t")
