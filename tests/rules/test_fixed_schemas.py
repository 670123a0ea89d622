"""Every fix on a server: the fixed file runs, and leaves the schema that the file left."""

from pathlib import Path

import pytest

from tests.rules import checking, test_fixes
from zdm.config.settings import Settings
from zdm.postgres.server.provider import Server
from zdm.rules import ALL, fixes
from zdm.rules.fixes import Fixed
from zdm.rules.report import InputFile
from zdm.workflows.check.same_schema import SameSchema

# PostgreSQL refuses the statement before and after; it is split all the same.
NEVER_RAN = {"concurrently_multi_or_cascade"}
TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int);\n"
LIMIT = "SET lock_timeout = '2s';\n"


def fixed(server: Server, before: str, sql: str) -> Fixed:
    settings = Settings(root=Path("/"), plans=Path("/plans"))
    same = SameSchema(
        server=server, start=checking.EMPTY, terms=checking.terms(), settings=settings
    )
    files = (
        InputFile(path="before.sql", data=before.encode(), judged=False),
        InputFile(path="migration.sql", data=sql.encode()),
    )
    return fixes.applied(files, checking.EMPTY, checking.terms(), ALL, same.compare)


@pytest.mark.parametrize(
    "path", test_fixes.fixable(), ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_a_fixed_case_leaves_the_same_schema(server: Server, path: Path) -> None:
    sql = path.read_text()
    done = fixed(server, (path.parent / "before.sql").read_text(), sql)

    assert (done.files[1].data.decode() != sql) is (path.parent.name not in NEVER_RAN)
    assert bool(done.left) is (path.parent.name in NEVER_RAN)


@pytest.mark.parametrize(
    ("before", "sql", "why"),
    [
        (
            TABLE,
            f"BEGIN;\n{LIMIT}CREATE UNIQUE INDEX t_n ON t (n);\n"
            "ALTER TABLE t ADD UNIQUE USING INDEX t_n;\nCOMMIT;\n",
            'what it would become fails on a throwaway server (index "t_n" does not exist)',
        ),
        (
            TABLE,
            f"{LIMIT}ALTER TABLE missing ADD CHECK (n > 0);\n",
            'the file itself fails on a throwaway server (relation "missing" does not exist)',
        ),
        (
            "ALTER TABLE missing ADD n int;\n" + TABLE,
            "CREATE INDEX t_n ON t (n);\n",
            'the files before it fail on a throwaway server (relation "missing" does not exist)'
            ": give --snapshot",
        ),
    ],
)
def test_what_cannot_be_compared_is_not_fixed(
    server: Server, before: str, sql: str, why: str
) -> None:
    done = fixed(server, before, sql)

    assert done.files[1].data.decode() == sql
    assert {left.why for left in done.left} == {why}


def test_a_fix_that_leaves_another_schema_is_not_kept(server: Server) -> None:
    """The name that zdm expects for the constraint is taken by what it does not know."""
    before = TABLE + "CREATE FUNCTION noted() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    sql = "DO $$ BEGIN ALTER TABLE t ADD CONSTRAINT t_n_check CHECK (n > 1); END $$;\n" + (
        f"{LIMIT}ALTER TABLE t ADD CHECK (n > 0);\n"
    )
    done = fixed(server, before, sql)

    assert done.files[1].data.decode() == sql
    assert [left.finding.rule for left in done.left] == ["check-constraint-without-not-valid"]
