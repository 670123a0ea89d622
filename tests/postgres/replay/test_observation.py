"""What counts as a lock of a statement, where a look sees more than what anybody waits for."""

from zdm.model.locks import LockMode
from zdm.model.schema import Name
from zdm.postgres.replay.observation import Relation, Relations, of_gone_indexes

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
