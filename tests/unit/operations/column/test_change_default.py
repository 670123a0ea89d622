import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, RunSql
from zdm.model.schema import Column, Name, Volatility

ALTER = 'ALTER TABLE "public"."users" ALTER COLUMN'
STATE = Column(name="state", type="text", not_null=True, default="'new'::text")


def with_state(sql: str) -> Answer:
    return ask(sql, schemas.snapshot(schemas.users(STATE)))


def only(answer: Answer) -> RunSql:
    (step,) = answer.steps
    assert isinstance(step, RunSql)
    return step


def test_a_first_default_comes_in_the_expand_and_undo_drops_it() -> None:
    answer = ask("ALTER TABLE users ALTER COLUMN name SET DEFAULT 'nobody';")
    step = only(answer)

    assert answer.slugs == ["change_default"]
    assert step.phase == "expand"
    assert step.sql == (f"{ALTER} \"name\" SET DEFAULT 'nobody'",)
    assert step.undo == (f'{ALTER} "name" DROP DEFAULT',)
    assert step.serves == BOTH
    assert [lock.mode for lock in step.locks] == [LockMode.ACCESS_EXCLUSIVE]
    assert "atthasdef" in step.probe
    assert (
        "from the expand on, a row that either version inserts without users.name gets 'nobody'"
        in answer.hazards[0].message
    )
    assert len(answer.hazards) == 2


def test_undo_sets_the_former_default_again_and_the_journal_alone_knows() -> None:
    step = only(with_state("ALTER TABLE users ALTER state SET DEFAULT 'fresh';"))

    assert step.undo == (f"{ALTER} \"state\" SET DEFAULT 'new'::text",)
    assert step.probe == ""


def test_dropping_a_default_waits_until_the_old_version_is_gone() -> None:
    answer = with_state("ALTER TABLE users ALTER state DROP DEFAULT;")
    step = only(answer)
    column = answer.after.tables[0].column("state")

    assert step.phase == "contract"
    assert step.serves == NEW_ONLY
    assert step.sql == (f'{ALTER} "state" DROP DEFAULT',)
    assert step.undo == (f"{ALTER} \"state\" SET DEFAULT 'new'::text",)
    assert answer.hazards[0].message == (
        "after the contract an INSERT without users.state fails"
    )
    assert column is not None
    assert column.default is None


@pytest.mark.parametrize("null", ["NULL", "NULL::text", "CAST(NULL AS varchar(5))"])
def test_a_default_of_null_is_a_drop(null: str) -> None:
    nullable = Column(name="state", type="text", default="'new'::text")
    answer = ask(
        f"ALTER TABLE users ALTER state SET DEFAULT {null};",
        schemas.snapshot(schemas.users(nullable)),
    )
    step = only(answer)

    assert step.phase == "contract"
    assert step.probe == ""
    assert answer.hazards[0].message.endswith("stores NULL")


def test_a_default_of_null_where_there_is_none_hurts_nobody() -> None:
    answer = ask("ALTER TABLE users ALTER name SET DEFAULT NULL;")

    assert answer.phases == ["expand"]
    assert answer.hazards == ()


@pytest.mark.parametrize(
    "change", ["name DROP DEFAULT", "state SET DEFAULT 'new'::text"], ids=["drop", "set"]
)
def test_what_is_so_already_is_nothing_to_do(change: str) -> None:
    answer = with_state(f"ALTER TABLE users ALTER {change};")

    assert answer.steps == ()
    assert answer.hazards == ()
    assert answer.operations[0].title.endswith(" (no change)")


def test_several_changes_of_one_statement_are_steps_of_their_own() -> None:
    answer = with_state(
        "ALTER TABLE users ALTER name SET DEFAULT 'x', ALTER state DROP DEFAULT;"
    )

    assert answer.phases == ["expand", "contract"]


def test_a_default_from_a_sequence_names_what_can_go_wrong() -> None:
    answer = ask("ALTER TABLE users ALTER id SET DEFAULT nextval('s'::regclass);")
    column = answer.after.tables[0].column("id")

    assert "USAGE on the sequence" in answer.hazards[-1].message
    assert column is not None
    assert column.default_volatility is Volatility.VOLATILE


def test_a_default_dropped_and_set_again_is_set_once() -> None:
    answer = with_state(
        "ALTER TABLE users ALTER state DROP DEFAULT; CREATE INDEX ON users (state);"
        "ALTER TABLE users ALTER state SET DEFAULT 'fresh';"
    )

    assert answer.slugs == ["change_default", "create_index"]
    assert answer.sql[0] == f"{ALTER} \"state\" SET DEFAULT 'fresh'"


@pytest.mark.parametrize(
    "between",
    [
        "UPDATE users SET state = 'y';",
        "ALTER TABLE users ALTER state DROP DEFAULT;",
    ],
    ids=["update", "drop"],
)
def test_a_default_that_something_between_needs_gone_is_refused(between: str) -> None:
    answer = with_state(
        "ALTER TABLE users ALTER state DROP DEFAULT;"
        + between
        + "ALTER TABLE users ALTER state SET DEFAULT 'fresh';"
    )

    assert "sets it again before it" in answer.refusals[0]


@pytest.mark.parametrize("again", ["", "ALTER TABLE users ALTER state SET DEFAULT 'fresh';"])
@pytest.mark.parametrize("columns", ["", "(email)"])
def test_rows_inserted_behind_the_drop_would_still_get_the_default(
    again: str, columns: str
) -> None:
    answer = with_state(
        f"ALTER TABLE users ALTER state DROP DEFAULT; INSERT INTO users {columns} VALUES (1);"
        + again
    )

    assert answer.refusals[0] == (
        "the default of users.state can be dropped only after the rollout, and"
        " migration.sql:1:45 inserts rows without the column before it"
    )


def test_rows_inserted_with_the_column_do_not_mind() -> None:
    answer = with_state(
        "ALTER TABLE users ALTER state DROP DEFAULT;"
        "INSERT INTO users (email, state) VALUES ('x', 'y');"
    )

    assert answer.slugs == ["change_default", "insert_rows"]


SET = "ALTER TABLE users ALTER mail SET DEFAULT 'x';"


@pytest.mark.parametrize(
    "before",
    [
        "ALTER TABLE users RENAME email TO mail;",
        "ALTER TABLE users ADD mail text; UPDATE users SET mail = lower(email);",
        "ALTER TABLE users ADD mail text; UPDATE users SET mail = email;"
        "ALTER TABLE users DROP email;" + SET,
    ],
    ids=["rename", "fill", "fused, a second one"],
)
def test_a_default_on_a_column_that_a_trigger_computes_is_refused(before: str) -> None:
    answer = ask(before + SET)

    assert len(answer.refusals) == 1
    assert answer.refusals[0].startswith("until the contract a trigger computes users.mail")
    assert "change_default" not in answer.slugs


@pytest.mark.parametrize(
    ("before", "slugs"),
    [
        ("ALTER TABLE users ADD mail text;", ["add_column", "change_default"]),
        (
            "ALTER TABLE users ADD mail text; UPDATE users SET mail = 'y';",
            ["add_column", "change_default"],
        ),
        (
            "ALTER TABLE users ADD mail text; UPDATE users SET mail = email;"
            "ALTER TABLE users DROP email;",
            ["rename_column"],
        ),
    ],
    ids=["new", "filled with a constant", "fused takes it"],
)
def test_a_default_on_another_new_column_is_planned(before: str, slugs: list[str]) -> None:
    answer = ask(before + SET)

    assert answer.refusals == ()
    assert answer.slugs == slugs


def test_a_default_set_before_the_rename_moves_with_it() -> None:
    answer = ask(
        "ALTER TABLE users ALTER email SET DEFAULT 'x'; ALTER TABLE users RENAME email TO mail;"
    )

    assert answer.slugs == ["change_default", "rename_column"]
    assert f"{ALTER} \"mail\" SET DEFAULT 'x'" in answer.sql


def test_a_renamed_column_may_lose_its_default_after_the_rename() -> None:
    answer = with_state(
        "ALTER TABLE users RENAME state TO phase; ALTER TABLE users ALTER phase DROP DEFAULT;"
    )

    assert answer.slugs == ["rename_column", "change_default"]
    assert answer.phases[-1] == "contract"


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (Column(name="c", type="integer", identity="always"), "an identity"),
        (Column(name="c", type="integer", generated="stored", default="1"), "a generated"),
    ],
    ids=["identity", "generated"],
)
def test_a_column_that_has_no_default_is_refused(column: Column, kind: str) -> None:
    answer = ask(
        "ALTER TABLE users ALTER c SET DEFAULT 1;", schemas.snapshot(schemas.users(column))
    )

    assert answer.refusals == (
        f"users.c is {kind} column, which has no default, so this statement would fail",
    )


@pytest.mark.parametrize("how", ["partition_of", "inherits"])
def test_a_table_with_others_below_it_is_refused(how: str) -> None:
    value = schemas.USERS if how == "partition_of" else (schemas.USERS,)
    child = schemas.users(name=Name("public", "users_1"), **{how: value})
    answer = ask(
        "ALTER TABLE users ALTER name SET DEFAULT 'x';",
        schemas.snapshot(schemas.users(), child),
    )

    assert "in its child tables, too (users_1)" in answer.refusals[0]


def test_what_is_not_there_is_refused() -> None:
    answer = ask(
        "ALTER TABLE users ALTER missing DROP DEFAULT; ALTER TABLE gone ALTER a DROP DEFAULT;"
    )

    assert answer.operations == ()
    assert len(answer.refusals) == 2


def test_the_authors_word_for_a_rename_is_no_word_for_a_rename_with_a_trigger() -> None:
    answer = ask(
        "-- zdm: run in expand -- both versions read it by position\n"
        "ALTER TABLE users RENAME email TO mail;\n"
        "ALTER TABLE users ALTER mail SET DEFAULT 'x';"
    )

    assert "rename_column" not in answer.slugs
