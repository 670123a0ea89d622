import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.schema import Column, Constraint

TABLE = schemas.users(
    Column(name="n", type="integer"),
    Column(name="word", type="character varying(20)"),
    constraints=(
        Constraint(name="few", kind="check", columns=("n",), definition="CHECK ((n < 100))"),
        Constraint(
            name="known",
            kind="check",
            columns=("word",),
            definition="CHECK (((word)::text = ANY ((ARRAY['x'::character varying,"
            " 'y'::character varying])::text[])))",
        ),
    ),
)


def dropped(column: str, kind: str, fill: str, check: str) -> list[str]:
    """The CHECKs that go before the rollout."""
    answer = ask(
        f"ALTER TABLE users ADD COLUMN b {kind};\n"
        f"-- zdm: reverse {column} = b::text::{kind}\nUPDATE users SET b = {fill};\n"
        f"ALTER TABLE users ADD CONSTRAINT again CHECK ({check});\n"
        f"ALTER TABLE users DROP COLUMN {column};",
        schemas.snapshot(TABLE),
    )
    assert answer.refusals == ()
    return [step.id for step in answer.steps if step.id.endswith("tolerate")]


@pytest.mark.parametrize(
    ("column", "kind", "fill", "check"),
    [
        ("n", "integer", "n", "b < 100"),
        ("n", "bigint", "n::bigint", "b < 100"),
        ("word", "varchar(20)", "word", "b IN ('x', 'y')"),
    ],
)
def test_the_same_check_on_a_copy_stays(column: str, kind: str, fill: str, check: str) -> None:
    assert dropped(column, kind, fill, check) == []


@pytest.mark.parametrize(
    ("column", "kind", "fill", "check"),
    [
        ("n", "integer", "n", "b < 200"),
        ("n", "integer", "n * 10", "b < 100"),
        ("n", "numeric", "n / 100.0", "b < 100"),
        ("word", "varchar(20)", "upper(word)", "b IN ('x', 'y')"),
    ],
)
def test_another_check_or_one_of_other_values_does_not(
    column: str, kind: str, fill: str, check: str
) -> None:
    assert len(dropped(column, kind, fill, check)) == 1
