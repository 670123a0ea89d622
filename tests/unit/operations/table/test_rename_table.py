import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Publication
from zdm.model.locks import LockMode
from zdm.model.plan import Irreversible, RunSql, TableLock
from zdm.model.schema import (
    Column,
    Constraint,
    Function,
    Index,
    Name,
    Sequence,
    Snapshot,
    Table,
    Trigger,
    Type,
    View,
    Volatility,
)

STATEMENT = "ALTER TABLE users RENAME TO accounts;"
ACCOUNTS = Name("public", "accounts")
CREATE = (
    'CREATE VIEW "public"."users" WITH (security_invoker = true)'
    ' AS SELECT "id", "email", "name" FROM "public"."accounts"'
)


def function(text: str, name: str = "f", arguments: str = "") -> Function:
    return Function(
        name=Name("public", name),
        arguments=arguments,
        definition=f"CREATE OR REPLACE FUNCTION public.{name}({arguments})\nAS $$ {text} $$",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )


def steps(snapshot: Snapshot | None = None) -> tuple[RunSql, RunSql]:
    expand, contract = ask(STATEMENT, snapshot).steps
    assert isinstance(expand, RunSql)
    assert isinstance(contract, RunSql)
    return expand, contract


def test_the_statement_is_recognised() -> None:
    answer = ask(STATEMENT)

    assert answer.slugs == ["rename_table"]
    assert answer.refusals == ()


def test_the_rename_and_the_view_are_one_step_before_the_rollout() -> None:
    answer = ask(STATEMENT)
    expand, contract = steps()

    assert answer.phases == ["expand", "drop"]
    assert expand.sql[:2] == ('ALTER TABLE "public"."users" RENAME TO "accounts"', CREATE)
    assert expand.sql[2].startswith("DO $zdm$")
    assert contract.sql == ('DROP VIEW "public"."users"',)
    assert expand.locks == (TableLock(table=schemas.USERS, mode=LockMode.ACCESS_EXCLUSIVE),)


def test_only_the_first_step_can_be_undone() -> None:
    expand, contract = steps()

    assert isinstance(expand.undo, tuple)
    assert 'DROP VIEW "public"."users";' in expand.undo[0]
    assert 'ALTER TABLE "public"."accounts" RENAME TO "users";' in expand.undo[0]
    assert isinstance(contract.undo, Irreversible)


def test_the_view_has_the_grants_of_the_table() -> None:
    grants = ("app=arw*d/", '"a/b"=r/app', "=r/")
    expand, _ = steps(schemas.snapshot(schemas.users(grants=grants)))

    assert expand.sql[3:] == (
        'GRANT INSERT, SELECT, DELETE ON TABLE "public"."users" TO "app"',
        'GRANT UPDATE ON TABLE "public"."users" TO "app" WITH GRANT OPTION',
        'GRANT SELECT ON TABLE "public"."users" TO "a/b"',
        'GRANT SELECT ON TABLE "public"."users" TO PUBLIC',
    )


def with_grants_on_a_column(version: int = 180000, **details: object) -> Snapshot:
    column = Column(name="phone", type="text", grants=("app=rw/",))
    return schemas.snapshot(schemas.users(column, **details), version=version)


def test_with_grants_on_columns_the_view_has_its_owners_rights() -> None:
    expand, _ = steps(with_grants_on_a_column())

    assert "security_invoker" not in expand.sql[1]
    assert expand.sql[3:] == (
        'GRANT SELECT ("phone"), UPDATE ("phone") ON TABLE "public"."users" TO "app"',
    )
    assert [check.failure[:23] for check in expand.preconditions] == ["the owner of users may "]


def test_before_15_the_view_has_its_owners_rights() -> None:
    expand, _ = steps(schemas.snapshot(schemas.users(), version=140000))

    assert "security_invoker" not in expand.sql[1]
    assert len(expand.preconditions) == 1


@pytest.mark.parametrize(
    ("version", "merge"), [(140000, False), (150000, True), (160000, True), (170000, False)]
)
def test_what_fails_on_a_view_is_listed(version: int, merge: bool) -> None:
    found = ask(STATEMENT, schemas.snapshot(schemas.users(), version=version)).hazards
    messages = [hazard.message for hazard in found]

    assert len(messages) == 2
    assert "COPY, TRUNCATE, SELECT of other columns with GROUP BY the primary" in messages[0]
    assert (" MERGE," in messages[0]) is merge
    assert "generated" not in messages[0]
    assert "no primary key" in messages[1]


def test_a_generated_column_and_a_missing_key_change_the_list() -> None:
    column = Column(name="size", type="int", generated="stored", default="length(email)")
    table = schemas.users(column, constraints=(), indexes=())
    message = ask(STATEMENT, schemas.snapshot(table)).hazards[0].message

    assert "UPDATE that sets a generated column to DEFAULT" in message
    assert "GROUP BY" not in message


def test_a_function_that_names_the_table_keeps_the_view() -> None:
    named = function("SELECT count(*) FROM USERS", "how_many")
    followed = replace(
        function("", "follows"), definition="FUNCTION f()\nBEGIN ATOMIC\n SELECT users.id"
    )
    other = function("SELECT users_old", "other")
    found = schemas.snapshot(schemas.users(), functions=(named, followed, other))
    (_, contract), hazards = steps(found), ask(STATEMENT, found).hazards

    assert hazards[2].message == (
        "these name users in their text: function how_many; they work until the view"
        " is dropped, which does not happen before they are changed"
    )
    assert [check.failure for check in contract.preconditions] == [
        "a function still names users in its text, and would fail without the view"
    ]


def test_the_snapshot_has_the_table_by_its_new_name_everywhere() -> None:
    key = Constraint(
        name="orders_user_id_fkey",
        kind="foreign key",
        columns=("user_id",),
        definition="FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE",
        references=schemas.USERS,
        referenced_columns=("id",),
    )
    orders = Table(name=Name("public", "orders"), constraints=(key,))
    sequence = Sequence(
        name=Name("public", "users_id_seq"),
        type="bigint",
        start=1,
        increment=1,
        minimum=1,
        maximum=9,
        owner_table=schemas.USERS,
        owner_column="id",
    )
    uses = ((orders.name, "id"), (schemas.USERS, "id"))
    view = View(name=Name("public", "v"), kind="view", definition="", uses=uses)
    before = schemas.snapshot(schemas.users(), orders, sequences=(sequence,), views=(view,))
    after = ask(STATEMENT, before).after
    (found,) = after.require_table(orders.name).constraints

    assert after.table(schemas.USERS) is None
    assert after.require_table(ACCOUNTS) == schemas.users(name=ACCOUNTS)
    assert found.references == ACCOUNTS
    assert found.definition == (
        "FOREIGN KEY (user_id) REFERENCES public.accounts (id) ON DELETE CASCADE"
    )
    assert after.sequences[0].owner_table == ACCOUNTS
    assert after.views[0].uses == ((orders.name, "id"), (ACCOUNTS, "id"))


def test_the_schema_and_the_quotes_of_the_author_are_kept() -> None:
    name = Name("Sales", "Order Line")
    before = schemas.snapshot(schemas.users(name=name), schemas=("Sales", "public"))
    expand, _ = steps_of('ALTER TABLE "Sales"."Order Line" RENAME TO "a""b";', before)

    assert expand.sql[0] == 'ALTER TABLE "Sales"."Order Line" RENAME TO "a""b"'
    assert expand.sql[1].endswith('FROM "Sales"."a""b"')


def steps_of(sql: str, snapshot: Snapshot) -> tuple[RunSql, RunSql]:
    expand, contract = ask(sql, snapshot).steps
    assert isinstance(expand, RunSql)
    assert isinstance(contract, RunSql)
    return expand, contract


def test_a_role_that_the_author_sets_runs_both_steps() -> None:
    expand, contract = steps_of(
        f"SET ROLE owner; {STATEMENT}", schemas.snapshot(schemas.users())
    )

    assert [setting.value for step in (expand, contract) for setting in step.settings] == [
        "owner",
        "owner",
    ]


def test_if_exists_of_no_table_plans_nothing() -> None:
    answer = ask("ALTER TABLE IF EXISTS members RENAME TO accounts;")

    assert answer.slugs == ["rename_table"]
    assert (answer.steps, answer.hazards) == ((), ())
    assert answer.operations[0].title == "rename table members to accounts (does not exist)"


def test_no_table_of_that_name_is_refused() -> None:
    assert ask("ALTER TABLE members RENAME TO accounts;").refusals == (
        "there is no table members in the schema, so this statement would fail",
    )


def test_a_view_that_is_renamed_as_a_table_is_left_to_others() -> None:
    view = View(name=Name("public", "v"), kind="view", definition="", columns=("id",))
    answer = ask("ALTER TABLE v RENAME TO w;", schemas.snapshot(schemas.users(), views=(view,)))

    assert answer.slugs == ["rename_view"]


def test_a_table_of_the_same_train_is_none_of_its_business() -> None:
    sql = "CREATE TABLE fresh (id serial); ALTER TABLE fresh RENAME TO final;"

    assert ask(sql).slugs == ["create_table", "new_table_change"]


TRIGGER = Trigger(name="t", definition="", function=Name("public", "f"), enabled="O")
SEQUENCE = Sequence(name=ACCOUNTS, type="int", start=1, increment=1, minimum=1, maximum=9)
INDEX = Index(name="accounts", definition="", keys=("id",), columns=("id",))


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (schemas.snapshot(schemas.users(), Table(name=ACCOUNTS)), "accounts already"),
        (schemas.snapshot(schemas.users(), sequences=(SEQUENCE,)), "accounts already"),
        (schemas.snapshot(schemas.users(indexes=(INDEX,))), "accounts already"),
        (
            schemas.snapshot(
                schemas.users(), views=(View(name=ACCOUNTS, kind="view", definition=""),)
            ),
            "accounts already",
        ),
        (
            schemas.snapshot(
                schemas.users(), types=(Type(name=ACCOUNTS, kind="enum", definition=""),)
            ),
            "accounts already",
        ),
        (schemas.snapshot(schemas.users(kind="partitioned table")), "a partitioned table"),
        (schemas.snapshot(schemas.users(kind="foreign table")), "a foreign table"),
        (schemas.snapshot(schemas.users(partition_of=ACCOUNTS)), "a partition, and"),
        (schemas.snapshot(schemas.users(inherits=(ACCOUNTS,))), "takes part in inheritance"),
        (
            schemas.snapshot(
                schemas.users(), Table(name=Name("public", "x"), inherits=(schemas.USERS,))
            ),
            "takes part in inheritance",
        ),
        (schemas.snapshot(schemas.users(rules=("CREATE RULE",))), "it has rules"),
        (schemas.snapshot(schemas.users(columns=())), "it has no column"),
        (
            schemas.snapshot(schemas.users(row_security="enabled"), version=140000),
            "from PostgreSQL 15 on",
        ),
        (with_grants_on_a_column(row_security="forced"), "roles that may read only some"),
        (
            schemas.snapshot(
                schemas.users(publications=("p",)),
                publications=(Publication(name="p", definition="CREATE … FOR TABLE users"),),
            ),
            "publication p would send",
        ),
        (
            schemas.snapshot(
                schemas.users(),
                publications=(
                    Publication(name="q", definition="… FOR ALL TABLES", all_tables=True),
                ),
            ),
            "publication q would send",
        ),
        (
            schemas.snapshot(
                schemas.users(triggers=(TRIGGER,)), functions=(function("x := TG_table_name"),)
            ),
            "trigger t reads the table's name",
        ),
        (
            schemas.snapshot(
                schemas.users(), functions=(function("", arguments="u public.users"),)
            ),
            "an argument of function f has its row type",
        ),
        (
            schemas.snapshot(
                schemas.users(),
                Table(
                    name=Name("public", "x"), columns=(Column(name="c", type="public.users[]"),)
                ),
            ),
            "column x.c has its row type",
        ),
        (
            schemas.snapshot(
                schemas.users(),
                types=(
                    Type(
                        name=Name("public", "pair"),
                        kind="composite",
                        definition="CREATE TYPE public.pair AS (a public.users)",
                    ),
                ),
            ),
            "type pair has its row type",
        ),
    ],
)
def test_where_a_view_cannot_stand_in_it_is_refused(before: Snapshot, reason: str) -> None:
    (refusal,) = ask(STATEMENT, before).refusals

    assert reason in refusal


def test_row_security_is_no_obstacle_where_the_view_asks_as_the_role_that_asks() -> None:
    found = schemas.snapshot(schemas.users(row_security="enabled"), version=150000)

    assert ask(STATEMENT, found).refusals == ()


@pytest.mark.parametrize(
    "other",
    [
        "ALTER TABLE users ADD COLUMN phone text;",
        "UPDATE users SET name = email;",
        "CREATE TABLE letters (id bigint, user_id bigint REFERENCES users (id));",
        "CREATE VIEW names AS SELECT name FROM public.users;",
    ],
)
def test_what_touches_the_table_before_the_rename_is_refused(other: str) -> None:
    assert len(ask(f"{other} {STATEMENT}").refusals) == 1


@pytest.mark.parametrize(
    "other",
    ["ALTER TABLE accounts ADD COLUMN phone text;", "ALTER TABLE accounts RENAME TO people;"],
)
def test_what_touches_the_table_after_the_rename_is_refused(other: str) -> None:
    (refusal,) = ask(f"{STATEMENT} {other}").refusals

    assert refusal == (
        "migration.sql:1:1 renames users to accounts, and zdm does not plan other changes of a"
        " table together with its rename"
    )


USER_ID = Column(name="user_id", type="bigint")
ORDERS = Table(
    name=Name("public", "orders"),
    columns=(USER_ID, Column(name="total", type="int")),
    constraints=(
        Constraint(
            name="orders_user_id_fkey",
            kind="foreign key",
            columns=("user_id",),
            definition="FOREIGN KEY (user_id) REFERENCES public.users(id)",
            references=schemas.USERS,
            referenced_columns=("id",),
        ),
    ),
)


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        (f"ALTER TABLE orders RENAME COLUMN user_id TO account_id; {STATEMENT}", 1),
        (f"ALTER TABLE orders DROP COLUMN user_id; {STATEMENT}", 1),
        (f"ALTER TABLE orders DROP COLUMN total; {STATEMENT}", 0),
        (f"{STATEMENT} ALTER TABLE orders RENAME COLUMN user_id TO account_id;", 0),
        (f"{STATEMENT} ALTER TABLE orders DROP COLUMN user_id;", 0),
    ],
)
def test_a_foreign_key_to_the_table_is_changed_only_after_the_rename(
    sql: str, refused: int
) -> None:
    assert len(ask(sql, schemas.snapshot(schemas.users(), ORDERS)).refusals) == refused


def test_other_tables_are_changed_in_the_same_train() -> None:
    orders = Table(name=Name("public", "orders"), columns=(Column(name="id", type="int"),))
    answer = ask(
        f"ALTER TABLE orders ADD COLUMN x int; {STATEMENT} CREATE TABLE y (id int);",
        schemas.snapshot(schemas.users(), orders),
    )

    assert answer.refusals == ()
    assert answer.slugs == ["add_column", "rename_table", "create_table"]


def with_columns(sql: str, before: Snapshot | None = None) -> tuple[list[str], tuple[str, ...]]:
    """The SQL of the first step, without the view's rights, and of its undo."""
    answer = ask(sql, before)
    assert answer.refusals == ()
    assert answer.slugs == ["rename_table"]
    step = answer.steps[0]
    assert isinstance(step, RunSql)
    assert isinstance(step.undo, tuple)
    return [text for text in step.sql if not text.startswith("DO ")], step.undo


BY_FORMER_NAME = (
    'CREATE VIEW "public"."users" WITH (security_invoker = true)'
    ' AS SELECT "id", "address" AS "email", "name" FROM "public"."accounts"'
)


@pytest.mark.parametrize(
    "sql",
    [
        f"{STATEMENT} ALTER TABLE accounts RENAME COLUMN email TO address;",
        f"ALTER TABLE users RENAME email TO address; {STATEMENT}",
    ],
    ids=["behind it", "before it"],
)
def test_columns_are_renamed_with_the_table_and_the_view_has_their_former_names(
    sql: str,
) -> None:
    forward, (undo,) = with_columns(sql)

    assert forward == [
        'ALTER TABLE "public"."users" RENAME TO "accounts"',
        'ALTER TABLE "public"."accounts" RENAME COLUMN "email" TO "address"',
        BY_FORMER_NAME,
    ]
    assert 'RENAME COLUMN "address" TO "email";' in undo


def test_columns_that_swap_names_are_followed() -> None:
    renames = (("email", "x"), ("name", "email"), ("x", "name"))
    sql = " ".join(f"ALTER TABLE accounts RENAME {old} TO {new};" for old, new in renames)
    forward, (undo,) = with_columns(f"{STATEMENT} {sql}")

    assert '"id", "name" AS "email", "email" AS "name" FROM' in forward[-1]
    assert undo.index('"name" TO "x"') < undo.index('"email" TO "name"')
    assert undo.index('"email" TO "name"') < undo.index('"x" TO "email"')
    assert undo.index('"x" TO "email"') < undo.index('RENAME TO "users"')


def test_the_snapshot_has_the_columns_by_their_new_names() -> None:
    sql = f"{STATEMENT} ALTER TABLE accounts RENAME COLUMN email TO address;"
    after = ask(sql).after.require_table(ACCOUNTS)

    assert [column.name for column in after.columns] == ["id", "address", "name"]


WITH_COLUMN = f"{STATEMENT} ALTER TABLE accounts RENAME COLUMN email TO address;"


@pytest.mark.parametrize(
    ("body", "definition", "reason"),
    [
        (
            "NEW.email := lower(NEW.email);",
            "",
            "trigger function f (its body names the column)",
        ),
        ("", "f('email')", "trigger t (its arguments name the column)"),
        ("PERFORM to_jsonb(NEW);", "", "trigger function f (it takes rows apart by names"),
    ],
    ids=["body", "argument", "whole row"],
)
def test_a_trigger_that_may_name_a_renamed_column_refuses_it(
    body: str, definition: str, reason: str
) -> None:
    statement = (
        f"CREATE TRIGGER t BEFORE INSERT ON users EXECUTE FUNCTION {definition or 'f()'}"
    )
    before = schemas.snapshot(
        schemas.users(triggers=(replace(TRIGGER, definition=statement),)),
        functions=(function(body),),
    )
    (refusal,) = ask(WITH_COLUMN, before).refusals

    assert reason in refusal
    assert ask(STATEMENT, before).refusals == ()


def test_what_names_the_table_between_the_two_renames_is_refused() -> None:
    column = "ALTER TABLE accounts RENAME COLUMN email TO address;"
    view = "CREATE VIEW mails AS SELECT {} FROM accounts;"
    between = ask(f"{STATEMENT} {view.format('email')} {column}").refusals
    behind = ask(f"{STATEMENT} {column} {view.format('address')}").refusals

    assert [text[:46] for text in between] == ["migration.sql:1:1 renames users to accounts, a"]
    assert behind == ()


def test_a_column_that_another_role_renames_is_refused() -> None:
    column = "ALTER TABLE accounts RENAME COLUMN email TO address;"

    assert len(ask(f"{STATEMENT} SET ROLE owner; {column}").refusals) == 1


@pytest.mark.parametrize(
    "sql",
    [
        f"{STATEMENT} ALTER TABLE accounts ALTER email DROP NOT NULL;"
        " ALTER TABLE accounts RENAME email TO address;",
        "ALTER TABLE users RENAME email TO address; ALTER TABLE users ALTER name SET NOT NULL;"
        f" {STATEMENT}",
    ],
)
def test_another_change_between_is_refused_for_the_rename_alone(sql: str) -> None:
    refusals = ask(sql).refusals

    assert len(refusals) == 1
    assert "; likewise " in refusals[0]
    assert all(" renames users to accounts, " in text for text in refusals)
