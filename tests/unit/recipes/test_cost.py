from tests.unit import schemas
from zdm.model.plan import Cost
from zdm.model.schema import Column
from zdm.recipes import cost

MEASURED = schemas.users(rows=100_000, heap_bytes=21_600_000)  # 216 bytes per row, 1 index


def test_a_dense_fill_matches_the_measured_wal_per_row() -> None:
    found = cost.rewrite_rows(MEASURED)

    assert found.wal_bytes is not None
    assert abs(found.wal_bytes / 100_000 - 639) < 0.06 * 639
    assert (found.rows, found.scan) == (100_000, True)


def test_a_share_of_the_rows_costs_less() -> None:
    share, whole = cost.rewrite_rows(MEASURED, share=0.1), cost.rewrite_rows(MEASURED)

    assert share.rows == 10_000
    assert share.wal_bytes is not None
    assert whole.wal_bytes is not None
    assert share.wal_bytes < whole.wal_bytes


def test_a_page_image_leaves_out_free_space() -> None:
    half = schemas.users(rows=100_000, heap_bytes=21_600_000, options=("fillfactor=50",))
    found, full = cost.rewrite_rows(half), cost.rewrite_rows(MEASURED)

    assert found.wal_bytes is not None
    assert full.wal_bytes is not None
    assert found.wal_bytes < full.wal_bytes


def test_a_table_never_analysed_has_no_figures() -> None:
    table = schemas.users(rows=None, heap_bytes=None)

    assert cost.rewrite_rows(table) == Cost(rows=None)
    assert cost.build_index(table, ("email",)) == Cost(scan=True)


def test_an_index_costs_its_entries() -> None:
    wide = schemas.users(Column(name="body", type="text", average_width=100))

    assert cost.build_index(wide, ("body",)).written_bytes == round(100_000 * 116 / 0.9)
    assert cost.build_index(wide, ("email",)).written_bytes == round(100_000 * 32 / 0.9)


def test_a_scan_writes_nothing() -> None:
    assert cost.scan(schemas.users()) == Cost(rows=100_000, scan=True)
