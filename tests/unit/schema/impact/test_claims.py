"""What zdm says of every statement that servers are asked about, on a schema on file.

`tests/postgres/impact` holds it against PostgreSQL; this page shows it whole, without a server.
"""

from pathlib import Path

from tests.golden import Golden
from tests.postgres.impact.statements import CASES, Case
from zdm.model.impact import Impact, Touch
from zdm.model.schema import Snapshot
from zdm.parse import facts, split
from zdm.schema.impact import of
from zdm.serialize import snapshot_file

FOLDER = Path(__file__).parent
SCHEMA = FOLDER / "schema.json"  # of tests/postgres/impact, written by --bless there


def claim(case: Case, snapshot: Snapshot) -> Impact:
    statements = split.statements(case.sql.encode(), "case.sql")
    actions = facts.actions(statements[-1], snapshot.search_path)
    return of.statement(actions, snapshot)


def line(touch: Touch) -> str:
    parts = {"rewrites": touch.rewrites, "builds": touch.builds, "scans": touch.scans}
    more = [f"{word} {answer}" for word, answer in parts.items() if answer.possible]
    return "  " + ", ".join([f"{touch.lock} on {touch.relation}", *more])


def text(impact: Impact) -> list[str]:
    unknown = [f"  unknown: {impact.unknown}"] if impact.unknown else []
    outside = [] if impact.in_transaction else ["  outside a transaction"]
    return [*map(line, impact.touches), *outside, *unknown] or ["  nothing"]


def test_every_statement_has_its_claim(golden: Golden) -> None:
    snapshot = snapshot_file.loads(SCHEMA.read_text(), SCHEMA.name)
    found = [
        "\n".join([case.sql, *text(claim(case, snapshot))])
        for case in CASES
        if case.since <= snapshot.major <= case.until
    ]

    golden.check(FOLDER / "claims.txt", "\n".join(found) + "\n")
