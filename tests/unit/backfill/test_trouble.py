from zdm.backfill.trouble import LOOKED_AT, MUCH_FAILED, Hunt, Trouble


def test_a_failing_row_is_found_by_halving() -> None:
    hunt = Hunt()
    sizes = []
    while hunt.narrow(1000):
        sizes.append(hunt.size)

    assert sizes == [500, 250, 125, 62, 31, 15, 7, 3, 1]
    assert hunt.suspects == 1000


def test_a_search_is_over_when_all_suspects_were_written() -> None:
    hunt = Hunt()
    hunt.narrow(10)
    hunt.cleared(5)
    half = hunt.size
    hunt.cleared(5)

    assert (half, hunt) == (5, Hunt())


def test_without_a_search_a_written_batch_starts_none() -> None:
    hunt = Hunt()
    hunt.cleared(100)

    assert hunt == Hunt()


def test_more_than_half_of_the_last_batches_failed() -> None:
    trouble = Trouble()
    for _ in range(LOOKED_AT):
        trouble.over()
    seen = []
    for _ in range(MUCH_FAILED + 1):
        trouble.failed()
        seen.append(trouble.is_constant)

    assert seen == [False] * MUCH_FAILED + [True]


def test_an_error_of_another_kind_ends_the_row_of_timeouts() -> None:
    trouble = Trouble()
    trouble.timed_out(again=True)
    slow = trouble.timeouts
    trouble.timed_out(again=False)

    assert (slow, trouble.timeouts) == (1, 0)
