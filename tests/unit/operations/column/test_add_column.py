import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, OLD_ONLY, Backfill, RunSql, TableLock
from zdm.model.schema import Column, Function, Name, Type, Volatility

TEAMS = schemas.users(name=Name("public", "teams"))
JOINED = "teams.id FROM teams WHERE teams.id = users.id"


@pytest.mark.parametrize(
    "definition",
    [
        "age integer",
        "age integer DEFAULT 18 NOT NULL",
        "age timestamptz NOT NULL DEFAULT now()",
        "age timestamptz DEFAULT CURRENT_TIMESTAMP",
        "age text COLLATE \"C\" DEFAULT lower('A')",
        "age bigint DEFAULT steady(4)",
    ],
)
def test_a_quick_column_is_the_authors_statement(definition: str) -> None:
    steady = Function(
        name=Name("public", "steady"),
        arguments="bigint",
        definition="",
        language="sql",
        volatility=Volatility.IMMUTABLE,
    )
    answer = ask(
        f"ALTER TABLE users ADD COLUMN {definition};",
        schemas.snapshot(schemas.users(), functions=(steady,)),
    )
    (step,) = answer.steps

    assert answer.sql == [f"ALTER TABLE users ADD COLUMN {definition}"]
    assert step.serves == BOTH
    assert step.locks == (TableLock(table=schemas.USERS, mode=LockMode.ACCESS_EXCLUSIVE),)
    assert isinstance(step, RunSql)
    assert step.undo == ('ALTER TABLE "public"."users" DROP COLUMN IF EXISTS "age"',)


@pytest.mark.parametrize(
    "default",
    ["gen_random_uuid()::text", "clock_timestamp()::text", "nobody_knows(1)", "unsteady()"],
)
def test_a_volatile_default_is_set_afterwards_and_filled(default: str) -> None:
    unsteady = Function(
        name=Name("public", "unsteady"),
        arguments="",
        definition="",
        language="sql",
        volatility=Volatility.VOLATILE,
    )
    answer = ask(
        f"ALTER TABLE users ADD COLUMN token text DEFAULT {default};",
        schemas.snapshot(schemas.users(), functions=(unsteady,)),
    )

    assert answer.phases == ["expand", "backfill"]
    assert answer.sql[0] == "ALTER TABLE public.users ADD COLUMN token text"
    assert "SET DEFAULT" in answer.sql[1]
    assert [step.serves for step in answer.steps] == [OLD_ONLY, BOTH]


def test_a_volatile_default_with_not_null_is_proved() -> None:
    answer = ask("ALTER TABLE users ADD token uuid DEFAULT gen_random_uuid() NOT NULL;")
    column = answer.after.tables[0].column("token")

    assert answer.phases == ["expand", "backfill", "validate", "validate", "validate"]
    assert column is not None
    assert column.not_null


def test_the_name_of_an_inline_not_null_is_kept_on_18() -> None:
    answer = ask(
        "ALTER TABLE users ADD token uuid DEFAULT gen_random_uuid() CONSTRAINT has NOT NULL;",
        schemas.snapshot(schemas.users(), version=180004),
    )

    assert 'ADD CONSTRAINT "has" NOT NULL "token" NOT VALID' in answer.sql[2]


def test_serial_gets_its_sequence_under_postgresqls_name() -> None:
    answer = ask("ALTER TABLE users ADD COLUMN number smallserial;")
    (sequence,) = answer.after.sequences

    assert answer.sql[:3] == [
        'CREATE SEQUENCE "public"."users_number_seq" AS smallint',
        "ALTER TABLE public.users ADD COLUMN number smallint",
        'ALTER SEQUENCE "public"."users_number_seq" OWNED BY "public"."users"."number"',
    ]
    assert (sequence.owner_table, sequence.owner_column) == (schemas.USERS, "number")


def test_add_fill_and_not_null_are_one_operation() -> None:
    answer = ask(
        "ALTER TABLE users ADD COLUMN host text;"
        "CREATE INDEX users_host ON users (host);"
        "UPDATE users SET host = split_part(email, '@', 2);"
        "ALTER TABLE users ALTER COLUMN host SET NOT NULL;"
    )
    fill = next(step for step in answer.steps if isinstance(step, Backfill))

    assert answer.slugs == ["add_column", "create_index"]
    assert answer.operations[0].title == "add users.host and fill it"
    assert fill.differs.startswith('"host" IS DISTINCT FROM CAST(split_part')
    assert fill.key == ("id",)
    assert answer.phases[:6] == ["expand", "backfill", *["validate"] * 3, "contract"]


def test_a_constant_fill_only_looks_for_null() -> None:
    answer = ask(
        "ALTER TABLE users ADD COLUMN state text;"
        "UPDATE users SET state = 'new' WHERE users.state IS NULL;"
    )
    fill = next(step for step in answer.steps if isinstance(step, Backfill))

    assert fill.differs == '"state" IS NULL'
    assert answer.phases == ["expand", "backfill", "contract"]
    assert any("inserted with users.state NULL" in h.message for h in answer.hazards)


def test_a_default_proves_a_set_not_null_of_the_same_train() -> None:
    answer = ask(
        "ALTER TABLE users ADD COLUMN state text DEFAULT 'new';"
        "ALTER TABLE users ALTER state SET NOT NULL;"
    )

    assert answer.slugs == ["add_column"]
    assert answer.phases == ["expand", "validate", "validate", "validate"]


@pytest.mark.parametrize(
    "between",
    [
        "UPDATE users SET state = 'b', name = 'c';",
        "UPDATE users SET state = NULL;",
        "UPDATE users SET state = 'b' WHERE id > 4;",
        "UPDATE users SET state = now()::text || email;",
        "UPDATE users SET state = other;",
    ],
)
def test_another_update_is_not_the_fill_of_the_column(between: str) -> None:
    answer = ask(
        "ALTER TABLE users ADD COLUMN state text;"
        "ALTER TABLE users ADD COLUMN other text;" + between
    )

    assert answer.operations[0].title == "add users.state"


def test_references_takes_a_lock_on_the_parent() -> None:
    answer = ask(
        "ALTER TABLE users ADD team_id bigint REFERENCES teams (id);",
        schemas.snapshot(schemas.users(), TEAMS),
    )

    assert [(lock.table.name, lock.mode) for lock in answer.steps[0].locks] == [
        ("teams", LockMode.SHARE_ROW_EXCLUSIVE),
        ("users", LockMode.ACCESS_EXCLUSIVE),
    ]
    assert answer.after.table(schemas.USERS).constraint("users_team_id_fkey")  # type: ignore[union-attr]


def test_a_sub_command_of_several_is_built_alone() -> None:
    answer = ask(
        "ALTER TABLE users ADD a integer NULL, DROP COLUMN name, ADD b integer PRIMARY KEY;"
    )

    assert answer.sql[0] == "ALTER TABLE public.users ADD COLUMN a int NULL"
    assert answer.refusals[0].startswith("users.b: an inline PRIMARY KEY")


def test_if_not_exists_of_a_column_that_is_there_does_nothing() -> None:
    answer = ask("ALTER TABLE users ADD COLUMN IF NOT EXISTS email text;")

    assert answer.steps == ()
    assert answer.hazards == ()
    assert answer.operations[0].title == "add users.email (already exists)"


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("a integer NOT NULL", "NOT NULL without a default"),
        ("a integer PRIMARY KEY", "inline PRIMARY KEY"),
        ("a text GENERATED ALWAYS AS (lower(email)) STORED", "stored generated"),
        ("a text GENERATED ALWAYS AS (lower(email)) VIRTUAL NOT NULL", "NOT NULL"),
        ("a positive", "domain public.positive has constraints"),
        ("email text", "already has a column email"),
    ],
)
def test_what_would_block_the_table_is_refused(definition: str, reason: str) -> None:
    positive = Type(
        name=Name("public", "positive"), kind="domain", definition="", constrained=True
    )
    answer = ask(
        f"ALTER TABLE users ADD COLUMN {definition};",
        schemas.snapshot(schemas.users(), types=(positive,)),
    )

    assert len(answer.refusals) == 1
    assert reason in answer.refusals[0]


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("a integer CHECK (a > 0)", "inline CHECK"),
        ("a integer UNIQUE", "inline UNIQUE"),
        ("a bigint DEFAULT 1 REFERENCES users (id)", "REFERENCES with a default"),
    ],
)
def test_a_constraint_of_a_column_that_may_be_there_stays_inline(
    definition: str, reason: str
) -> None:
    answer = ask(
        "-- zdm: run in expand -- reviewed\nDO 'BEGIN END';\n"
        f"ALTER TABLE users ADD COLUMN IF NOT EXISTS {definition};"
    )

    assert len(answer.refusals) == 1
    assert reason in answer.refusals[0]


def test_a_table_that_is_not_there_is_refused() -> None:
    assert ask("ALTER TABLE missing ADD a text;").refusals == (
        "there is no table missing in the schema, so this statement would fail",
    )


def test_the_trigger_compares_images_where_equality_is_not_identity() -> None:
    amount = Column(name="amount", type="numeric")
    answer = ask(
        "ALTER TABLE users ADD cents numeric; UPDATE users SET cents = amount * 100;",
        schemas.snapshot(schemas.users(amount)),
    )

    assert "record_image_ne" in answer.sql[1]
    assert "IS DISTINCT FROM" not in answer.sql[1]


def test_several_quick_columns_of_one_statement_are_one_step() -> None:
    sql = "ALTER TABLE users ADD a text, ADD b bigint REFERENCES teams (id) NULL"
    answer = ask(sql + ";", schemas.snapshot(schemas.users(), TEAMS))
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.operations[0].title == "add users: a, b"
    assert step.sql == (sql,)
    assert len(step.locks) == 2
    assert step.undo == (
        'ALTER TABLE "public"."users" DROP COLUMN IF EXISTS "b"',
        'ALTER TABLE "public"."users" DROP COLUMN IF EXISTS "a"',
    )
    assert len(answer.hazards) == 1
    assert answer.after.table(schemas.USERS).column("b")  # type: ignore[union-attr]


def test_a_column_that_is_filled_stands_alone() -> None:
    answer = ask("ALTER TABLE users ADD a text, ADD b text; UPDATE users SET a = email;")

    assert [operation.title for operation in answer.operations] == [
        "add users.a and fill it",
        "add users.b",
    ]


GIVEN = "-- zdm: default country = 'DE'\nALTER TABLE users ADD COLUMN country char(2) NOT NULL;"


def test_a_default_for_the_old_version_is_dropped_in_the_contract() -> None:
    answer = ask(GIVEN)

    assert answer.phases == ["expand", "contract"]
    assert answer.sql[0].endswith("""country char(2) NOT NULL DEFAULT 'DE'""")
    assert answer.sql[1] == 'ALTER TABLE "public"."users" ALTER COLUMN "country" DROP DEFAULT'
    assert answer.steps[1].serves == NEW_ONLY
    assert "so do inserts without it; after that they fail" in answer.hazards[1].message
    assert answer.after.tables[0].require_column("country").default is None


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("lower(email)", "must be a value of its own"),
        ("NULL", "must be a value of its own"),
        ("gen_random_uuid()", "is volatile"),
    ],
)
def test_what_cannot_be_such_a_default_is_refused(value: str, fact: str) -> None:
    (refusal,) = ask(GIVEN.replace("'DE'", value)).refusals

    assert fact in refusal


@pytest.mark.parametrize("ending", ["", " NOT NULL DEFAULT 'FR'"])
def test_such_a_default_has_no_effect_where_none_is_missing(ending: str) -> None:
    answer = ask(GIVEN.replace(" NOT NULL", ending))

    assert "has no effect on this statement" in answer.refusals[0]


DECLARED = (
    "ALTER TABLE users ADD COLUMN copy text; UPDATE users SET copy = email;"
    "ALTER TABLE users ALTER copy SET NOT NULL;"
)


def test_an_update_that_makes_the_source_null_leaves_a_column_that_may_not_be() -> None:
    kept = ask(DECLARED + "ALTER TABLE users ALTER email DROP NOT NULL;")
    function = next(sql for sql in kept.sql if "FUNCTION" in sql)

    assert 'NEW."email" IS DISTINCT FROM OLD."email") AND (new.email) IS NOT NULL' in function
    assert kept.phases.count("contract") == 1


def test_as_long_as_the_source_is_never_null_nothing_is_asked() -> None:
    assert not [sql for sql in ask(DECLARED).sql if "(new.email) IS NOT NULL" in sql]


@pytest.mark.parametrize(
    ("definition", "value", "constraint", "left"),
    [
        ("integer", "length(email)", "ADD FOREIGN KEY (n) REFERENCES teams", ""),
        ("integer", JOINED, "ADD FOREIGN KEY (n) REFERENCES teams", "NULL"),
        (
            "integer DEFAULT 1",
            "length(email)",
            "ADD FOREIGN KEY (n) REFERENCES teams",
            "1",
        ),
        ("integer DEFAULT 1", "length(email)", "ALTER COLUMN n SET NOT NULL", "1"),
        ("integer DEFAULT 1", "length(email)", "ADD CHECK (n > 1)", ""),
    ],
)
def test_what_rows_of_the_old_version_have_is_said(
    definition: str, value: str, constraint: str, left: str
) -> None:
    train = (
        f"ALTER TABLE users ADD n {definition}; UPDATE users SET n = {value};"
        f"ALTER TABLE users {constraint};"
    )
    answer = ask(train, schemas.snapshot(schemas.users(), TEAMS))
    said = [h.message for h in answer.hazards if "after the UPDATE have" in h.message]

    assert answer.refusals == ()
    assert [f"have {left} in n" in one for one in said] == ([True] if left else [])


@pytest.mark.parametrize(("default", "stops"), [("DEFAULT 0 ", True), ("", False)])
def test_a_default_that_refers_to_no_row_does_not_stay(default: str, *, stops: bool) -> None:
    answer = ask(
        f"ALTER TABLE users ADD COLUMN team int {default}REFERENCES teams;"
        " UPDATE users SET team = 2 WHERE id = 1;",
        schemas.snapshot(schemas.users(), TEAMS),
    )
    (found,) = [h for h in answer.hazards if "after the UPDATE have" in h.message]

    assert ("stop the contract" in found.message) is stops
