"""All pairs without a server: a plan, or a refusal that names what is in the way."""

import functools

import pytest

from tests.golden import Golden
from tests.pairs import page
from tests.pairs.forms import FORMS, Form
from tests.pairs.pairs import (
    CONFLICTS,
    FILE,
    RELATIONS,
    Outcome,
    Pair,
    asked,
    of_row,
    outcome,
    rows,
    schema,
)
from tests.unit import schemas
from zdm import operations
from zdm.model.findings import Finding
from zdm.model.plan import Plan
from zdm.model.schema import Column
from zdm.planning import classify

Answer = Plan | tuple[Finding, ...]


@functools.cache
def answers() -> dict[Pair, Answer]:
    """What planning says, asked once, to each pair of which the server takes the statements."""
    snapshot, kept = schema(), page.read()
    pairs = [pair for row in rows() for pair in of_row(*row)]
    none = {pair for pair in pairs if kept.get(str(pair)) is Outcome.NO_MIGRATION}
    return {pair: asked(pair, snapshot) for pair in pairs if pair not in none}


def test_every_operation_has_a_form() -> None:
    known = {recognise.__module__.rpartition(".")[2] for recognise in operations.ALL}

    assert {form.operation for form in FORMS} == known


def test_every_operation_has_a_form_that_meets_the_others_across_tables() -> None:
    assert {form.operation for form in FORMS if form.main} == {f.operation for f in FORMS}


@pytest.mark.parametrize("form", [form for form in FORMS if not form.again], ids=str)
def test_a_form_alone_is_planned_as_its_operation(form: Form) -> None:
    table, column = RELATIONS[0].first
    train = schemas.train(form.sql.format(t=table, c=column, n=1))
    found = classify.classify(train, schema())

    assert found.refused == ()
    assert form.operation in {place.operation.slug for place in found.placed}


def test_every_pair_is_planned_or_refused_as_the_page_says(golden: Golden) -> None:
    now = page.read() | {str(pair): outcome(answer) for pair, answer in answers().items()}

    golden.check(page.FILE, page.text(now))


def test_a_conflict_names_both_operations_and_places() -> None:
    for pair, answer in answers().items():
        for finding in answer if not isinstance(answer, Plan) else ():
            if finding.slug not in CONFLICTS:
                continue
            there = finding.source
            places = {f"{FILE}:{line}:" in finding.message for line in pair.first_lines}

            assert True in places, (str(pair), finding)
            assert there is not None, (str(pair), finding)
            assert there.line not in pair.first_lines, (str(pair), finding)
            assert finding.remedy, (str(pair), finding)


def test_a_refusal_says_why_and_what_to_do() -> None:
    said = [f for a in answers().values() if not isinstance(a, Plan) for f in a]

    assert all(f.slug and f.message and f.source is not None for f in said)


def refused(sql: str, *columns: Column) -> tuple[Finding, ...]:
    snapshot, train = schemas.snapshot(schemas.users(*columns)), schemas.train(sql)
    found = classify.classify(train, snapshot)
    return found.refused


def test_a_column_that_is_filled_in_a_table_that_is_renamed_is_refused() -> None:
    found = refused(
        "ALTER TABLE users ADD COLUMN d text; UPDATE users SET d = upper(email);"
        " ALTER TABLE users RENAME TO people;"
    )

    assert {finding.slug for finding in found} == {"renamed_in_train"}
