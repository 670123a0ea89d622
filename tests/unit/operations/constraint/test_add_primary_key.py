import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import RunSql
from zdm.model.schema import Column, Index, Name, Snapshot, Table

LINES = Name("public", "lines")


def lines(*indexes: Index, not_null: bool = False, version: int = 170004) -> Snapshot:
    columns = (
        Column(name="id", type="bigint", not_null=not_null),
        Column(name="body", type="text"),
    )
    return schemas.snapshot(
        Table(name=LINES, columns=columns, indexes=indexes), version=version
    )


UNIQUE = Index(
    name="i",
    definition="CREATE UNIQUE INDEX i ON public.lines USING btree (id)",
    keys=("id",),
    columns=("id",),
    unique=True,
)
ADD = "ALTER TABLE lines ADD PRIMARY KEY (id);"


def test_not_null_is_proved_first() -> None:
    answer = ask(ADD, lines())

    assert set(answer.phases) == {"contract"}
    assert answer.sql[-2:] == [
        "CREATE UNIQUE INDEX CONCURRENTLY lines_pkey ON public.lines USING btree (id)",
        "ALTER TABLE public.lines ADD CONSTRAINT lines_pkey PRIMARY KEY USING INDEX lines_pkey",
    ]
    assert "SET NOT NULL" in answer.sql[2]
    assert "NULL in id stop the contract" in answer.hazards[0].message


def test_nulls_and_duplicates_are_looked_for_before() -> None:
    steps = [s for s in ask(ADD, lines()).steps if isinstance(s, RunSql)]
    looked = [s.id for s in steps if s.preconditions]

    assert looked == ["lines-id-check", "lines-lines_pkey-index"]


def test_what_an_index_refuses_already_is_there_before_the_rollout() -> None:
    answer = ask(ADD, lines(UNIQUE, not_null=True))

    assert answer.phases == ["validate", "validate"]
    assert answer.hazards == ()


def test_an_index_becomes_the_key_after_not_null() -> None:
    answer = ask("ALTER TABLE lines ADD PRIMARY KEY USING INDEX i;", lines(UNIQUE))

    assert answer.sql[-1].endswith("ADD CONSTRAINT i PRIMARY KEY USING INDEX i")
    assert len(answer.sql) == 5
    assert answer.after.require_table(LINES).primary_key is not None


def test_a_new_column_with_values_of_its_own_can_be_the_key_before_the_rollout() -> None:
    answer = ask(
        "ALTER TABLE lines ADD k bigserial; ALTER TABLE lines ADD PRIMARY KEY (k);", lines()
    )

    assert answer.phases[-2:] == ["validate", "validate"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER TABLE users ADD PRIMARY KEY (email);", "users has a primary key already"),
        ("ALTER TABLE lines ADD PRIMARY KEY (gone);", "lines has no column gone"),
        ("ALTER TABLE gone ADD PRIMARY KEY (id);", "there is no table gone"),
        (
            "ALTER TABLE lines ADD PRIMARY KEY (id, body WITHOUT OVERLAPS);",
            "has neither WITHOUT OVERLAPS",
        ),
    ],
)
def test_what_would_fail_is_refused(statement: str, said: str) -> None:
    both = schemas.snapshot(schemas.users(), lines().tables[0])

    assert said in ask(statement, both).refusals[0]
