from tests.unit import schemas
from tests.unit.operations.asking import ask

STATEMENT = "-- SKELETON: the statement, on the table users of tests/unit/schemas.py"
REFUSED = "-- SKELETON: a statement of this kind that must not be planned"


def test_the_statement_is_recognised() -> None:
    answer = ask(STATEMENT)

    assert answer.slugs == ["change_owner"]
    assert answer.refusals == ()


def test_its_steps_are_in_these_phases() -> None:
    answer = ask(STATEMENT)

    assert answer.phases == ["SKELETON: the phase of each step"]
    assert answer.sql == ["SKELETON: the SQL of each step"]


def test_what_remains_when_it_is_planned_well_is_said() -> None:
    hazards = [hazard.message for hazard in ask(STATEMENT).hazards]

    assert hazards == ["SKELETON: each hazard"]


def test_the_snapshot_has_what_it_leaves() -> None:
    left = schemas.users(comment="SKELETON: the table afterwards")

    assert ask(STATEMENT).after == schemas.snapshot(left)


def test_what_must_not_be_planned_is_refused() -> None:
    assert ask(REFUSED).refusals == ("SKELETON: the fact and its consequence",)
