"""Run the shop's migrations against DATABASE_URL.

The guard refuses a plain `alembic upgrade` in the middle of a run of zdm, and the two
filters hide zdm's own objects, and those of an unfinished run, from autogenerate.
"""

import os

from alembic import context
from models import Base
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import URL, make_url

from zdm.revisions.env import guard, include_name, include_object


def url() -> URL:
    """The database, by way of psycopg."""
    in_ini = context.config.get_main_option("sqlalchemy.url", "")
    chosen = make_url(os.environ.get("DATABASE_URL") or in_ini)
    return chosen.set(drivername="postgresql+psycopg")


def run_migrations_offline() -> None:
    """Print the SQL."""
    context.configure(
        dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Run in the database."""
    engine = create_engine(url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_name=include_name,
            include_object=include_object,
            compare_server_default=True,
        )
        guard(context)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
