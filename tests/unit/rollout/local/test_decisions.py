import pytest

from zdm.rollout.local.decisions import Move, Start, Stop, Target, decide, is_complete
from zdm.rollout.local.state import Identity, Member, Stage, State

STAGES = {"s": Stage.STARTING, "r": Stage.READY, "t": Stage.TERMINATING}

V1 = Target(version="v1", replicas=2, ready_before=10.0)
V2 = Target(version="v2", replicas=2, ready_before=10.0)


def members(*texts: str) -> tuple[Member, ...]:
    """`v1 r` is a ready instance of v1; they are numbered from 1."""
    return tuple(
        Member(
            id=str(number),
            version=text.split()[0],
            port=8000 + number,
            process=Identity(pid=number, started=0.0),
            stage=STAGES[text.split()[1]],
            since=float(number),
        )
        for number, text in enumerate(texts, 1)
    )


@pytest.mark.parametrize(
    ("texts", "moves"),
    [
        pytest.param((), (Start(version="v2"),) * 2, id="at the beginning all start at once"),
        pytest.param(("v1 r", "v1 r"), (Start(version="v2"),), id="one new one starts"),
        pytest.param(("v1 r", "v1 r", "v2 s"), (), id="until it is ready nothing stops"),
        pytest.param(("v1 r", "v1 r", "v2 r"), (Stop(id="1"),), id="then an old one stops"),
        pytest.param(("v1 t", "v1 r", "v2 r"), (Start(version="v2"),), id="then the next"),
        pytest.param(("v1 r", "v2 r", "v2 r"), (Stop(id="1"),), id="the last old one stops"),
        pytest.param(("v1 t", "v2 r", "v2 r"), (), id="nothing is left to do"),
        pytest.param(("v1 r",), (Start(version="v2"),), id="what is lost comes back as new"),
        pytest.param(("v2 r",) * 3, (Stop(id="1"),), id="a surplus stops"),
    ],
)
def test_instances_are_replaced_one_by_one(
    texts: tuple[str, ...], moves: tuple[Move, ...]
) -> None:
    state = State(settled="v1", members=members(*texts))

    assert decide(state, V2) == moves


@pytest.mark.parametrize(
    ("texts", "moves"),
    [
        pytest.param(("v1 r", "v1 r", "v2 s"), (Stop(id="3"),), id="the broken one stops"),
        pytest.param(("v1 r", "v1 r"), (), id="what serves is kept"),
        pytest.param(("v1 r",), (Start(version="v1"),), id="what is lost comes back as it was"),
    ],
)
def test_after_a_failure_what_serves_is_kept(
    texts: tuple[str, ...], moves: tuple[Move, ...]
) -> None:
    state = State(settled="v1", failure="it crashes", members=members(*texts))

    assert decide(state, V2) == moves


def test_a_first_rollout_that_failed_starts_nothing_more() -> None:
    state = State(failure="it crashes")

    assert decide(state, V1) == ()


def test_without_a_target_everything_stops() -> None:
    state = State(members=members("v1 r", "v1 t", "v1 s"))

    assert decide(state, None) == (Stop(id="1"), Stop(id="3"))


@pytest.mark.parametrize(
    ("texts", "complete"),
    [
        pytest.param(("v2 r", "v2 r"), True, id="all there"),
        pytest.param(("v2 r", "v2 r", "v1 t"), True, id="an old one is terminating"),
        pytest.param(("v2 r", "v2 s"), False, id="one is starting"),
        pytest.param(("v2 r", "v2 r", "v1 r"), False, id="an old one serves"),
        pytest.param(("v2 r",), False, id="one is missing"),
    ],
)
def test_complete_means_that_only_the_target_serves(
    texts: tuple[str, ...], complete: bool
) -> None:
    assert is_complete(members(*texts), V2) is complete


def test_an_instance_that_is_ready_for_too_short_a_time_does_not_count() -> None:
    state = State(members=members("v1 r", "v1 r", "v2 r"))
    hasty = Target(version="v2", replicas=2, ready_before=2.5)

    assert decide(state, hasty) == ()
    assert not is_complete(members("v2 r", "v2 r", "v2 r"), hasty)
