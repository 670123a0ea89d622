"""Orphans are found only where a query certainly compares as the foreign key does."""

import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import RunSql
from zdm.model.schema import Column, Index, Name, Snapshot, Table, Type

ADD = "ALTER TABLE child ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES parent (p);"
KEY = "CREATE UNIQUE INDEX i ON public.parent USING btree (p)"
DELETED = f"-- zdm: orphans delete -- reviewed\n{ADD}"
TYPES = (
    Type(name=Name("public", "mood"), kind="enum", definition=""),
    Type(
        name=Name("public", "code"),
        kind="domain",
        definition="CREATE DOMAIN public.code AS character(5)",
    ),
    Type(
        name=Name("public", "word"),
        kind="domain",
        definition="CREATE DOMAIN public.word AS text NOT NULL",
    ),
    Type(
        name=Name("public", "folded"),
        kind="domain",
        definition='CREATE DOMAIN public.folded AS text COLLATE public."folded"',
    ),
)


def start(
    own: str, other: str, *, index: str = KEY, collations: tuple[str | None, ...] = (None, None)
) -> Snapshot:
    columns = (Column(name="id", type="bigint", not_null=True),)
    child = Table(
        name=Name("public", "child"),
        columns=(*columns, Column(name="p", type=own, collation=collations[0])),
    )
    parent = Table(
        name=Name("public", "parent"),
        columns=(Column(name="p", type=other, not_null=True, collation=collations[1]),),
        indexes=(Index(name="i", definition=index, keys=("p",), columns=("p",), unique=True),),
    )
    return schemas.snapshot(child, parent, types=TYPES)


def asks(snapshot: Snapshot) -> bool:
    """Whether it looks for orphans before it adds the key."""
    steps = [s for s in ask(ADD, snapshot).steps if isinstance(s, RunSql)]
    return any(step.preconditions for step in steps)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("integer", "bigint"),
        ("character varying(9)", "text"),
        ("numeric(10,2)", "numeric"),
        ("timestamp(3) without time zone", "timestamp without time zone"),
        ("uuid", "uuid"),
        ("public.mood", "public.mood"),
        ("public.word", "text"),
    ],
)
def test_columns_of_one_equality_are_compared(own: str, other: str) -> None:
    answer = ask(DELETED, start(own, other))

    assert answer.slugs == ["add_foreign_key"]
    assert asks(start(own, other))


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("ext.citext", "ext.citext"),
        ("text", "character(5)"),
        ("text", "public.code"),
        ("bigint", "numeric"),
        ("date", "timestamp without time zone"),
        ("public.folded", "public.folded"),
        ("integer[]", "integer[]"),
        ("ext.mood", "ext.mood"),
    ],
)
def test_others_are_neither_corrected_nor_looked_at_before(own: str, other: str) -> None:
    answer = ask(DELETED, start(own, other))

    assert "child.p and parent.p as the foreign key does" in answer.refusals[0]
    assert not asks(start(own, other))


@pytest.mark.parametrize(
    "index", [KEY.replace("(p)", "(p text_pattern_ops)"), KEY.replace("(p)", '(p COLLATE "C")')]
)
def test_an_index_that_compares_in_another_way_counts(index: str) -> None:
    assert not asks(start("text", "text", index=index))


@pytest.mark.parametrize(
    ("collations", "certain"),
    [
        (('pg_catalog."C"', 'pg_catalog."C"'), True),
        (('pg_catalog."C"', None), False),
        (("public.folded", "public.folded"), False),
    ],
)
def test_collations_have_to_be_the_same_of_postgresql(
    collations: tuple[str | None, ...], certain: bool
) -> None:
    assert asks(start("text", "text", collations=collations)) == certain
