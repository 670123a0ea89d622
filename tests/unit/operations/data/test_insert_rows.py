import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import Irreversible, RunSql
from zdm.model.schema import Constraint, Name

INSERT = "INSERT INTO users (id, email) VALUES (1, 'a') ON CONFLICT DO NOTHING;"


def test_rows_that_are_written_out_are_inserted_once() -> None:
    answer = ask(INSERT)
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert step.sql == (INSERT.removesuffix(";"),)
    assert step.probe == ""
    assert step.in_transaction
    assert isinstance(step.undo, Irreversible)
    assert answer.operations[0].title == "insert rows into users"
    assert "a rollback does not delete them" in answer.hazards[0].message
    assert answer.after == schemas.snapshot(schemas.users())


def test_the_parents_of_its_foreign_keys_are_locked() -> None:
    key = Constraint(
        name="k",
        kind="foreign key",
        columns=("id",),
        definition="",
        references=Name("public", "teams"),
    )
    teams = schemas.users(name=Name("public", "teams"))
    answer = ask(INSERT, schemas.snapshot(schemas.users(constraints=(key,)), teams))

    assert [(lock.table.name, lock.mode) for lock in answer.steps[0].locks] == [
        ("teams", LockMode.ROW_SHARE),
        ("users", LockMode.ROW_EXCLUSIVE),
    ]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO users SELECT * FROM teams;", "copies rows at one moment"),
        ("INSERT INTO users SELECT 1;", "copies rows at one moment"),
        ("INSERT INTO users VALUES ((SELECT max(id) FROM teams));", "copies rows"),
        (
            "INSERT INTO users VALUES (1) ON CONFLICT (id) DO UPDATE SET email = 'b';",
            "changes rows",
        ),
        ("INSERT INTO gone VALUES (1);", "there is no table gone"),
    ],
)
def test_what_reads_or_changes_rows_is_refused(sql: str, reason: str) -> None:
    answer = ask(sql)

    assert len(answer.refusals) == 1
    assert reason in answer.refusals[0]


@pytest.mark.parametrize(
    ("sql", "count"), [(INSERT, 1), ("INSERT INTO users (id, email) VALUES (1, 'a');", 2)]
)
def test_rows_with_keys_that_cannot_be_inserted_again_are_a_hazard(
    sql: str, count: int
) -> None:
    hazards = ask(sql).hazards

    assert len(hazards) == count
    assert ("a second run may fail" in hazards[-1].message) == (count == 2)
