"""The page on explanations says what zdm prints."""

import os
import re
import sys
from pathlib import Path

from tests.docs import session
from tests.golden import Golden
from zdm.model.explained.choice import Trait
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

PAGE = Path(__file__).parents[2] / "docs/concepts/explain.md"
KEPT = ("ZDM_CACHE_DIR", "ZDM_SCRATCH_DIR")


def test_every_cost_has_its_row() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| cost | meaning |")[2]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Trait)


def test_the_page_says_what_happens(
    server: Server, database: str, tmp_path: Path, golden: Golden
) -> None:
    assert server.major == 18, "the page is written with the newest version"
    text = PAGE.read_text(encoding="utf-8")
    (schema,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    with connection.connect(database, name="tests") as own:
        own.execute(schema.encode())
    programs = str(Path(sys.executable).parent)
    environment = {
        **{k: v for k, v in os.environ.items() if k in KEPT or not k.startswith("ZDM_")},
        "ZDM_DATABASE_URL": database,
        "COLUMNS": "80",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }

    golden.check(PAGE, session.run(text, tmp_path, environment))
