import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.schema import Name, Sequence


def sequence(**details: object) -> Sequence:
    values: dict[str, object] = {
        "type": "bigint",
        "start": 1,
        "increment": 10,
        "minimum": 1,
        "maximum": 2**63 - 1,
        **details,
    }
    return Sequence(name=Name("public", "s"), **values)  # type: ignore[arg-type]


def asked(sql: str, **details: object) -> Answer:
    return ask(sql, schemas.snapshot(schemas.users(), sequences=(sequence(**details),)))


@pytest.mark.parametrize(
    ("option", "phase"),
    [
        ("INCREMENT BY 20", "expand"),
        ("INCREMENT BY 5", "contract"),
        ("MINVALUE 0", "expand"),
        ("MAXVALUE 1000", "contract"),
        ("CYCLE", "expand"),
        ("CACHE 5 START 3", "expand"),
        ("CACHE 5 MAXVALUE 1000", "contract"),
        ("OWNED BY users.id", "expand"),
    ],
)
def test_what_grows_comes_before_the_rollout(option: str, phase: str) -> None:
    assert asked(f"ALTER SEQUENCE s {option};").phases == [phase]


def test_an_owner_is_taken_after_it() -> None:
    owned = {"owner_table": Name("public", "users"), "owner_column": "id"}

    assert asked("ALTER SEQUENCE s OWNED BY NONE;", **owned).phases == ["contract"]


def test_another_type_moves_the_bounds_at_its_ends_alone() -> None:
    answer = asked("ALTER SEQUENCE s AS bigint;", type="integer", maximum=2**31 - 1)
    (after,) = answer.after.sequences

    assert (after.type, after.minimum, after.maximum) == ("bigint", 1, 2**63 - 1)
    assert asked("ALTER SEQUENCE s AS integer;", maximum=900).after.sequences[0].maximum == 900


def test_a_sequence_of_the_train_has_its_options_and_is_not_in_use() -> None:
    answer = ask("CREATE SEQUENCE s INCREMENT -2 CACHE 4; ALTER SEQUENCE s INCREMENT 1;")
    (made,) = answer.after.sequences

    assert answer.phases == ["expand", "expand"]
    assert (made.minimum, made.maximum, made.start, made.cache) == (-(2**63), -1, -1, 4)


def test_what_changes_nothing_has_no_step() -> None:
    assert asked("ALTER SEQUENCE s INCREMENT 10;").steps == ()


def test_a_sequence_that_is_refused_stays_as_it_was() -> None:
    answer = asked("ALTER SEQUENCE s MINVALUE 7;")

    assert "START 1 is not in 7" in answer.refusals[0]
    assert answer.after.sequences[0].minimum == 1
