import os
import sys
from pathlib import Path

from tests.docs import session
from tests.golden import Golden
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial.md"
MAJOR = 18
KEPT = ("ZDM_CACHE_DIR", "ZDM_SCRATCH_DIR")
SHOP = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
INSERT INTO users SELECT g, 'user' || g || '@example.com' FROM generate_series(1, 20000) AS g;
ANALYZE users;
"""


def test_the_tutorial_says_what_happens(
    server: Server, database: str, tmp_path: Path, golden: Golden
) -> None:
    assert server.major == MAJOR, "the tutorial is written with the newest version"
    with connection.connect(database, name="tests") as own:
        own.execute(SHOP.encode())
    programs = str(Path(sys.executable).parent)
    environment = {
        **{k: v for k, v in os.environ.items() if k in KEPT or not k.startswith("ZDM_")},
        "ZDM_DATABASE_URL": database,
        "ZDM_LOG_FORMAT": "human",  # as on a terminal
        "COLUMNS": "100",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    text = TUTORIAL.read_text(encoding="utf-8")

    golden.check(TUTORIAL, session.run(text, tmp_path, environment))
