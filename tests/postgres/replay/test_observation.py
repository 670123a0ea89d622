"""What counts as a lock of a statement, where a look sees more than what anybody waits for."""

import pytest
from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.schema import Name
from zdm.postgres.replay.observation import Relation, Relations, built, of_gone_indexes

TABLE, INDEX, KEPT = 1, 2, 3


def relations(*oids: int) -> Relations:
    return {
        oid: Relation(
            name=Name("public", f"r{oid}"),
            kind="r" if oid == TABLE else "i",
            file=oid,
            counts_for=TABLE,
            ancestors=(),
        )
        for oid in oids
    }


def test_only_locks_on_an_index_that_went_do_not_count() -> None:
    gone = (INDEX, LockMode.ACCESS_EXCLUSIVE)
    found = frozenset(
        {
            gone,
            (TABLE, LockMode.SHARE_UPDATE_EXCLUSIVE),
            (KEPT, LockMode.ACCESS_EXCLUSIVE),
        }
    )

    left_out = of_gone_indexes(found, relations(TABLE, INDEX, KEPT), relations(TABLE, KEPT))

    assert left_out == {gone}


def test_locks_on_a_table_that_went_count() -> None:
    found = frozenset({(TABLE, LockMode.ACCESS_EXCLUSIVE)})

    assert not of_gone_indexes(found, relations(TABLE), relations())


def index(oid: int, file: int, name: str = "i") -> dict[int, Relation]:
    name_of = Name("public", name)
    return {oid: Relation(name=name_of, kind="i", file=file, counts_for=TABLE, ancestors=())}


def test_an_index_that_is_made_anew_under_its_name_is_built() -> None:
    before = {**relations(TABLE), **index(7, 70)}
    after = {**relations(TABLE), **index(8, 80)}

    assert built(before, after) == {(Name("public", "i"), Name("public", "r1"))}


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(index(8, 70), id="its file is reused"),
        pytest.param(index(9, 90), id="another takes its name"),
        pytest.param({}, id="it is gone"),
        pytest.param({**index(7, 70), **index(8, 80, "new")}, id="a new one"),
    ],
)
def test_no_other_index_is_built(after: Relations) -> None:
    before = {**relations(TABLE), **index(7, 70), **index(9, 90, "temporary")}

    assert built(before, {**relations(TABLE), **after}) == set()


def test_the_indexes_of_a_rewritten_table_do_not_count() -> None:
    table = relations(TABLE)[TABLE]
    before = {TABLE: table, **index(7, 70)}

    assert built(before, {TABLE: replace(table, file=99), **index(7, 80)}) == set()
