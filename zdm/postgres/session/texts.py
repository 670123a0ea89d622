"""Statements of an author, sent one by one as a runner sends them."""

from collections.abc import Iterable

import psycopg
from psycopg import errors

from zdm.postgres.session import connection


class FailedError(Exception):
    """A statement that the server refuses; `in_block`: because it is in a transaction block."""

    def __init__(self, words: str, *, in_block: bool) -> None:
        super().__init__(words)
        self.in_block = in_block


def run(dsn: str, texts: Iterable[str]) -> None:
    """Send each by itself in one session; raises FailedError at the first that fails."""
    with connection.connect(dsn, name="check", pinned=False) as conn:
        for text in texts:
            try:
                conn.execute(text.encode())
            except psycopg.Error as error:
                in_block = isinstance(error, errors.ActiveSqlTransaction)
                raise FailedError(connection.first_line(error), in_block=in_block) from error
