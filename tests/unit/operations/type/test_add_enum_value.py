import pytest

from tests.unit.operations.asking import ask
from tests.unit.operations.type.enum_schemas import MOOD, labels, moods
from zdm.model.plan import BOTH, EnumLabel, Irreversible, RunSql
from zdm.model.schema import Name, Type

ADD = "ALTER TYPE mood ADD VALUE 'glad';"


def test_it_is_one_step_before_the_rollout_without_a_lock() -> None:
    answer = ask(ADD, moods())
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.slugs == ["add_enum_value"]
    assert (answer.phases, step.serves, step.locks) == (["expand"], BOTH, ())
    assert answer.sql == ["""ALTER TYPE "public"."mood" ADD VALUE IF NOT EXISTS 'glad'"""]


def test_the_label_stays_when_it_is_rolled_back() -> None:
    (step,) = ask(ADD, moods()).steps

    assert isinstance(step, RunSql)
    assert isinstance(step.undo, Irreversible)
    assert step.undo.label == EnumLabel(type=MOOD.name, label="glad")
    assert step.undo.harmless


@pytest.mark.parametrize(
    ("place", "left"),
    [
        ("", ("sad", "happy", "glad")),
        (" BEFORE 'sad'", ("glad", "sad", "happy")),
        (" AFTER 'sad'", ("sad", "glad", "happy")),
    ],
)
def test_the_label_gets_its_place(place: str, left: tuple[str, ...]) -> None:
    answer = ask(f"ALTER TYPE public.mood ADD VALUE IF NOT EXISTS 'glad'{place};", moods())

    assert answer.sql[0].endswith(f"'glad'{place}")
    assert labels(answer.after) == left


def test_the_old_version_may_meet_the_label_in_these_columns() -> None:
    (hazard,) = ask(ADD, moods()).hazards

    assert "does not know the label 'glad' of mood (users.mood)" in hazard.message
    assert "reads the label first" in hazard.remedy


def test_what_gives_it_to_rows_before_the_rollout_is_named() -> None:
    sql = f"{ADD}\nUPDATE users SET mood = 'glad' WHERE mood = 'happy';"
    messages = [hazard.message for hazard in ask(sql, moods()).hazards]

    assert "migration.sql:2:1 may give rows 'glad' before the rollout" in messages[1]


def test_a_label_that_is_there_is_nothing_to_do() -> None:
    answer = ask("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad';", moods())

    assert answer.slugs == ["add_enum_value"]
    assert answer.steps == ()
    assert answer.hazards == ()


def test_a_type_of_this_train_goes_with_its_create() -> None:
    sql = "CREATE TYPE hue AS ENUM ('red'); ALTER TYPE hue ADD VALUE 'blue';"
    step = ask(sql, moods()).steps[-1]

    assert isinstance(step, RunSql)
    assert step.undo == ()


def test_a_new_column_may_have_it_as_its_default() -> None:
    sql = f"{ADD} ALTER TABLE users ADD COLUMN later mood NOT NULL DEFAULT 'glad';"
    answer = ask(sql, moods())

    assert answer.slugs == ["add_enum_value", "add_column"]
    assert answer.phases == ["expand", "expand"]
    assert len(answer.hazards) == 2


@pytest.mark.parametrize(
    ("sql", "fact"),
    [
        ("ALTER TYPE mood ADD VALUE 'sad';", "already has the label 'sad'"),
        ("ALTER TYPE mood ADD VALUE 'x' AFTER 'y';", "has no label 'y'"),
        ("ALTER TYPE none ADD VALUE 'x';", "there is no type"),
        ("ALTER TYPE word ADD VALUE 'x';", "is a domain, not an enum"),
        (f"ALTER TYPE mood ADD VALUE '{'ü' * 32}';", "longer than 63 bytes"),
        ("DO $$ BEGIN CALL f(); END $$; ALTER TYPE none ADD VALUE 'x';", "is unknown after"),
    ],
)
def test_what_the_server_would_refuse_is_refused(sql: str, fact: str) -> None:
    word = Type(
        name=Name("public", "word"), kind="domain", definition="CREATE DOMAIN word AS text"
    )

    assert fact in ask(sql, moods(word)).refusals[-1]
