"""Which versions `zdm guard` admits, by what the journal says."""

import pytest

from zdm.execute import admission
from zdm.execute.admission import Admitted, RecordedRun
from zdm.execute.gate.decision import Refused, Wait
from zdm.model.release import RunState, Version


def run(
    number: int, move: str, state: RunState = RunState.CONTRACTED, *, past: bool = False
) -> RecordedRun:
    """A run of `old>new`."""
    old, _, new = move.partition(">")
    return RecordedRun(
        id=number,
        plan_name=f"p{number}",
        old=Version(old) if old else None,
        new=Version(new) if new else None,
        state=state,
        past_return=past,
    )


def answers(*runs: RecordedRun) -> dict[str, str]:
    """What each version gets."""
    kinds = {Admitted: "admitted", Wait: "waits", Refused: "refused"}
    return {
        name: kinds[type(admission.decide(Version(name), runs))]
        for name in ("v1", "v2", "v3", "v4")
    }


NOBODY = dict.fromkeys(("v1", "v2", "v3", "v4"), "refused")


@pytest.mark.parametrize(
    ("state", "old", "new"),
    [
        pytest.param(RunState.PLANNED, "admitted", "waits", id="planned"),
        pytest.param(RunState.EXPANDING, "admitted", "waits", id="expanding"),
        pytest.param(RunState.EXPANDED, "admitted", "waits", id="expanded"),
        pytest.param(RunState.BACKFILLING, "admitted", "waits", id="backfilling"),
        pytest.param(RunState.BACKFILLED, "admitted", "admitted", id="backfilled"),
        pytest.param(RunState.DEPLOYING, "admitted", "admitted", id="deploying"),
        pytest.param(RunState.DEPLOYED, "admitted", "admitted", id="deployed"),
        pytest.param(RunState.SOAKING, "admitted", "admitted", id="soaking"),
        pytest.param(RunState.CONTRACTING, "waits", "admitted", id="contracting"),
        pytest.param(RunState.FAILED_KEPT_EXPANDED, "admitted", "waits", id="failed"),
        pytest.param(RunState.REVERTING, "admitted", "waits", id="reverting"),
    ],
)
def test_an_unfinished_run_serves_by_its_state(state: RunState, old: str, new: str) -> None:
    found = answers(run(1, "v1>v2"), run(2, "v2>v3", state))

    assert found == {"v1": "refused", "v2": old, "v3": new, "v4": "refused"}


@pytest.mark.parametrize("state", [RunState.SOAKING, RunState.DEPLOYED, RunState.CONTRACTING])
def test_after_the_marker_only_the_new_version_starts(state: RunState) -> None:
    found = answers(run(1, "v2>v3", state, past=True))

    assert found == {**NOBODY, "v3": "admitted"}


@pytest.mark.parametrize(
    ("state", "until"),
    [
        pytest.param(RunState.EXPANDED, "until its backfills are verified", id="on its way"),
        pytest.param(
            RunState.FAILED_KEPT_EXPANDED, "until `zdm execute` continues it", id="failed"
        ),
        pytest.param(RunState.REVERTING, "since it is being rolled back", id="reverting"),
    ],
)
def test_who_is_too_early_is_told_for_how_long(state: RunState, until: str) -> None:
    answer = admission.decide(Version("v3"), [run(1, "v2>v3", state)])

    assert isinstance(answer, Wait)
    assert answer.reason == (f"v3 is too early: run 1 of `p1` is {state} and serves v2 {until}")


def test_without_a_run_every_version_starts() -> None:
    assert answers() == dict.fromkeys(NOBODY, "admitted")


def test_a_contracted_run_retires_every_version_before_it() -> None:
    found = answers(run(1, "v1>v2"), run(2, "v2>v3"))

    assert found == {"v1": "refused", "v2": "refused", "v3": "admitted", "v4": "admitted"}


def test_a_version_that_a_run_skipped_is_retired_too() -> None:
    found = answers(run(1, "v1>v2"), run(2, "v3>v4"))

    assert found == {**NOBODY, "v4": "admitted"}


def test_the_run_that_retired_it_first_is_named() -> None:
    runs = (run(1, "v1>v2"), run(2, "v2>v3"))
    answer = admission.decide(Version("v1"), runs)

    assert isinstance(answer, Refused)
    assert answer.reason.startswith("v1 is retired: run 1 of `p1` has contracted the schema")


def test_a_later_run_brings_a_retired_version_back_as_its_new_one() -> None:
    runs = (run(1, "v1>v2"), run(2, "v2>v1"))

    assert answers(*runs) == {
        "v1": "admitted",
        "v2": "refused",
        "v3": "admitted",
        "v4": "admitted",
    }


def test_a_run_that_was_taken_back_brings_nothing_back() -> None:
    runs = (run(1, "v1>v2"), run(2, "v2>v1", RunState.REVERTED))

    assert answers(*runs)["v1"] == "refused"


def test_the_new_version_of_a_run_that_was_taken_back_is_too_early() -> None:
    found = answers(run(1, "v1>v2", RunState.REVERTED))

    assert found == {"v1": "admitted", "v2": "waits", "v3": "admitted", "v4": "admitted"}


def test_the_retired_version_is_admitted_once_the_run_that_brings_it_is_backfilled() -> None:
    early = answers(run(1, "v1>v2"), run(2, "v2>v1", RunState.EXPANDED))
    ready = answers(run(1, "v1>v2"), run(2, "v2>v1", RunState.BACKFILLED))

    assert (early["v1"], ready["v1"]) == ("waits", "admitted")


@pytest.mark.parametrize("state", [RunState.EXPANDED, RunState.CONTRACTING], ids=str)
def test_a_run_within_one_version_never_stops_it(state: RunState) -> None:
    assert answers(run(1, "v1>v1", state))["v1"] == "admitted"
    assert answers(run(1, "v1>v1"))["v1"] == "admitted"


def test_a_run_that_has_recorded_no_version_yet_makes_everybody_wait() -> None:
    assert answers(run(1, ">", RunState.PLANNED)) == dict.fromkeys(NOBODY, "waits")
