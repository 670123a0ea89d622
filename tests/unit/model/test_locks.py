"""What a lock mode blocks."""

import pytest

from zdm.model.locks import LockMode


def test_share_lets_another_share_in() -> None:
    assert not LockMode.SHARE.conflicts_with(LockMode.SHARE)


def test_share_update_exclusive_refuses_its_own_kind() -> None:
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE

    assert mode.conflicts_with(mode)


@pytest.mark.parametrize("one", LockMode)
@pytest.mark.parametrize("other", LockMode)
def test_conflict_is_mutual(one: LockMode, other: LockMode) -> None:
    assert one.conflicts_with(other) == other.conflicts_with(one)


def test_modes_are_not_a_ladder() -> None:
    assert not LockMode.SHARE.covers(LockMode.SHARE_UPDATE_EXCLUSIVE)
    assert not LockMode.SHARE_UPDATE_EXCLUSIVE.covers(LockMode.SHARE)


def test_only_access_exclusive_blocks_reads() -> None:
    assert [mode for mode in LockMode if mode.blocks_reads] == [LockMode.ACCESS_EXCLUSIVE]


def test_writes_wait_from_share_on() -> None:
    blocking = {mode for mode in LockMode if mode.blocks_writes}

    assert blocking == {
        LockMode.SHARE,
        LockMode.SHARE_ROW_EXCLUSIVE,
        LockMode.EXCLUSIVE,
        LockMode.ACCESS_EXCLUSIVE,
    }
