from tests.unit.operations.asking import ask
from tests.unit.operations.type.enum_schemas import labels, moods
from zdm.model.plan import RunSql
from zdm.model.schema import Name, Type

HUE = Type(
    name=Name("public", "hue"),
    kind="enum",
    definition="CREATE TYPE public.hue AS ENUM ('rde', 'blue')",
    labels=("rde", "blue"),
)
RENAME = "ALTER TYPE hue RENAME VALUE 'rde' TO 'red';"


def test_of_a_type_that_nothing_uses_it_is_one_step_with_its_undo() -> None:
    answer = ask(RENAME, moods(HUE))
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.slugs == ["rename_enum_value"]
    assert answer.phases == ["expand"]
    assert answer.sql == ["""ALTER TYPE "public"."hue" RENAME VALUE 'rde' TO 'red'"""]
    assert step.undo == ("""ALTER TYPE "public"."hue" RENAME VALUE 'red' TO 'rde'""",)
    assert answer.hazards == ()


def test_the_snapshot_has_the_new_label() -> None:
    assert labels(ask(RENAME, moods(HUE)).after, "hue") == ("red", "blue")


def test_of_a_type_that_this_train_makes_columns_do_not_count() -> None:
    sql = f"CREATE TYPE hue AS ENUM ('rde'); ALTER TABLE users ADD COLUMN hue hue; {RENAME}"

    assert ask(sql, moods()).slugs == ["new_object", "add_column", "rename_enum_value"]


def test_a_label_of_a_column_in_use_is_refused_with_the_way_in_two_releases() -> None:
    (refusal,) = ask("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';", moods()).refusals

    assert "the old version, which knows only the former label, fails" in refusal
    assert "users.mood" in refusal


def test_a_label_that_is_there_is_refused() -> None:
    (refusal,) = ask("ALTER TYPE hue RENAME VALUE 'rde' TO 'blue';", moods(HUE)).refusals

    assert "already has the label 'blue'" in refusal
