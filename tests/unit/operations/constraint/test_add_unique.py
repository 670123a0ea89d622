import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import BOTH, NEW_ONLY, RunSql
from zdm.model.schema import Column, Index

ADD = "ALTER TABLE users ADD CONSTRAINT u UNIQUE (email)"


def with_index(**details: object) -> Index:
    values: dict[str, object] = {
        "name": "i",
        "definition": "CREATE UNIQUE INDEX i ON public.users USING btree (email)",
        "keys": ("email",),
        "columns": ("email",),
        "unique": True,
    }
    return Index(**{**values, **details})  # type: ignore[arg-type]  # any field may be given


def test_it_waits_for_the_contract_since_the_old_version_may_write_duplicates() -> None:
    answer = ask(f"{ADD};")

    assert answer.slugs == ["add_unique"]
    assert answer.phases == ["contract", "contract"]
    assert {step.serves for step in answer.steps} == {NEW_ONLY}
    assert answer.sql == [
        "CREATE UNIQUE INDEX CONCURRENTLY u ON public.users USING btree (email)",
        "ALTER TABLE public.users ADD CONSTRAINT u UNIQUE USING INDEX u",
    ]


def test_duplicates_are_looked_for_before_and_named_with_their_rows() -> None:
    first = ask(f"{ADD};").steps[0]

    assert isinstance(first, RunSql)
    assert 'GROUP BY "email" HAVING count(*) > 1' in first.preconditions[0].sql
    assert 'array_agg("id")' in first.preconditions[0].rows


def test_nulls_are_duplicates_where_they_are_not_distinct() -> None:
    first = ask("ALTER TABLE users ADD UNIQUE NULLS NOT DISTINCT (name, email);").steps[0]

    assert isinstance(first, RunSql)
    assert first.sql[0].endswith("NULLS NOT DISTINCT")
    assert "WHERE true GROUP BY" in first.preconditions[0].sql


def test_what_it_says_is_kept() -> None:
    answer = ask(
        "ALTER TABLE users ADD UNIQUE (name) INCLUDE (email) WITH (fillfactor = 70)"
        " DEFERRABLE INITIALLY DEFERRED;"
    )

    assert "users_name_email_key" in answer.sql[0]
    assert answer.sql[0].endswith("INCLUDE (email) WITH (fillfactor=70)")
    assert answer.sql[1].endswith("DEFERRABLE INITIALLY DEFERRED")
    assert "as if it were not DEFERRABLE" in answer.hazards[-1].message


@pytest.mark.parametrize(
    ("train", "early"),
    [
        ("ALTER TABLE users ADD p text; ALTER TABLE users ADD UNIQUE (p);", True),
        ("ALTER TABLE users ADD p bigserial; ALTER TABLE users ADD UNIQUE (p);", True),
        ("ALTER TABLE users ADD p int DEFAULT 1; ALTER TABLE users ADD UNIQUE (p);", False),
        ("ALTER TABLE users ADD p text; ALTER TABLE users ADD UNIQUE (p, name);", False),
        (
            "ALTER TABLE users ADD p text;"
            " ALTER TABLE users ADD UNIQUE NULLS NOT DISTINCT (p);",
            False,
        ),
        ("ALTER TABLE users ADD UNIQUE (id, name);", True),
    ],
)
def test_where_the_old_version_can_write_none_it_is_there_before_the_rollout(
    train: str, early: bool
) -> None:
    answer = ask(train)

    assert answer.refusals == ()
    assert answer.phases[-1] == ("validate" if early else "contract")


def test_an_index_that_is_there_becomes_the_constraint() -> None:
    table = schemas.users(indexes=(*schemas.users().indexes, with_index()))
    answer = ask("ALTER TABLE users ADD UNIQUE USING INDEX i;", schemas.snapshot(table))
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.serves == BOTH
    assert step.sql == ("ALTER TABLE public.users ADD CONSTRAINT i UNIQUE USING INDEX i",)
    assert step.undo[-1] == with_index().definition  # type: ignore[index]  # it can be undone
    assert answer.hazards == ()


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (with_index(constraint="i"), "belongs to the constraint i"),
        (with_index(unique=False), "is not unique"),
        (with_index(predicate="(id > 1)"), "is not unique, or is partial"),
        (with_index(valid=False), "is INVALID"),
        (with_index(name="another"), "has no index i"),
    ],
    ids=["of a constraint", "not unique", "partial", "invalid", "missing"],
)
def test_an_index_that_cannot_become_it_is_refused(index: Index, said: str) -> None:
    table = schemas.users(indexes=(index,))
    answer = ask("ALTER TABLE users ADD UNIQUE USING INDEX i;", schemas.snapshot(table))

    assert said in answer.refusals[0]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UNIQUE (gone)", "users has no column gone"),
        ("UNIQUE (email) INCLUDE (gone)", "users has no column gone"),
        ("CONSTRAINT users UNIQUE (email)", "its index needs the name users"),
        ("CONSTRAINT users_pkey UNIQUE (email)", "already has a constraint users_pkey"),
        ("UNIQUE (id, email WITHOUT OVERLAPS)", "has neither WITHOUT OVERLAPS"),
    ],
)
def test_what_would_fail_is_refused(statement: str, said: str) -> None:
    assert said in ask(f"ALTER TABLE users ADD {statement};").refusals[0]


@pytest.mark.parametrize("kind", ["partitioned table", "foreign table"])
def test_on_other_tables_it_is_refused(kind: str) -> None:
    table = schemas.users(kind=kind, partition_key="RANGE (id)", columns=columns())

    assert ask(f"{ADD};", schemas.snapshot(table)).refusals


def columns() -> tuple[Column, ...]:
    return schemas.users().columns


@pytest.mark.parametrize(
    ("sql", "since", "words"),
    [
        ("ALTER TABLE users ADD UNIQUE NULLS NOT DISTINCT (email);", 15, "NULLS NOT DISTINCT"),
        (
            "CREATE UNIQUE INDEX u ON users (email) NULLS NOT DISTINCT;",
            15,
            "NULLS NOT DISTINCT",
        ),
        ("ALTER TABLE users ADD UNIQUE (id, email WITHOUT OVERLAPS);", 18, "WITHOUT OVERLAPS"),
        (
            "ALTER TABLE users ADD FOREIGN KEY (id, PERIOD email)"
            " REFERENCES users (id, PERIOD email);",
            18,
            "PERIOD",
        ),
    ],
)
def test_what_an_older_server_does_not_have_is_named(sql: str, since: int, words: str) -> None:
    older = schemas.snapshot(schemas.users(), version=(since - 1) * 10000)
    newer = schemas.snapshot(schemas.users(), version=since * 10000)

    assert words in ask(sql, older).refusals[0]
    assert "this statement would fail" in ask(sql, older).refusals[0]
    assert "would fail" not in str(ask(sql, newer).refusals)
