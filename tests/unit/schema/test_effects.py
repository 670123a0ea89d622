"""What every statement that servers are asked about leaves in a schema on file.

`tests/postgres/schema` compares what `apply` says with PostgreSQL; this page shows it without a
server, for the statements and the schema of `tests/unit/schema/impact`.
"""

from functools import reduce
from pathlib import Path

from tests.golden import Golden
from tests.postgres.impact.statements import CASES, Case
from zdm.model.schema import Snapshot
from zdm.parse import facts, split
from zdm.schema import apply
from zdm.serialize import snapshot_file

FOLDER = Path(__file__).parent
SCHEMA = FOLDER / "impact" / "schema.json"


def left(case: Case, snapshot: Snapshot) -> list[str]:
    """Each difference of the schema after the statement."""
    statements = split.statements(case.sql.encode(), "case.sql")
    actions = facts.actions(statements[-1], snapshot.search_path)
    after = reduce(apply.apply, actions, snapshot)
    differences = snapshot_file.difference(snapshot, after)
    return [f"  {difference}" for difference in differences] or ["  nothing"]


def test_every_statement_leaves_what_the_page_says(golden: Golden) -> None:
    snapshot = snapshot_file.loads(SCHEMA.read_text(), SCHEMA.name)
    found = [
        "\n".join([case.sql, *left(case, snapshot)])
        for case in CASES
        if case.since <= snapshot.major <= case.until
    ]

    golden.check(FOLDER / "effects.txt", "\n".join(found) + "\n")
