"""Several statements of one transaction in one message: a round trip takes longer than most
statements that a replay tries.

The server runs the statements of a simple query one after the other, up to the first error
(manual, Simple Query). Without parameters, psycopg sends text as such a query.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

_SAVEPOINT = "zdm_one_message"
_Rows = Sequence[tuple[Any, ...]]


def run(
    conn: psycopg.Connection[tuple[Any, ...]], statements: Sequence[str], *, keep: bool
) -> Sequence[_Rows]:
    """Run statements as one transaction, or in the one that is open under a savepoint, and give
    the rows of each, those of its rules behind them. Undone where that is wanted or one fails,
    which raises psycopg.Error. The connection is in autocommit."""
    cursor = send(conn, statements, keep=keep)
    found = [_rows(cursor)]
    while cursor.nextset():
        found.append(_rows(cursor))
    return found[1:-1]


def send(
    conn: psycopg.Connection[tuple[Any, ...]], statements: Sequence[str], *, keep: bool
) -> psycopg.Cursor[tuple[Any, ...]]:
    """The same without a look at the rows, some values of which Python does not have, such as
    the date infinity."""
    inside = conn.info.transaction_status is not TransactionStatus.IDLE
    first, kept, undone = (
        (
            f"SAVEPOINT {_SAVEPOINT}",
            f"RELEASE {_SAVEPOINT}",
            f"ROLLBACK TO {_SAVEPOINT};RELEASE {_SAVEPOINT}",
        )
        if inside
        else ("BEGIN", "COMMIT", "ROLLBACK")
    )
    # a statement may end in a comment
    message = "\n;".join((first, *statements, kept if keep else undone))
    try:
        return conn.execute(message.encode())
    except psycopg.Error:
        if conn.info.transaction_status is TransactionStatus.INERROR:
            conn.execute(undone.encode())
        raise


def _rows(cursor: psycopg.Cursor[tuple[Any, ...]]) -> _Rows:
    return cursor.fetchall() if cursor.description is not None else ()
