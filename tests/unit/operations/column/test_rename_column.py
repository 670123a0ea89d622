import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, OLD_ONLY, Backfill, Irreversible, Phase, RunSql
from zdm.model.schema import (
    Column,
    Constraint,
    Dependent,
    Function,
    Index,
    Name,
    Policy,
    Snapshot,
    Table,
    Trigger,
    View,
    Volatility,
)
from zdm.operations.column import rename_column
from zdm.operations.column.rename_column import RenameColumn

RENAME = "ALTER TABLE users RENAME COLUMN email TO mail;"
FUSED = """
ALTER TABLE users ADD COLUMN mail text;
UPDATE users SET mail = email;
ALTER TABLE users DROP COLUMN email;
"""
AGAIN = "CREATE UNIQUE INDEX users_mail_key ON users (mail);"
UNIQUE = Index(
    name="users_email_key",
    definition="CREATE UNIQUE INDEX users_email_key ON public.users USING btree (email)",
    keys=("email",),
    columns=("email",),
    unique=True,
)


def asked(sql: str, snapshot: Snapshot) -> Match | Refusal | None:
    return rename_column.recognise(schemas.actions(sql), snapshot)


def matched(sql: str, table: Table, version: int = 170004) -> tuple[RenameColumn, Context]:
    snapshot = schemas.snapshot(table, version=version)
    answer = asked(sql, snapshot)
    assert isinstance(answer, Match)
    assert isinstance(answer.operation, RenameColumn)
    return answer.operation, Context(snapshot=snapshot, origin=())


def steps(sql: str, table: Table, version: int = 170004) -> tuple[RunSql | Backfill, ...]:
    operation, context = matched(sql, table, version)
    return tuple(s for s in operation.recipe(context) if isinstance(s, RunSql | Backfill))


def test_a_plain_rename_carries_and_a_fused_one_does_not() -> None:
    assert matched(RENAME, schemas.users())[0].carry
    assert not matched(FUSED, schemas.users())[0].carry


def test_the_phases_stand_in_order() -> None:
    phases = [step.phase for step in steps(RENAME, schemas.users())]

    assert phases == [
        Phase.EXPAND,
        Phase.BACKFILL,
        *[Phase.VALIDATE] * 4,
        Phase.CONTRACT,
        Phase.DROP,
    ]


def test_a_fused_rename_has_only_what_the_revisions_say() -> None:
    phases = [step.phase for step in steps(FUSED, schemas.users())]

    assert phases == [
        Phase.EXPAND,
        Phase.EXPAND,  # the old column's NOT NULL, which the new one does not have
        Phase.BACKFILL,
        Phase.VALIDATE,
        Phase.CONTRACT,
        Phase.DROP,
    ]


def test_the_end_of_dual_write_is_the_point_of_no_return() -> None:
    found = steps(FUSED, schemas.users())

    assert [isinstance(step.undo, Irreversible) for step in found] == [
        False,
        False,
        False,
        False,
        True,
        True,
    ]


def test_not_null_moves_to_the_new_column_under_its_old_name() -> None:
    named = Constraint(
        name="users_email_not_null",
        kind="not null",
        columns=("email",),
        definition="NOT NULL email",
    )
    table = schemas.users()
    table = replace(table, constraints=(*table.constraints, named))
    found = steps(RENAME, table, version=180001)
    texts = [sql for step in found if isinstance(step, RunSql) for sql in step.sql]

    assert (
        'ALTER TABLE "public"."users" ADD CONSTRAINT "users_mail_not_null"'
        ' NOT NULL "mail" NOT VALID' in texts
    )
    assert texts[-1] == (
        'ALTER TABLE "public"."users" RENAME CONSTRAINT "users_mail_not_null"'
        ' TO "users_email_not_null"'
    )


def test_the_new_version_is_not_served_before_its_unique_index_stands() -> None:
    table = schemas.users()
    found = steps(RENAME, replace(table, indexes=(*table.indexes, UNIQUE)))
    served = {step.title: step.serves for step in found}

    assert served["fill users.mail from email"] == OLD_ONLY
    assert served["build unique index zdm_users_email_key on users"] == BOTH


def test_the_default_comes_when_the_trigger_goes() -> None:
    columns = (Column(name="state", type="text", default="'new'::text"),)
    operation, context = matched(
        "ALTER TABLE users RENAME COLUMN state TO status;", schemas.users(*columns)
    )
    found = operation.recipe(context)
    texts = [sql for step in found if isinstance(step, RunSql) for sql in step.sql]

    assert [sql for sql in texts if "DEFAULT" in sql] == [
        'ALTER TABLE "public"."users" ALTER COLUMN "state" DROP DEFAULT',
        'ALTER TABLE "public"."users" ALTER COLUMN "status" SET DEFAULT \'new\'::text',
    ]


def test_a_default_of_the_train_comes_when_the_trigger_goes() -> None:
    sql = FUSED + "ALTER TABLE users ALTER COLUMN mail SET DEFAULT 'x';"
    operation, context = matched(sql, schemas.users())
    after = ask(sql, context.snapshot).after.table(schemas.USERS)

    assert operation.default == "'x'"
    assert after is not None
    assert [(c.name, c.default) for c in after.columns] == [
        ("id", None),
        ("name", None),
        ("mail", "'x'"),
    ]


def test_a_column_without_statistics_is_not_analysed() -> None:
    column = Column(name="blob", type="bytea", statistics=0)
    found = steps("ALTER TABLE users RENAME COLUMN blob TO data;", schemas.users(column))

    assert [step.id for step in found if "analyze" in step.id] == []


def test_the_effect_of_a_plain_rename_keeps_what_the_column_had() -> None:
    after = ask(RENAME, schemas.snapshot(schemas.users())).after.table(schemas.USERS)

    assert after is not None
    assert after.columns[1] == Column(name="mail", type="text", not_null=True)


def test_what_is_not_made_again_is_a_hazard_of_the_fused_one_only() -> None:
    table = schemas.users()
    table = replace(table, indexes=(*table.indexes, replace(UNIQUE, unique=False)))
    fused, context = matched(FUSED, table)
    plain, _ = matched(RENAME, table)

    assert [h.message for h in fused.hazards(context)][2:3] == [
        "index users_email_key is dropped with email, and the revisions do not recreate it"
    ]
    assert not any("recreate" in h.message for h in plain.hazards(context))


def test_a_unique_index_that_is_not_made_again_is_refused() -> None:
    table = schemas.users()
    table = replace(table, indexes=(*table.indexes, UNIQUE))
    answer = asked(FUSED, schemas.snapshot(table))

    assert isinstance(answer, Refusal)
    assert answer.finding.slug == "column_still_refuses"


@pytest.mark.parametrize(
    "again",
    [
        "CREATE UNIQUE INDEX u ON users (mail, id);",
        "CREATE UNIQUE INDEX u ON users (mail) WHERE id > 5;",
        "ALTER TABLE users ADD UNIQUE (mail, id);",
    ],
)
def test_a_unique_index_that_refuses_less_is_not_the_same_again(again: str) -> None:
    table = schemas.users()
    table = replace(table, indexes=(*table.indexes, UNIQUE))
    answer = asked(FUSED + again, schemas.snapshot(table))

    assert isinstance(answer, Refusal)
    assert answer.finding.slug == "column_still_refuses"


@pytest.mark.parametrize(
    ("again", "dropped"),
    [
        ("CHECK (mail <> '')", ["c2"]),
        ("CHECK (length(mail) > 1)", ["c1"]),
        ("CHECK (length(mail) > 0)", ["c1", "c2"]),
        ("CHECK (id > 0)", ["c1", "c2"]),
    ],
)
def test_a_check_that_is_not_made_again_as_it_was_is_dropped_before_the_rollout(
    again: str, dropped: list[str]
) -> None:
    checks = (
        Constraint(
            name="c1", kind="check", columns=("email",), definition="CHECK ((email <> ''))"
        ),
        Constraint(
            name="c2",
            kind="check",
            columns=("email",),
            definition="CHECK ((length(email) > 1))",
        ),
    )
    table = replace(schemas.users(), constraints=(*schemas.users().constraints, *checks))
    fused, context = matched(f"{FUSED} ALTER TABLE users ADD {again};", table)
    found = [step.id for step in fused.recipe(context) if step.phase is Phase.EXPAND]

    assert [name for name in ("c1", "c2") if f"users-{name}-tolerate" in found] == dropped


@pytest.mark.parametrize(
    ("target", "slugs"),
    [("orgs (id)", []), ("orgs", []), ("others", ["column_still_refuses"])],
)
def test_a_foreign_key_is_made_again_only_to_the_same_table(
    target: str, slugs: list[str]
) -> None:
    key = Constraint(
        name="k",
        kind="foreign key",
        columns=("email",),
        definition="FOREIGN KEY (email) REFERENCES orgs(id)",
        references=Name("public", "orgs"),
        referenced_columns=("id",),
    )
    table = replace(schemas.users(), constraints=(*schemas.users().constraints, key))
    again = f"ALTER TABLE users ADD FOREIGN KEY (mail) REFERENCES {target};"
    answer = asked(FUSED + again, schemas.snapshot(table))

    assert ([answer.finding.slug] if isinstance(answer, Refusal) else []) == slugs


def test_two_unique_indexes_at_once_are_a_hazard() -> None:
    table = schemas.users()
    table = replace(table, indexes=(*table.indexes, UNIQUE))
    fused, context = matched(FUSED + AGAIN, table)
    plain, _ = matched(RENAME, table)

    assert [h.message.partition(":")[0] for h in fused.hazards(context)][3:4] == [
        "if this train also builds a unique index on mail, there are two until the"
        " contract, with users_email_key"
    ]
    assert [h.message.partition(":")[0] for h in plain.hazards(context)][2:] == [
        "from the last step before the rollout to the contract users_email_key is there twice,"
        " on email and on mail"
    ]


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        (
            {"policies": (Policy(name="mine", definition="", columns=("email",)),)},
            "policy mine",
        ),
        (
            {
                "triggers": (
                    Trigger(
                        name="t",
                        definition="",
                        function=Name("public", "f"),
                        enabled="O",
                        columns=("email",),
                    ),
                )
            },
            "trigger t (UPDATE OF or WHEN)",
        ),
        (
            {
                "dependents": (
                    Dependent(column="email", kind="publication", name="p", blocks=True),
                )
            },
            "publication p",
        ),
        (
            {
                "dependents": (
                    Dependent(column="email", kind="statistics", name="s", blocks=False),
                )
            },
            "statistics s",
        ),
        ({"partition_key": "LIST (email)"}, "partition key LIST (email)"),
        ({"inherits": (Name("public", "p"),)}, "users inherits its columns"),
        (
            {"indexes": (replace(UNIQUE, valid=False),)},
            "index users_email_key (invalid, replica identity, CLUSTER, statistics target)",
        ),
        (
            {
                "constraints": (
                    Constraint(
                        name="k",
                        kind="primary key",
                        columns=("email",),
                        definition="PRIMARY KEY",
                    ),
                )
            },
            "primary key constraint k",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(
    change: dict[str, object], obstacle: str
) -> None:
    answer = asked(RENAME, schemas.snapshot(schemas.users(**change)))

    assert isinstance(answer, Refusal)
    assert answer.finding.message == (
        f"users.email cannot be renamed without downtime, because these would stay on the"
        f" old column: {obstacle}"
    )


def test_a_view_and_a_foreign_key_of_another_table_refuse() -> None:
    view = View(
        name=Name("public", "v"), kind="view", definition="", uses=((schemas.USERS, "email"),)
    )
    child = Table(
        name=Name("public", "child"),
        constraints=(
            Constraint(
                name="fk",
                kind="foreign key",
                columns=("e",),
                definition="",
                references=schemas.USERS,
                referenced_columns=("email",),
            ),
        ),
    )
    answer = asked(RENAME, schemas.snapshot(schemas.users(), child, views=(view,)))

    assert isinstance(answer, Refusal)
    assert answer.finding.message.endswith(
        "would stay on the old column: view v, foreign key fk of child"
    )


def test_a_column_of_a_partitioned_table_keeps_its_name_until_the_contract() -> None:
    table = schemas.users(kind="partitioned table")
    answer = asked(RENAME, schemas.snapshot(table))

    assert isinstance(answer, Refusal)
    assert "users is a partitioned table" in answer.finding.message
    assert "`-- zdm: run in contract -- reason`" in answer.finding.remedy


def test_a_trigger_function_that_names_the_column_refuses_both_ways() -> None:
    function = Function(
        name=Name("public", "f"),
        arguments="",
        definition="CREATE FUNCTION f() AS $$ BEGIN NEW.email := 1; END $$",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    trigger = Trigger(name="t", definition="", function=function.name, enabled="O")
    snapshot = schemas.snapshot(schemas.users(triggers=(trigger,)), functions=(function,))

    assert isinstance(asked(RENAME, snapshot), Refusal)
    assert isinstance(asked(FUSED, snapshot), Refusal)


@pytest.mark.parametrize("kind", ["identity", "generated"])
def test_an_identity_or_generated_column_is_refused(kind: str) -> None:
    value = {"identity": "always", "generated": "stored"}[kind]
    column = Column(name="n", type="bigint", default="1", **{kind: value})  # type: ignore[arg-type]  # one of two fields
    answer = asked(
        "ALTER TABLE users RENAME COLUMN n TO m;", schemas.snapshot(schemas.users(column))
    )

    assert isinstance(answer, Refusal)


def test_a_generated_column_that_reads_it_refuses() -> None:
    column = Column(name="low", type="text", generated="stored", default="lower(email)")
    answer = asked(RENAME, schemas.snapshot(schemas.users(column)))

    assert isinstance(answer, Refusal)
    assert "generated column low" in answer.finding.message


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users RENAME COLUMN nothing TO x;",
        "ALTER TABLE others RENAME COLUMN email TO x;",
        "ALTER TABLE users ADD COLUMN mail text;",
        "DO $$ BEGIN END $$;",
    ],
)
def test_anything_else_is_not_a_rename(sql: str) -> None:
    assert asked(sql, schemas.snapshot(schemas.users())) is None


def test_a_table_of_the_same_train_is_left_to_another_operation() -> None:
    assert asked(RENAME, schemas.snapshot(schemas.users(created=True))) is None


def copying(body: str, *, transition: str = "") -> Snapshot:
    """With a function, and a trigger that runs it with a transition table."""
    made = f"CREATE OR REPLACE FUNCTION public.f()\nAS $function${body}$function$\n"
    function = Function(
        name=Name("public", "f"),
        arguments="",
        definition=made,
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    trigger = Trigger(
        name="t",
        definition="CREATE TRIGGER t AFTER INSERT ON public.users REFERENCING NEW TABLE AS"
        f" {transition} FOR EACH STATEMENT EXECUTE FUNCTION public.f()",
        function=function.name,
        enabled="O",
        columns=(),
    )
    users = schemas.users(triggers=(trigger,) if transition else ())
    return schemas.snapshot(users, functions=(function,))


@pytest.mark.parametrize(
    ("body", "transition"),
    [
        ("BEGIN INSERT INTO log SELECT * FROM added; RETURN NULL; END", "added"),
        ("BEGIN INSERT INTO log SELECT a.* FROM added AS a; RETURN NULL; END", "added"),
        ("BEGIN INSERT INTO log SELECT NEW.*; RETURN NULL; END", "added"),
        ("BEGIN INSERT INTO log SELECT * FROM users; END", ""),
    ],
)
def test_a_function_that_takes_all_columns_is_named(body: str, transition: str) -> None:
    answer = asked(RENAME, copying(body, transition=transition))

    assert isinstance(answer, Refusal)
    assert answer.finding.slug == "rename_blocked"
    assert "these functions have a * for the columns of users" in answer.finding.message


@pytest.mark.parametrize(
    "body",
    [
        "BEGIN INSERT INTO log (id) SELECT id FROM added; RETURN NULL; END",
        "BEGIN INSERT INTO log SELECT * FROM other; RETURN NULL; END",
        "DECLARE r record; BEGIN FOR r IN SELECT * FROM added LOOP END LOOP; END",
    ],
)
def test_a_function_that_names_columns_is_not_in_the_way(body: str) -> None:
    assert isinstance(asked(RENAME, copying(body, transition="added")), Match)


@pytest.mark.parametrize("column", ["COLUMN ", ""])
def test_if_exists_is_about_the_table(column: str) -> None:
    plain = ask(f"ALTER TABLE users RENAME {column}email TO mail;")
    there = ask(f"ALTER TABLE IF EXISTS users RENAME {column}email TO mail;")

    assert there.refusals == ()
    assert there.operations == plain.operations


@pytest.mark.parametrize("column", ["COLUMN ", ""])
def test_if_exists_of_no_table_plans_nothing(column: str) -> None:
    answer = ask(f"ALTER TABLE IF EXISTS members RENAME {column}email TO mail;")

    assert answer.slugs == ["rename_column"]
    assert (answer.steps, answer.hazards, answer.refusals) == ((), (), ())
    assert answer.operations[0].title.endswith("members.email to mail (table does not exist)")


def test_if_exists_says_nothing_of_the_column() -> None:
    answer = ask("ALTER TABLE IF EXISTS users RENAME COLUMN none TO mail;")

    assert answer.refusals == ("users has no column none at this statement",)
