"""All pairs without a server: a plan, or a refusal that names what is in the way."""

import functools
import zlib

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
    Relation,
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

kept = functools.cache(page.read)


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


def has_turn(relation: Relation, first: Form) -> bool:
    """By its name, so that another form changes no other row's."""
    return zlib.crc32(f"{relation}: {first}".encode()) % EVERY == 0


EVERY = 6  # of the rows, one in so many is planned with `make test`; all with `make pairs`
ROWS = [
    pytest.param(*row, marks=() if has_turn(*row) else (pytest.mark.more, pytest.mark.pairs))
    for row in rows()
]


@pytest.mark.parametrize(("relation", "first"), ROWS, ids=str)
def test_a_row_of_pairs_is_planned_or_refused_as_the_page_says(
    relation: Relation, first: Form, golden: Golden
) -> None:
    """A refusal says why and what to do; a conflict names both operations and places."""
    before = blessed() if golden.bless else kept()
    now: dict[str, Outcome] = {}
    for pair in of_row(relation, first):
        if before.get(str(pair)) is Outcome.NO_MIGRATION:
            continue
        answer = asked(pair, schema())
        now[str(pair)] = outcome(answer)
        for finding in () if isinstance(answer, Plan) else answer:
            assert all((finding.slug, finding.message, finding.source)), (str(pair), finding)
            if finding.slug in CONFLICTS:
                names_both_places(pair, finding)
    if golden.bless:
        page.FILE.write_text(page.text(before | now), encoding="utf-8")
        return

    assert now == {name: before.get(name) for name in now}


def blessed() -> dict[str, Outcome]:
    """What the page keeps, and for new pairs something until their row has been run."""
    new = {str(pair): Outcome.REFUSED for row in rows() for pair in of_row(*row)}
    return new | page.read()


def names_both_places(pair: Pair, finding: Finding) -> None:
    there = finding.source
    places = {f"{FILE}:{line}:" in finding.message for line in pair.first_lines}

    assert True in places, (str(pair), finding)
    assert there is not None, (str(pair), finding)
    assert there.line not in pair.first_lines, (str(pair), finding)
    assert finding.remedy, (str(pair), finding)


def test_the_page_has_each_pair_once() -> None:
    names = [str(pair) for row in rows() for pair in of_row(*row)]

    assert sorted(kept()) == sorted(names)
    assert page.FILE.read_text(encoding="utf-8") == page.text(kept())


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
