import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from tests.unit.operations.type.enum_schemas import MOOD, labels, moods
from zdm.model.schema import Column, Dependent, Function, Name, Snapshot, Volatility

DEFAULT = "'sad'::public.mood"
CHANGE = "ALTER TABLE users ALTER mood TYPE mood USING mood::text::mood;"


def swap(labels: str, change: str = CHANGE) -> str:
    """Renamed first."""
    return (
        f"ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ({labels});"
        f" {change} DROP TYPE mood_old;"
    )


MADE_FIRST = """
CREATE TYPE mood_new AS ENUM ('sad', 'glad', 'happy');
ALTER TABLE users ALTER mood TYPE mood_new USING (mood::text::mood_new);
ALTER TYPE mood RENAME TO mood_old; ALTER TYPE mood_new RENAME TO mood; DROP TYPE mood_old;
"""
DROPPED_FIRST = """
CREATE TYPE mood_new AS ENUM ('sad', 'glad', 'happy');
ALTER TABLE users ALTER mood TYPE mood_new USING mood::varchar::mood_new;
DROP TYPE mood; ALTER TYPE mood_new RENAME TO mood;
"""


@pytest.mark.parametrize("sql", [swap("'sad', 'glad', 'happy'"), MADE_FIRST, DROPPED_FIRST])
def test_labels_that_are_added_are_added_in_place(sql: str) -> None:
    answer = ask(sql, moods())

    assert answer.slugs == ["swap_enum"]
    assert answer.refusals == ()
    assert answer.sql == [
        """ALTER TYPE "public"."mood" ADD VALUE IF NOT EXISTS 'glad' AFTER 'sad'"""
    ]
    assert labels(answer.after) == ("sad", "glad", "happy")


def test_each_label_has_a_neighbour_that_is_there() -> None:
    answer = ask(swap("'a', 'b', 'sad', 'c', 'd', 'happy', 'e'"), moods())

    assert [text.split("IF NOT EXISTS ")[1] for text in answer.sql] == [
        "'a' BEFORE 'sad'",
        "'b' AFTER 'a'",
        "'c' AFTER 'sad'",
        "'d' AFTER 'c'",
        "'e' AFTER 'happy'",
    ]


def test_a_default_that_comes_back_is_part_of_it() -> None:
    change = (
        f"ALTER TABLE users ALTER mood DROP DEFAULT; {CHANGE}"
        " ALTER TABLE users ALTER mood SET DEFAULT 'sad';"
    )
    answer = ask(swap("'sad', 'happy', 'glad'", change), moods(default=DEFAULT))

    assert answer.slugs == ["swap_enum"]


def test_the_statements_around_defaults_may_come_first_and_last() -> None:
    sql = (
        "ALTER TABLE users ALTER mood DROP DEFAULT;"
        + swap("'sad', 'happy', 'glad'")
        + "ALTER TABLE users ALTER mood SET DEFAULT 'sad'::mood;"
    )

    assert ask(sql, moods(default=DEFAULT)).slugs == ["swap_enum"]


def test_another_default_is_a_change_of_its_own() -> None:
    change = (
        f"ALTER TABLE users ALTER mood DROP DEFAULT; {CHANGE}"
        " ALTER TABLE users ALTER mood SET DEFAULT 'happy';"
    )
    answer = ask(swap("'sad', 'happy', 'glad'", change), moods(default=DEFAULT))

    assert answer.slugs == ["swap_enum", "change_default"]
    assert "ADD VALUE" in answer.sql[0]


def test_the_type_is_in_use_as_before() -> None:
    sql = swap("'sad', 'happy', 'glad'") + "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';"
    answer = ask(sql, moods())

    assert answer.slugs == ["swap_enum"]
    assert "the old version, which knows only the former label" in answer.refusals[0]


def test_the_same_labels_again_are_nothing_to_do() -> None:
    answer = ask(swap("'sad', 'happy'"), moods())

    assert answer.slugs == ["swap_enum"]
    assert answer.steps == ()


def test_what_else_the_train_says_is_planned_beside_it() -> None:
    change = f"ALTER TABLE users ADD COLUMN n int; {CHANGE}"
    answer = ask(swap("'sad', 'happy', 'glad'", change), moods())

    assert answer.slugs == ["swap_enum", "add_column"]


@pytest.mark.parametrize(
    ("sql", "fact"),
    [
        (swap("'sad'"), "has no 'happy', which the old version may still write"),
        (swap("'sad', 'glad'"), "has 'glad' instead of 'happy'"),
        (swap("'happy', 'sad'"), "has its labels in another order"),
    ],
)
def test_what_does_more_than_add_labels_is_one_refusal(sql: str, fact: str) -> None:
    (refusal,) = ask(sql, moods()).refusals

    assert fact in refusal


def seen() -> Snapshot:
    """A view reads the column."""
    table = moods().require_table(schemas.USERS)
    seen = Dependent(column="mood", kind="rule", name="public.shown", blocks=True)
    return replace(moods(), tables=(replace(table, dependents=(seen,)),))


def test_what_the_new_type_or_the_server_would_not_keep_is_refused() -> None:
    more = swap("'sad', 'happy', 'glad'")
    commented = replace(moods(), types=(replace(MOOD, comment="x"),))

    assert "neither the comment nor the grants" in ask(more, commented).refusals[0]
    assert "cannot be changed, because these depend on it" in ask(more, seen()).refusals[0]


@pytest.mark.parametrize(
    "sql",
    [
        swap("'sad', 'happy', 'glad'", ""),
        swap("'sad', 'happy', 'glad'", CHANGE.replace("mood::text", "lower(mood::text)")),
        "ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('sad');",
    ],
)
def test_what_is_no_whole_swap_is_refused_piece_by_piece(sql: str) -> None:
    answer = ask(sql, moods())

    assert "swap_enum" not in answer.slugs
    assert answer.refusals


def test_a_column_of_another_type_is_left_alone() -> None:
    table = schemas.users(
        Column(name="mood", type="public.mood"), Column(name="moods", type="public.mood[]")
    )
    both = replace(moods(), tables=(table,))
    change = f"{CHANGE} ALTER TABLE users ALTER moods TYPE mood[] USING moods::text::mood[];"

    assert ask(swap("'sad', 'happy', 'glad'"), both).refusals
    assert ask(swap("'sad', 'happy', 'glad'", change), both).slugs == ["swap_enum"]


@pytest.mark.parametrize("drop", ["", "DROP FUNCTION f(mood);"])
def test_a_function_of_the_old_type_keeps_it(drop: str) -> None:
    found = moods()
    of_it = Function(
        name=Name("public", "f"),
        arguments="m public.mood",
        definition="",
        language="sql",
        volatility=Volatility.STABLE,
    )
    refusals = ask(drop + DROPPED_FIRST, replace(found, functions=(of_it,))).refusals

    assert any("these need it: function f" in one for one in refusals) is not bool(drop)
