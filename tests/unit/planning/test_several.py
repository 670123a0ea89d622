import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.schema import Index, Name, Snapshot, Table


def start() -> Snapshot:
    indexes = tuple(
        Index(name=n, definition=f"CREATE INDEX {n} ON public.t", keys=("a",), columns=("a",))
        for n in ("i", "j")
    )
    return schemas.snapshot(Table(name=Name("public", "t"), columns=(), indexes=indexes))


def test_indexes_of_a_list_are_dropped_one_by_one() -> None:
    answer = ask("DROP INDEX j, public.i;", start())

    assert answer.sql == [
        'DROP INDEX CONCURRENTLY IF EXISTS "public"."j"',
        'DROP INDEX CONCURRENTLY IF EXISTS "public"."i"',
    ]
    assert answer.after.tables[0].indexes == ()


def test_one_that_is_missing_is_named() -> None:
    answer = ask("DROP INDEX i, nope;", start())

    assert answer.refusals == (
        "there is no index nope in the schema, so this statement would fail",
    )


def test_a_list_runs_as_written_by_directive() -> None:
    answer = ask("-- zdm: run in contract -- unused\nDROP INDEX i, j;", start())

    assert answer.sql == ["DROP INDEX i, j"]


@pytest.mark.parametrize("exists", ["", "IF EXISTS "])
def test_a_list_is_not_dropped_concurrently(exists: str) -> None:
    answer = ask(f"DROP INDEX CONCURRENTLY {exists}i, j;", start())

    assert "takes one index" in answer.refusals[0]
