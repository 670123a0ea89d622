"""Users' env.py: the guard refuses Alembic in the middle of a run, the filters hide the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import pool

from tests.revisions.projects import Databases, sample
from zdm.model.plan import Plan, RunSql
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning.classify import classify
from zdm.planning.schedule import plan
from zdm.revisions.env import guard
from zdm.serialize import plan_file

ENV = """
from alembic import context
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, pool
from zdm.revisions.env import guard, include_name, include_object

metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True), Column("new_email", Text))
Table("orders", metadata, Column("id", Integer, primary_key=True))
url = context.config.get_main_option("sqlalchemy.url")
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, include_schemas=True,
        include_name=include_name, include_object=include_object,
    )
    guard(context)
    with context.begin_transaction():
        context.run_migrations()
"""
RENAME = b"""
ALTER TABLE users ADD new_email text;
UPDATE users SET new_email = email;
ALTER TABLE users DROP email;
"""


class Shop:
    """A database in the middle of a run that renames users.email: expand is done."""

    def __init__(self, folder: Path, databases: Databases) -> None:
        self.databases = databases
        self.dsn = databases.create("shop")
        made = sample(folder, url=self.dsn.replace("://", "+psycopg://"), env=ENV)
        made.revise(
            "a1",
            'op.execute("CREATE TABLE users (id serial PRIMARY KEY, email text);'
            ' CREATE TABLE orders (id serial PRIMARY KEY)")',
            more="def downgrade():\n    pass\n",
        )
        made.revise("a2", 'op.execute("ALTER TABLE users ADD new_email text")', down="a1")
        self.config = Config(str(made.folder / "alembic.ini"))
        command.upgrade(self.config, "a1")
        self.plan = self._plan()

    def _plan(self) -> Plan:
        train = Train(statements=split.statements(RENAME, "rename.sql"), files=())
        snapshot = self.databases.snapshot(self.dsn)
        return plan(
            classify(train, snapshot),
            name="rename",
            train=train,
            snapshot=snapshot,
            stamp_when="backfilled",
        )

    def expand(self, state: str = "expanded") -> None:
        """Do the first step, and write the journal as the runner does."""
        step = next(step for step in self.plan.steps if isinstance(step, RunSql))
        journal = resources.files("zdm.postgres").joinpath("queries/journal.sql").read_text()
        self.databases.run(self.dsn, ";".join(step.sql))
        self.databases.run(self.dsn, journal)
        text = plan_file.dumps(self.plan).replace("'", "''")
        self.databases.run(
            self.dsn,
            "INSERT INTO zdm.run (plan_name, plan_digest, plan, state, owner, finished_at)"
            f" VALUES ('rename', '', '{text}', '{state}', 'tests',"
            f" CASE WHEN '{state}' = 'reverted' THEN now() END)",
        )


@pytest.fixture
def shop(tmp_path: Path, databases: Databases) -> Shop:
    return Shop(tmp_path, databases)


@pytest.mark.parametrize("what", ["upgrade", "downgrade", "stamp"])
def test_alembic_is_refused_between_expand_and_stamp(what: str, shop: Shop) -> None:
    shop.expand()
    before = shop.databases.snapshot(shop.dsn)

    with pytest.raises(CommandError, match="the run of plan rename is unfinished"):
        getattr(command, what)(shop.config, "base" if what == "downgrade" else "head")

    assert shop.databases.snapshot(shop.dsn) == before


def test_alembic_goes_on_when_the_run_is_finished(shop: Shop) -> None:
    shop.expand("reverted")

    shop.databases.run(shop.dsn, "DROP TRIGGER zzz_zdm_sync_new_email ON users")
    shop.databases.run(shop.dsn, "ALTER TABLE users DROP new_email")
    command.upgrade(shop.config, "head")

    assert shop.databases.snapshot(shop.dsn).heads == ("a2",)


def test_an_upgrade_with_nothing_to_do_is_not_refused(shop: Shop) -> None:
    shop.expand()

    command.upgrade(shop.config, "a1")
    command.current(shop.config)


def test_a_database_without_zdm_is_not_guarded(shop: Shop) -> None:
    command.upgrade(shop.config, "head")

    assert shop.databases.snapshot(shop.dsn).heads == ("a2",)


def test_alembic_check_proposes_nothing_while_the_run_is_unfinished(shop: Shop) -> None:
    shop.expand()
    shop.databases.run(shop.dsn, "UPDATE alembic_version SET version_num = 'a2'")

    command.check(shop.config)


def test_alembic_check_still_sees_other_tables(shop: Shop) -> None:
    shop.expand()
    shop.databases.run(shop.dsn, "UPDATE alembic_version SET version_num = 'a2'")
    shop.databases.run(shop.dsn, "ALTER TABLE orders ADD more int")

    with pytest.raises(CommandError, match=r"remove_column.*more"):
        command.check(shop.config)


@contextmanager
def connected(dsn: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(dsn.replace("://", "+psycopg://"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        yield connection


def test_the_guard_takes_a_connection_too(shop: Shop) -> None:
    shop.expand()

    with connected(shop.dsn) as connection, pytest.raises(CommandError, match="unfinished"):
        guard(connection)


def test_a_journal_that_may_not_be_read_is_an_error(shop: Shop) -> None:
    shop.expand()
    shop.databases.run(shop.dsn, "CREATE ROLE reader")

    with connected(shop.dsn) as connection:
        connection.execute(sa.text("SET ROLE reader"))
        with pytest.raises(CommandError, match=r"zdm\.run cannot be read"):
            guard(connection)
    shop.databases.run(shop.dsn, "DROP ROLE reader")
