"""Edits of a plan whose digest was computed anew."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests import case as cases
from zdm.model.plan import Backfill, Irreversible, Phase, Plan, RunSql, Step
from zdm.model.schema import Snapshot
from zdm.model.statement import Stamp
from zdm.planning import classify, derived, schedule
from zdm.planning.schedule import StampWhen
from zdm.serialize import plan_file

CASE = cases.ROOT / "rename_column/plain"
FILE = CASE / "plan.yaml"
SMUGGLED = "UPDATE public.users SET email = 'pwned'"


@pytest.fixture
def start() -> Snapshot:
    return cases.schema(CASE)


@pytest.fixture
def plan() -> Plan:
    return plan_file.loads(FILE.read_text(), str(FILE))


def edited(plan: Plan, number: int, **changes: object) -> Plan:
    step: Step = replace(plan.steps[number], **changes)
    return replace(plan, steps=(*plan.steps[:number], step, *plan.steps[number + 1 :]))


def first(plan: Plan) -> RunSql:
    step = plan.steps[0]

    assert isinstance(step, RunSql)

    return step


def test_a_statement_smuggled_into_a_step_is_found(plan: Plan, start: Snapshot) -> None:
    step = first(plan)
    smuggled = edited(plan, 0, sql=(*step.sql, SMUGGLED))

    assert derived.differences(smuggled, start) == (
        f"`sql` of the step {step.id} does not follow from them",
    )


def test_a_smuggled_step_is_found(plan: Plan, start: Snapshot) -> None:
    smuggled = replace(first(plan), id="expand-9-more", sql=(SMUGGLED,), locks=())
    steps = (plan.steps[0], smuggled, *plan.steps[1:])

    assert derived.differences(replace(plan, steps=steps), start) == (
        "the step expand-9-more does not follow from them",
    )


def test_a_step_that_was_taken_out_is_found(plan: Plan, start: Snapshot) -> None:
    gone = plan.steps[1].id

    assert derived.differences(
        replace(plan, steps=(plan.steps[0], *plan.steps[2:])), start
    ) == (f"the step {gone}, which they need, is missing",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("undo", Irreversible(reason="none")),
        ("undo", (SMUGGLED,)),
        ("repair", (SMUGGLED,)),
        ("probe", f"WITH x AS ({SMUGGLED} RETURNING 1) SELECT 'done'"),
        ("locks", ()),
        ("lock_timeout", timedelta(minutes=9)),
        ("phase", Phase.VALIDATE),
    ],
)
def test_an_edited_field_of_a_step_is_found(
    plan: Plan, start: Snapshot, field: str, value: object
) -> None:
    assert derived.differences(edited(plan, 0, **{field: value}), start)


def test_an_edited_assignment_of_a_backfill_is_found(plan: Plan, start: Snapshot) -> None:
    number = next(n for n, step in enumerate(plan.steps) if isinstance(step, Backfill))
    step = plan.steps[number]

    assert isinstance(step, Backfill)

    (assignment,) = step.assignments
    changed = replace(assignment, expression="'pwned'")

    assert derived.differences(edited(plan, number, assignments=(changed,)), start)


def test_steps_in_another_order_are_found(plan: Plan, start: Snapshot) -> None:
    turned = replace(plan, steps=(plan.steps[1], plan.steps[0], *plan.steps[2:]))

    assert "the steps are in another order" in derived.differences(turned, start)


def test_a_hazard_that_was_taken_out_is_found(plan: Plan, start: Snapshot) -> None:
    assert plan.hazards
    assert derived.differences(replace(plan, hazards=()), start) == (
        "`hazards` does not follow from them",
    )


def test_statistics_that_have_changed_are_no_difference(plan: Plan, start: Snapshot) -> None:
    tables = tuple(replace(t, rows=10**6, heap_bytes=10**8) for t in start.tables)

    assert derived.differences(plan, replace(start, tables=tables)) == ()


@pytest.mark.parametrize("when", ["backfilled", "after_contract"])
def test_a_stamp_in_either_place_follows(start: Snapshot, when: StampWhen) -> None:
    """`stamp` in zdm.toml decides it, which a plan does not hold."""
    table = replace(start.tables[0].name, name="alembic_version")
    stamp = Stamp(table=table, from_heads=(), to_heads=("a",))
    train = replace(cases.train(CASE), stamp=stamp)
    read = classify.classify(train, start)
    plan = schedule.plan(read, name="a", train=train, snapshot=start, stamp_when=when)

    assert derived.differences(plan, start) == ()
