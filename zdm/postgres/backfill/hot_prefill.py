"""Half of the rows of a batch are filled a batch in advance, so that the other half finds room.

An UPDATE of a row in a full page puts the new version on another page, and into every index.
Where half of the rows of a page have left it in an earlier transaction, PostgreSQL takes their
old versions away as soon as it reads the page again, and the new versions of the other half
stay there, unknown to any index (manual, Heap-Only Tuples). That saves a sixth of the WAL and
two fifths of what the table would grow by, and for each index its part of the work.

It needs rows that lie in the order of their keys, at least roughly, and columns that no index
knows. A snapshot from before keeps the old versions, so with several workers, whose batches
overlap, it is done two batches in advance. What is filled in advance is convergent and needs
no record: a batch always fills all of its rows that still differ.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from zdm.postgres.backfill.key_walk import Bounds, Key, Walk
from zdm.postgres.session.connection import Connection

ROOM_ROWS = 1_000  # a smaller batch loses more by two statements than it gains by the room
SCATTERED = 1.5  # times the pages that the rows of a batch would fill
HALF = "pg_catalog.hashtid(ctid) & 1 = 0"


class Ahead(Struct, frozen=True, kw_only=True):
    """A batch to come: where its rows are, as a condition, and how many are filled already."""

    bounds: Bounds
    computed: bool = False  # from the last key, without reading the table: there may be fewer
    pages: str = ""  # empty where they are scattered, or where it does not matter
    filled: int = 0

    def suits(self, cursor: Key | None, least: int, size: int) -> bool:
        """Whether it is the next batch, of about that size or the last one."""
        keys = self.bounds.keys
        is_large = keys >= least or self.bounds.last
        return self.bounds.lower == cursor and is_large and keys // 2 <= size


def lead(workers: int) -> int:
    """How many batches in advance."""
    return 1 if workers == 1 else 2


def prepared(
    connection: Connection, walk: Walk, batch: Ahead, half: Callable[[str], int]
) -> Ahead:
    """A batch to come, half of which `half` fills, given its condition."""
    bounds = batch.bounds
    pages = _pages(connection, walk, bounds) if walk.roomy and bounds.keys else ""
    if not pages:
        return batch
    between = walk.between(bounds.lower, bounds.upper)
    return replace(batch, pages=pages, filled=half(f"{between} AND {pages} AND {HALF}"))


def _pages(connection: Connection, walk: Walk, bounds: Bounds) -> str:
    """The pages from that of the first key to that of the last one."""
    where = walk.between(bounds.lower, bounds.upper)
    if not walk.key:
        return where
    ends = ", ".join(
        f"(SELECT ctid::text FROM {walk.target} WHERE {where}"  # noqa: S608
        f" ORDER BY {walk.ordered(direction)} LIMIT 1)"
        for direction in ("ASC", "DESC")
    )
    row = connection.execute(f"SELECT {ends}".encode()).fetchone()
    if row is None or None in row:
        return ""
    first, last = (int(ctid[1:].partition(",")[0]) for ctid in row)
    if not 0 <= last - first <= SCATTERED * bounds.keys / walk.rows_per_page + 2:
        return ""
    return f"ctid >= '({first},0)' AND ctid < '({last + 1},0)'"
