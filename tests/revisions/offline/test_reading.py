"""A revision as SQL without a server: plain `op` calls as Alembic writes them, and nothing else
is run or taken for safe."""

from pathlib import Path

import pytest

from zdm.parse import libpg_query
from zdm.revisions.offline import history, reading
from zdm.revisions.offline.reading import Read

HEAD = """from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = "1"
down_revision = None
"""


def read(body: str, module: str = "") -> Read:
    inside = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"{HEAD}{module}\ndef upgrade() -> None:\n{inside}"
    return reading.read(history.read(Path("versions/1.py"), text))


def statements(body: str, module: str = "") -> list[str]:
    """Those between BEGIN and COMMIT, on one line each."""
    data = read(body, module).sql.encode()
    found = [data[p.start : p.start + p.length].decode() for p in libpg_query.statements(data)]
    lines = [" ".join(text.split()) for text in found][1:-1]
    return [UNREAD if line.startswith("DO $zdm$ ") else line for line in lines]


UNREAD = "not read"
PLAIN = [
    ("op.add_column('t', sa.Column('n', sa.Integer()))", "ALTER TABLE t ADD COLUMN n INTEGER"),
    ("op.drop_column('t', 'n', schema='s')", "ALTER TABLE s.t DROP COLUMN n"),
    ("op.create_index(op.f('t_n'), 't', ['n'])", "CREATE INDEX t_n ON t (n)"),
    ("op.execute('SELECT ' '1')", "SELECT 1"),
    ("op.execute(sa.text('SELECT 1'))", "SELECT 1"),
    (
        "op.alter_column('t', 'n', server_default=sa.text('now()'))",
        "ALTER TABLE t ALTER COLUMN n SET DEFAULT now()",
    ),
    (
        "op.add_column('t', sa.Column('d', postgresql.JSONB(), server_default='{}'))",
        "ALTER TABLE t ADD COLUMN d JSONB DEFAULT '{}'",
    ),
    (
        "op.create_foreign_key('k', 't', 'u', ['a'], ['b'], postgresql_not_valid=True)",
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY(a) REFERENCES u (b) NOT VALID",
    ),
    ("table = 't'\nop.drop_table(table)", "DROP TABLE t"),
    ("op.execute(f'DROP TABLE {TABLE}')", "DROP TABLE users"),
    ("op.execute('DROP TABLE ' + TABLE)", "DROP TABLE users"),
    (
        "op.bulk_insert(sa.table('t', sa.column('n', sa.Integer)), [{'n': -1}])",
        "INSERT INTO t (n) VALUES (-1)",
    ),
]


@pytest.mark.parametrize(("body", "sql"), PLAIN)
def test_a_plain_call_is_the_sql_that_alembic_writes(body: str, sql: str) -> None:
    assert statements(body, "TABLE = 'users'") == [sql]


UNKNOWN = [
    "op.get_bind().execute(sa.text('DROP TABLE t'))",
    "if True:\n    op.drop_table('t')",
    "for n in range(3):\n    op.drop_table('t')",
    "while True:\n    op.drop_table('t')",
    "op.drop_table(name())",
    "op.drop_table(missing)",
    "op.drop_table(*['t'])",
    "op.drop_table(**{'table_name': 't'})",
    "op.execute(open('drop.sql').read())",
    "op.execute('DROP TABLE {}'.format('t'))",
    "op.execute('DROP TABLE t' if TABLE else '')",
    "helper()",
    "x = helper()",
    "x = op.get_bind().execute(sa.text('DROP TABLE t'))",
    "op.run_async(helper)",
    "sa.create_engine('postgresql://').connect()",
    "op.add_column('t')",
    "op.nothing_of_this_name('t')",
    "import os",
    "raise RuntimeError",
    "with open('x') as f:\n    op.drop_table('t')",
]


@pytest.mark.parametrize("body", UNKNOWN)
def test_what_is_not_plain_is_not_run_and_never_safe(body: str) -> None:
    module = "TABLE = 'users'\ndef helper(): raise SystemExit\ndef name(): return 't'"
    found = read(body, module)

    assert statements(body, module) == [UNREAD]
    assert all(found.unread.values())


STALE = [
    ("t = 'a'\nt += 'b'\nop.drop_table(t)", 2),
    ("t = ['a']\nt.append('b')\nop.drop_table(t)", 2),
    ("t = 'a'\nif True:\n    t = 'b'\nop.drop_table(t)", 2),
    ("sa = 'x'\nop.add_column('t', sa.Column('n', sa.Integer()))", 1),
]


@pytest.mark.parametrize(("body", "unread"), STALE)
def test_a_name_that_may_have_another_value_is_not_known(body: str, unread: int) -> None:
    assert statements(body) == [UNREAD] * unread


def test_a_function_of_the_revision_hides_an_import() -> None:
    assert statements("sa('x')", "def sa(text): ...") == [UNREAD]


ON_POSTGRESQL = [
    "if op.get_bind().dialect.name == 'postgresql':\n    op.drop_column('t', 'n')",
    "if op.get_context().dialect.name != 'sqlite':\n    op.drop_column('t', 'n')",
    "bind = op.get_bind()\n"
    "if bind.dialect.name == 'sqlite':\n    pass\nelse:\n    op.drop_column('t', 'n')",
]


@pytest.mark.parametrize("body", ON_POSTGRESQL)
def test_a_condition_on_the_dialect_is_postgresqls(body: str) -> None:
    assert statements(body) == ["ALTER TABLE t DROP COLUMN n"]


@pytest.mark.parametrize(
    "test",
    [
        "op.get_bind().dialect.name in NAMES",
        "op.get_bind().dialect.driver == 'psycopg2'",
        "other.dialect.name == 'postgresql'",
        "op.get_bind().dialect.name == 'postgresql' and FLAG",
    ],
)
def test_another_condition_is_not_known(test: str) -> None:
    assert statements(f"if {test}:\n    op.drop_column('t', 'n')") == [UNREAD]


def test_a_connection_alone_changes_nothing() -> None:
    assert statements("connection = op.get_bind()\nop.drop_table('t')") == ["DROP TABLE t"]


def test_a_loop_over_written_values_is_unrolled() -> None:
    body = "for name in ('a', 'b'):\n    op.drop_table(name)"

    assert statements(body) == ["DROP TABLE a", "DROP TABLE b"]


ENUMS = [
    "kind = sa.Enum('a', 'b', name='kind')\nkind.create(op.get_bind(), checkfirst=True)",
    "sa.Enum('a', 'b', name='kind').create(op.get_bind())",
    "bind = op.get_bind()\nsa.Enum('a', 'b', name='kind').create(bind, checkfirst=False)",
    "postgresql.ENUM('a', 'b', name='kind').create(op.get_bind())",
]


@pytest.mark.parametrize("body", ENUMS)
def test_an_enum_that_is_created_by_the_connection_is_read(body: str) -> None:
    module = "from sqlalchemy.dialects import postgresql"

    assert statements(body, module) == ["CREATE TYPE kind AS ENUM ('a', 'b')"]


def test_an_enum_that_is_dropped_by_the_connection_is_read() -> None:
    assert statements("sa.Enum(name='kind').drop(op.get_bind())") == ["DROP TYPE kind"]


NO_ENUMS = [
    "sa.Table('t', sa.MetaData()).create(op.get_bind())",
    "sa.Enum('a', 'b').create(op.get_bind())",
    "sa.Enum('a', name='kind').create(other())",
    "sa.Enum('a', name='kind').create(helper)",
    "sa.Enum('a', name='kind', native_enum=False).create(op.get_bind())",
    "missing.create(op.get_bind())",
]


@pytest.mark.parametrize("body", NO_ENUMS)
def test_what_else_is_created_by_a_connection_is_not_known(body: str) -> None:
    assert statements(body) == [UNREAD]


LOOPS = [
    ("TABLES = ['a', 'b']", "for name in TABLES:\n    op.drop_table(name)"),
    ("TABLES = ('a', 'b')", "for name in TABLES:\n    op.drop_table(name)"),
    ("", "tables = ['a', 'b']\nfor name in tables:\n    op.drop_table(name)"),
    (
        "TABLES = [('a', 1), ('b', 2)]",
        "for name, number in TABLES:\n    op.execute(f'DROP TABLE {name}')",
    ),
]


@pytest.mark.parametrize(("module", "body"), LOOPS)
def test_a_loop_over_a_named_list_is_unrolled(module: str, body: str) -> None:
    assert statements(body, module) == ["DROP TABLE a", "DROP TABLE b"]


NO_LOOPS = [
    ("TABLES = load()", "for name in TABLES:\n    op.drop_table(name)"),
    ("TABLES = 'ab'", "for name in TABLES:\n    op.drop_table(name)"),
    ("TABLES = ['a', 'b']", "for name in TABLES:\n    op.drop_table(name)\n    break"),
    ("TABLES = ['a', 'b']", "for name in TABLES:\n    continue\n    op.drop_table(name)"),
    ("TABLES = ['a']", "for name, number in TABLES:\n    op.drop_table(name)"),
    ("TABLES = ['a']\nTABLES += more()", "for name in TABLES:\n    op.drop_table(name)"),
]


@pytest.mark.parametrize(("module", "body"), NO_LOOPS)
def test_a_loop_over_other_values_is_not_run(module: str, body: str) -> None:
    assert UNREAD in statements(body, module)
    assert not any(line.startswith("DROP") for line in statements(body, module))


CONTEXTS = [
    "ctx = op.get_context()\nwith ctx.autocommit_block():\n",
    "with op.get_context().autocommit_block():\n",
    "with alembic.op.get_context().autocommit_block():\n",
]


@pytest.mark.parametrize("opened", CONTEXTS)
def test_an_autocommit_block_may_be_opened_by_a_name(opened: str) -> None:
    body = f"{opened}    op.execute('VACUUM t')"

    assert statements(body, "import alembic") == ["COMMIT", "VACUUM t", "BEGIN"]


@pytest.mark.parametrize(
    "body", ["ctx = other()\n", "ctx = op.get_context()\nctx = other()\n", ""]
)
def test_another_context_is_not_known(body: str) -> None:
    found = statements(f"{body}with ctx.autocommit_block():\n    op.execute('VACUUM t')")

    assert "VACUUM t" not in found
    assert UNREAD in found


def test_an_autocommit_block_is_outside_of_the_transaction() -> None:
    body = (
        "op.drop_table('a')\n"
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('i', 't', ['n'], postgresql_concurrently=True)\n"
        "op.drop_table('b')"
    )

    assert statements(body) == [
        "DROP TABLE a",
        "COMMIT",
        "CREATE INDEX CONCURRENTLY i ON t (n)",
        "BEGIN",
        "DROP TABLE b",
    ]


BUILDS = "CREATE INDEX CONCURRENTLY i ON t (n); CREATE INDEX CONCURRENTLY j ON t (m)"
# The server runs the statements of one text in one transaction, unless the text ends it.
IN_A_BLOCK = [
    (f"op.execute('{BUILDS}')", ["BEGIN", *BUILDS.split("; "), "COMMIT"]),
    (
        "op.execute('VACUUM t')\n    op.execute('VACUUM u')",
        ["VACUUM t", "VACUUM u"],
    ),
    (
        "op.create_table('u', sa.Column('n', sa.Integer(), index=True))",
        ["CREATE TABLE u ( n INTEGER )", "CREATE INDEX ix_u_n ON u (n)"],
    ),
    (
        "op.execute('BEGIN; DROP TABLE a; COMMIT')",
        ["BEGIN", "DROP TABLE a", "COMMIT"],
    ),
]


@pytest.mark.parametrize(("inside", "wanted"), IN_A_BLOCK)
def test_a_text_of_several_statements_is_one_transaction(
    inside: str, wanted: list[str]
) -> None:
    body = f"with op.get_context().autocommit_block():\n    {inside}"

    assert statements(body) == ["COMMIT", *wanted, "BEGIN"]


def test_a_batch_is_what_alembic_sends_for_it() -> None:
    body = (
        "with op.batch_alter_table('t') as batch:\n"
        "    batch.drop_column('a')\n"
        "    batch.drop_column('b')"
    )

    assert statements(body) == ["ALTER TABLE t DROP COLUMN a", "ALTER TABLE t DROP COLUMN b"]


def test_a_batch_that_is_not_plain_is_unread_as_a_whole() -> None:
    body = (
        "with op.batch_alter_table('t') as batch:\n"
        "    batch.drop_column('a')\n"
        "    batch.drop_column(helper())"
    )

    assert statements(body) == [UNREAD]


def test_each_statement_is_on_the_line_of_its_call() -> None:
    body = (
        "op.create_table(\n    't',\n    sa.Column('n', sa.Text(), server_default='x'),\n)\n"
        "# zdm: ignore drop-column -- gone\n"
        "op.drop_column('t', 'n')"
    )
    lines = read(body).sql.splitlines()

    assert lines[7].startswith("CREATE TABLE t")
    assert lines[11] == "-- zdm: ignore drop-column -- gone"
    assert lines[12].startswith("ALTER TABLE t DROP COLUMN n")


def whole(text: str) -> Read:
    return reading.read(history.read(Path("versions/1.py"), f"{HEAD}{text}"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "upgrade = helper",
        "from helpers import upgrade",
        "if True:\n    def upgrade():\n        pass",
        "@helper\ndef upgrade():\n    pass",
        "async def upgrade():\n    pass",
        "def upgrade():\n    pass\nupgrade = helper",
        "def upgrade(x=op.drop_table('t')):\n    pass",
        "op.execute('DROP TABLE t')\ndef upgrade():\n    pass",
        "x = op.drop_table('t')\ndef upgrade():\n    pass",
        "def upgrade():\n    pass\nhelper()",
        "for n in range(3):\n    helper(n)\ndef upgrade():\n    pass",
        "class A:\n    op.drop_table('t')\ndef upgrade():\n    pass",
        "globals()['upgrade'] = helper\ndef upgrade():\n    pass",
        "from alembic import op as o\nx = o.drop_table('t')\ndef upgrade():\n    pass",
    ],
)
def test_what_runs_outside_of_a_plain_upgrade_is_not_known(text: str) -> None:
    assert len(whole(text).unread) == 1


@pytest.mark.parametrize(
    "text",
    [
        "import logging, sys\nsys.path.append('x')\nlogging.getLogger().info('x')",
        "table = sa.table('t', sa.column('n'))",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x",
        "def helper():\n    op.drop_table('t')",
        "drop = lambda: op.drop_table('t')",
        "'A text.'",
    ],
)
def test_what_changes_no_database_may_be_in_a_revision(text: str) -> None:
    assert whole(f"{text}\ndef upgrade():\n    pass").unread == {}


def test_of_two_definitions_the_last_counts() -> None:
    first = "def upgrade():\n    op.drop_table('a')\n"
    sql = whole(f"{first}def upgrade():\n    op.drop_table(T)\nT = 'b'").sql

    assert "DROP TABLE b" in sql
    assert "DROP TABLE a" not in sql


def test_a_comment_at_the_end_of_a_text_does_not_hide_what_follows() -> None:
    body = "op.execute('SELECT 1 -- x')\nop.drop_table('t')"

    assert statements(body) == ["SELECT 1 -- x", "DROP TABLE t"]
