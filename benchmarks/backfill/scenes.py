"""What is migrated: a table, narrow or wide, and two migrations of it.

For each there are three databases to copy from: `before`, `expanded` (zdm's own expand is
done: the new column and its dual-write trigger exist), and `pgroll` (the same in pgroll's
way).
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backfill import pgroll_way, server
from zdm.postgres.server.provider import Server

HANGS_SECONDS, SLOWEST = 900, 1_000  # and rows per second; slower: it waits indefinitely
ZDM = (sys.executable, "-m", "zdm")
SETTINGS = """[rollout]
polls = 1
poll_interval = "20ms"
sessions = "warn"
revert_window = "0s"
"""
TABLE = """
CREATE TABLE bench (
    id bigint PRIMARY KEY, quantity integer NOT NULL, price numeric(10, 2) NOT NULL,
    note text, created timestamptz NOT NULL DEFAULT now(){payload}
)
"""
ROWS = """
INSERT INTO bench SELECT n, n % 1000, n % 500 / 7.0,
  CASE WHEN n % 10 > 0 THEN 'note ' || n % 100 END, now(){payload}
FROM generate_series(1, {rows}) AS n
"""
MIGRATIONS = {
    "change_type": """\
ALTER TABLE bench ADD COLUMN amount bigint;
UPDATE bench SET amount = quantity;
ALTER TABLE bench DROP COLUMN quantity;
""",
    "set_not_null": """\
UPDATE bench SET note = 'none' WHERE note IS NULL;
ALTER TABLE bench ALTER COLUMN note SET NOT NULL;
""",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One migration of one table, ready to be copied."""

    server: Server
    folder: Path  # with zdm.toml, migration and plan
    migration: str
    width: str
    rows: int

    @property
    def name(self) -> str:
        """As databases are named."""
        return f"{self.migration}_{self.width}_{self.rows}"

    @property
    def plan(self) -> Path:
        """The plan file."""
        return self.folder / f"{self.migration}.yaml"

    def template(self, state: str) -> str:
        """The database to copy from: `before`, `expanded` or `pgroll`."""
        return f"{self.name}_{state}"

    def zdm(
        self, *arguments: str, before: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run zdm in the folder; what it says is raised where it fails."""
        done = subprocess.run(
            [*before, *ZDM, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=HANGS_SECONDS + self.rows / SLOWEST,
        )
        if done.returncode != 0:
            raise RuntimeError(f"zdm {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done


def prepare(found: Server, folder: Path, migration: str, width: str, rows: int) -> Scene:
    """Make the scene's databases and its plan."""
    folder = folder / f"{migration}_{width}_{rows}"
    folder.mkdir(parents=True)
    scene = Scene(found, folder, migration, width, rows)
    (folder / "zdm.toml").write_text(SETTINGS)
    (folder / f"{migration}.sql").write_text(MIGRATIONS[migration])
    before = server.create(found, scene.template("before"))
    with server.connect(before) as conn:
        wide = width == "wide"
        conn.execute(TABLE.format(payload=", payload text NOT NULL" if wide else "").encode())
        # 480 characters that hardly compress, below what is moved out of line
        text = ", (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 15) AS i)"
        conn.execute(ROWS.format(payload=text if wide else "", rows=rows).encode())
        conn.execute("VACUUM (FREEZE, ANALYZE) bench")
    scene.zdm(
        "plan", "--no-verify", f"{migration}.sql", "-o", scene.plan.name, "--database", before
    )
    expanded = server.create(found, scene.template("expanded"), scene.template("before"))
    scene.zdm("execute", scene.plan.name, "--until", "expanded", "--database", expanded)
    theirs = server.create(found, scene.template("pgroll"), scene.template("before"))
    with server.connect(theirs) as conn:
        for statement in pgroll_way.EXPAND[migration]:
            conn.execute(statement.encode())
    return scene
