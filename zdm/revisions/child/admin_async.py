"""In the child: zdm's own statements where asyncpg is the only driver; needs greenlet."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import pool
from sqlalchemy.ext import asyncio as sa_asyncio


def run(url: str, options: Mapping[str, Any], work: Callable[[sa.Connection], Any]) -> Any:
    """Do the work on one connection, in a transaction."""
    return asyncio.run(_run(url, options, work))


async def _run(
    url: str, options: Mapping[str, Any], work: Callable[[sa.Connection], Any]
) -> Any:
    engine = sa_asyncio.create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.execution_options(**options)
        async with connection.begin():
            return await connection.run_sync(work)
