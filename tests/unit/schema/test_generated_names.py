from tests.unit import schemas
from zdm.model.schema import Name, Sequence, View
from zdm.schema import generated_names

TABLE = Name("public", "users")


def test_table_columns_and_label_are_joined() -> None:
    assert generated_names.chosen(TABLE, ("a", "b"), "idx", ()) == "users_a_b_idx"


def test_a_number_keeps_names_apart() -> None:
    taken = {"users_a_key", "users_a_key1"}

    assert generated_names.chosen(TABLE, ("a",), "key", taken) == "users_a_key2"


def test_the_longer_part_is_cut_first() -> None:
    name = generated_names.chosen(Name("public", "t" * 50), ("c" * 20,), "not_null", ())

    assert name == "t" * 33 + "_" + "c" * 20 + "_not_null"
    assert len(name) == 63


def test_many_columns_are_cut_after_64_bytes() -> None:
    columns = tuple("abcdefghij" for _ in range(20))

    assert len(generated_names.chosen(TABLE, columns, "idx", ())) == 63


def test_relations_and_constraints_of_the_schema_are_taken() -> None:
    sequence = Sequence(
        name=Name("public", "s"), type="bigint", start=1, increment=1, minimum=1, maximum=9
    )
    view = View(name=Name("public", "v"), kind="view", definition="")
    here = schemas.snapshot(schemas.users(), sequences=(sequence,), views=(view,))

    assert generated_names.taken(here, "public") == {"users", "users_pkey", "s", "v"}
    assert generated_names.taken(here, "other") == frozenset()
