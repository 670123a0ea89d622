import pytest
from msgspec import structs

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Publication
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, Backfill, Irreversible, Phase, RunSql
from zdm.model.schema import (
    Column,
    Constraint,
    Function,
    Index,
    Name,
    Snapshot,
    Table,
    Trigger,
    Volatility,
)
from zdm.planning import classify

ONE = "DELETE FROM users WHERE id = 1;"
MANY = "DELETE FROM users AS u WHERE u.email = 'a';"


SOFT = "UPDATE users SET gone = true WHERE id = OLD.id; RETURN NULL;"
EITHER = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"


def with_trigger(body: str, event: str = "BEFORE DELETE") -> Snapshot:
    function = Function(
        name=Name("public", "soft"),
        arguments="",
        definition=f"CREATE FUNCTION soft() … AS $f$BEGIN {body} END$f$",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    trigger = Trigger(
        name="soft",
        definition=f"CREATE TRIGGER soft {event} ON users FOR EACH ROW EXECUTE FUNCTION soft()",
        function=function.name,
        enabled="O",
    )
    users = schemas.users(triggers=(trigger,))
    return structs.replace(schemas.snapshot(users), functions=(function,))


@pytest.mark.parametrize(
    ("body", "event", "refused"),
    [
        (SOFT, "BEFORE DELETE", True),
        (SOFT, "BEFORE INSERT OR DELETE", True),
        ("IF OLD.email = 'a' THEN RETURN NULL; END IF; RETURN OLD;", "BEFORE DELETE", True),
        ("RETURN NEW;", "BEFORE DELETE", True),
        ("-- RETURN NULL\n RETURN OLD;", "BEFORE DELETE", False),
        (EITHER, "BEFORE UPDATE OR DELETE", False),
        (SOFT, "AFTER DELETE", False),
        (SOFT, "BEFORE UPDATE", False),
    ],
)
def test_rows_that_a_trigger_keeps_are_not_deleted_in_batches(
    body: str, event: str, refused: bool
) -> None:
    start = with_trigger(body, event)
    found = ask(MANY, start).refusals

    assert bool(found) is refused
    assert not any("the trigger soft of users may keep a row" not in one for one in found)
    assert ask(ONE, start).refusals == ()  # one statement, as written


def test_disabled_triggers_keep_no_rows() -> None:
    start = with_trigger(SOFT)
    (users,) = start.tables
    off = structs.replace(users.triggers[0], enabled="D")
    users = structs.replace(users, triggers=(off,))

    assert ask(MANY, structs.replace(start, tables=(users,))).refusals == ()


def with_child(action: str = "") -> Snapshot:
    key = Constraint(
        name="posts_user_fkey",
        kind="foreign key",
        columns=("id",),
        definition=f"FOREIGN KEY (id) REFERENCES users(id){action}",
        references=Name("public", "users"),
        referenced_columns=("id",),
    )
    posts = schemas.users(name=Name("public", "posts"), constraints=(key,))
    return schemas.snapshot(schemas.users(), posts)


def below(name: str, of: str, does: str) -> Table:
    key = Constraint(
        name=f"{name}_fkey",
        kind="foreign key",
        columns=("id",),
        definition=f"FOREIGN KEY (id) REFERENCES {of}(id){does}",
        references=Name("public", of),
        referenced_columns=("id",),
    )
    return schemas.users(name=Name("public", name), constraints=(key,))


def test_tables_whose_rows_go_at_second_hand_are_locked_and_named() -> None:
    tables = (
        below("posts", "users", " ON DELETE CASCADE"),
        below("parts", "posts", " ON DELETE CASCADE"),
        below("marks", "parts", " ON UPDATE CASCADE ON DELETE SET NULL"),
        below("notes", "marks", " ON UPDATE CASCADE"),
        below("seals", "notes", ""),
        below("apart", "seals", " ON DELETE CASCADE"),
    )
    asked = ask(ONE, schemas.snapshot(schemas.users(), *tables))
    (step,) = asked.steps
    messages = " ".join(hazard.message for hazard in asked.hazards)

    assert {lock.table.name: lock.mode.name for lock in step.locks} == {
        **dict.fromkeys(["users", "posts", "parts", "marks", "notes"], "ROW_EXCLUSIVE"),
        "seals": "ROW_SHARE",
    }
    assert "parts that refer to the deleted rows of posts are deleted" in messages
    assert "marks that refer to the deleted rows of parts lose their ref" in messages
    assert "notes that refer to the changed rows of marks are changed" in messages
    assert "seals that refers to a row to be changed makes the step fail" in messages
    assert "apart" not in messages


def test_rows_by_literal_keys_are_one_statement_when_the_old_version_is_gone() -> None:
    (step,) = ask("DELETE FROM users AS u WHERE u.id IN (1, 2);").steps

    assert isinstance(step, RunSql)
    assert step.sql == ('DELETE FROM "public"."users" WHERE id IN (1, 2)',)
    assert step.phase is Phase.CONTRACT
    assert step.serves == NEW_ONLY
    assert step.cost.rows == 2
    assert [(lock.table.name, lock.mode) for lock in step.locks] == [
        ("users", LockMode.ROW_EXCLUSIVE)
    ]
    assert isinstance(step.undo, Irreversible)
    assert not step.undo.rows


def test_many_rows_are_deleted_in_batches() -> None:
    (step,) = ask(MANY).steps

    assert isinstance(step, Backfill)
    assert step.deletes
    assert step.key == ("id",)
    assert step.differs == "email = 'a'"
    assert step.phase is Phase.CONTRACT


@pytest.mark.parametrize(("rows", "batches"), [(None, True), (9_999, False), (10_000, True)])
def test_a_table_is_small_by_its_statistics_alone(rows: int | None, batches: bool) -> None:
    (step,) = ask(MANY, schemas.snapshot(schemas.users(rows=rows))).steps

    assert isinstance(step, Backfill) is batches


def test_keys_of_a_part_of_an_index_or_behind_a_cast_are_not_few() -> None:
    for where in ("id::text = '1'", "id > 1", "id = 1 OR email = 'a'"):
        (step,) = ask(f"DELETE FROM users WHERE {where};").steps

        assert isinstance(step, Backfill), where


def nullable() -> Snapshot:
    columns = schemas.users().columns
    some = (structs.replace(c, not_null=c.name == "id") for c in columns)
    return schemas.snapshot(schemas.users(columns=tuple(some)))


def test_rows_before_a_not_null_of_the_contract_are_deleted_there() -> None:
    not_null = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"
    steps = ask(f"DELETE FROM users WHERE email IS NULL; {not_null}", nullable()).steps

    assert {step.phase for step in steps} == {Phase.CONTRACT}
    assert isinstance(steps[0], Backfill)


def test_rows_that_something_needs_gone_before_the_rollout_are_deleted_before_it() -> None:
    sql = "DELETE FROM users WHERE email IS NULL; CREATE UNIQUE INDEX i ON users (email);"
    first, *_ = ask(sql, nullable()).steps

    assert isinstance(first, Backfill)
    assert first.phase is Phase.BACKFILL
    assert first.serves == BOTH
    assert isinstance(first.undo, Irreversible)
    assert first.undo.rows


def test_a_constraint_that_waits_for_the_contract_lets_the_rows_stay_until_then() -> None:
    steps = ask(f"{ONE} ALTER TABLE users ADD UNIQUE (email);").steps

    assert steps[0].operation == "delete_rows"
    assert {step.phase for step in steps} == {Phase.CONTRACT}


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DELETE FROM users;", "every row"),
        ("DELETE FROM users WHERE 1 = 1;", "every row"),
        ("DELETE FROM users USING teams WHERE users.id = teams.id;", "other than tables"),
        ("DELETE FROM users WHERE id IN (SELECT id FROM posts LIMIT 1);", "LIMIT"),
        ("DELETE FROM users WHERE id IN (SELECT max(id) FROM posts);", "together"),
        ("DELETE FROM users AS u WHERE id IN (SELECT min(id) FROM users);", "one name for two"),
        ("DELETE FROM users WHERE id IN (SELECT u.id + 1 FROM users AS u);", "each batch"),
        (
            "DELETE FROM users USING users AS u WHERE users.id > u.id AND u.email = 'a'"
            " AND users.email > u.email;",
            "each batch",
        ),
        ("DELETE FROM users USING users AS u WHERE users.email > u.email;", "each batch"),
        ("DELETE FROM users WHERE id = 1 RETURNING id;", "RETURNING"),
        ("WITH a AS (DELETE FROM posts) DELETE FROM users WHERE id = 1;", "WITH"),
        ("DELETE FROM ONLY users WHERE id = 1;", "ONLY"),
        ("DELETE FROM users WHERE age = 1;", "no column age"),
        ("DELETE FROM users WHERE id > random();", "each time"),
        ("DELETE FROM users WHERE email < now()::text;", "another time"),
        ("DELETE FROM gone WHERE id = 1;", "no table gone"),
        (f"{MANY} UPDATE users SET email = 'a' WHERE id = 2;", "before the rollout"),
        (f"{ONE} INSERT INTO users (id, email) VALUES (1, 'a');", "before the rollout"),
        (f"{MANY} ALTER TABLE users DROP COLUMN email;", "takes users.email"),
        (f"{MANY} ALTER TABLE users RENAME COLUMN email TO mail;", "takes users.email"),
    ],
)
def test_what_cannot_be_planned_is_refused(sql: str, reason: str) -> None:
    answer = ask(sql, with_child())

    assert reason in answer.refusals[0]


def test_a_column_that_it_does_not_read_may_be_dropped() -> None:
    assert not ask(f"{ONE} ALTER TABLE users DROP COLUMN email;").refusals


def test_a_foreign_key_that_acts_on_others_is_named_and_has_no_batches() -> None:
    there = with_child(" ON DELETE CASCADE")

    assert "posts" in ask(ONE, there).hazards[1].message
    assert "no bound" in ask(MANY, there).refusals[0]


def test_a_foreign_key_that_refuses_is_named() -> None:
    for sql in (ONE, MANY):
        assert "makes the step fail" in ask(sql, with_child()).hazards[1].message


def test_rows_that_refer_to_each_other_have_no_batches() -> None:
    key = Constraint(
        name="k",
        kind="foreign key",
        columns=("id",),
        definition="FOREIGN KEY (id) REFERENCES users(id)",
        references=Name("public", "users"),
        referenced_columns=("id",),
    )
    table = schemas.users(constraints=(*schemas.users().constraints, key))

    assert "each other" in ask(MANY, schemas.snapshot(table)).refusals[0]
    assert not ask(ONE, schemas.snapshot(table)).refusals


def test_many_rows_of_a_table_with_children_are_refused() -> None:
    heir = schemas.users(name=Name("public", "heir"), inherits=(Name("public", "users"),))

    assert "heir" in ask(MANY, schemas.snapshot(schemas.users(), heir)).refusals[0]


def test_triggers_of_delete_are_named() -> None:
    audit = "CREATE TRIGGER audit AFTER {} ON users FOR EACH ROW EXECUTE FUNCTION f()"
    found = [
        Trigger(
            name=name, definition=audit.format(event), function=Name("public", "f"), enabled="O"
        )
        for name, event in (("gone", "DELETE"), ("changed", "UPDATE"))
    ]
    hazards = ask(ONE, schemas.snapshot(schemas.users(triggers=tuple(found)))).hazards

    assert hazards[1].message.endswith("deleted: gone")


def test_a_rule_instead_and_a_publication_without_identity_are_refused() -> None:
    rule = "CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING"
    published = Publication(
        name="p",
        definition="CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'delete')",
        all_tables=True,
    )
    ruled = schemas.snapshot(schemas.users(rules=(rule,)))
    nothing = schemas.snapshot(schemas.users(replica_identity="nothing"))

    assert "the rule keep" in ask(ONE, ruled).refusals[0]
    assert (
        "published by p"
        in ask(ONE, structs.replace(nothing, publications=(published,))).refusals[0]
    )
    assert not ask(ONE, nothing).refusals


@pytest.mark.parametrize(
    ("sql", "condition"),
    [
        (
            "DELETE FROM users AS u USING posts AS p WHERE p.id = u.id AND u.email = 'a';",
            "EXISTS (SELECT FROM posts p WHERE p.id = users.id AND users.email = 'a')",
        ),
        (
            "DELETE FROM users WHERE id NOT IN (SELECT id FROM posts);",
            "NOT id IN (SELECT id FROM posts)",
        ),
        (
            "WITH p AS (SELECT id FROM posts) DELETE FROM users USING p WHERE p.id = users.id;",
            "EXISTS (WITH p AS (SELECT id FROM posts) SELECT FROM p WHERE p.id = users.id)",
        ),
        (
            "DELETE FROM users AS a USING users AS b WHERE a.email = b.email AND b.id < a.id;",
            "EXISTS (SELECT FROM users b WHERE users.email = b.email AND b.id < users.id)",
        ),
    ],
)
def test_other_tables_are_a_condition_of_the_row(sql: str, condition: str) -> None:
    answer = ask(sql, with_child())

    (step,) = answer.steps
    assert isinstance(step, Backfill)
    assert step.differs == condition


def test_what_decides_besides_is_named() -> None:
    answer = ask("DELETE FROM users USING posts WHERE posts.id = users.id;", with_child())

    assert any("the rows of posts decide" in hazard.message for hazard in answer.hazards)


def test_small_tables_are_one_statement_also_with_aggregates() -> None:
    posts = schemas.users(name=Name("public", "posts"), rows=3)
    few = schemas.snapshot(schemas.users(rows=3), posts)
    (step,) = ask("DELETE FROM users WHERE id > (SELECT max(id) FROM posts);", few).steps

    assert isinstance(step, RunSql)
    assert step.sql == ('DELETE FROM "public"."users" WHERE id > (SELECT max(id) FROM posts)',)


NUMBERED = (
    "DELETE FROM users WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY"
    " email ORDER BY id) AS n FROM users AS u) AS x WHERE n > 1);"
)


@pytest.mark.parametrize(
    "sql",
    [
        NUMBERED,
        "DELETE FROM users WHERE email < now()::text;",
        "DELETE FROM users WHERE is_spam(email);",
        "DELETE FROM users WHERE id IN (SELECT u.id FROM users AS u ORDER BY id LIMIT 1);",
    ],
)
def test_a_small_table_takes_what_batches_cannot_repeat(sql: str) -> None:
    (step,) = ask(sql, schemas.snapshot(schemas.users(rows=3))).steps

    assert isinstance(step, RunSql)


def test_a_row_by_its_key_may_be_tested_by_any_function() -> None:
    (step,) = ask("DELETE FROM users WHERE id = 5 AND is_spam(email);").steps

    assert isinstance(step, RunSql)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (NUMBERED, "each batch"),
        ("DELETE FROM users WHERE is_spam(email);", "does not know that is_spam"),
        ("DELETE FROM users WHERE app.is_spam(email);", "does not know that app.is_spam"),
        (
            "DELETE FROM users WHERE email IN (SELECT array_agg(name)::text FROM users AS u);",
            "array_agg without ORDER BY",
        ),
        (
            "DELETE FROM users WHERE email IN (SELECT string_agg(email, ',' ORDER BY id) FROM"
            " posts);",
            "together",
        ),
    ],
)
def test_batches_are_refused_by_what_they_would_read(sql: str, reason: str) -> None:
    assert reason in ask(sql, with_child()).refusals[0]


def test_a_function_of_postgresql_that_is_known_selects_rows_in_batches() -> None:
    (step,) = ask("DELETE FROM users WHERE starts_with(email, 'a');").steps

    assert isinstance(step, Backfill)


def test_rows_at_random_are_refused_however_few() -> None:
    few = schemas.snapshot(schemas.users(rows=3))
    for where in (
        "random() < 0.5",
        "id IN (SELECT u.id FROM users AS u TABLESAMPLE SYSTEM (5))",
    ):
        assert ask(f"DELETE FROM users WHERE {where};", few).refusals, where


UNIQUE = "CREATE UNIQUE INDEX i ON users (email);"
TWICE = "DELETE FROM users AS a USING users AS b WHERE a.email = b.email AND a.id > b.id;"


@pytest.mark.parametrize(
    "where",
    [
        "lower(users.email) = lower(b.email) AND users.id > b.id",
        "(users.email, users.id / 2) = (b.email, b.id / 2) AND b.id < users.id",
        "COALESCE(users.email, '') = COALESCE(b.email, '') AND users.id > b.id",
        "users.email::varchar IS NOT DISTINCT FROM b.email::varchar AND users.id > b.id",
    ],
)
def test_duplicates_by_the_same_expression_of_both_rows_go_in_batches(where: str) -> None:
    for sql in (
        f"DELETE FROM users USING users AS b WHERE {where};",
        f"DELETE FROM users WHERE EXISTS (SELECT 1 FROM users AS b WHERE {where});",
        f"DELETE FROM users WHERE users.email <> 'a' AND EXISTS (SELECT FROM users AS b WHERE"
        f" {where});",
    ):
        first, *_ = ask(f"{sql} {UNIQUE}").steps

        assert isinstance(first, Backfill), sql
        assert first.phase is Phase.BACKFILL


@pytest.mark.parametrize(
    "where",
    [
        "lower(users.email) = upper(b.email) AND users.id > b.id",
        "lower(users.email || b.email) = 'a' AND users.id > b.id",
        "users.email = b.email AND users.id + 0 > b.id + 0",
        "users.email = lower(b.email) AND users.id > b.id",
        "users.ctid > b.ctid AND users.email = b.email",
        "email = b.email AND users.id > b.id",
    ],
)
def test_rows_that_are_no_duplicates_of_each_other_have_no_batches(where: str) -> None:
    for sql in (
        f"DELETE FROM users USING users AS b WHERE {where};",
        f"DELETE FROM users WHERE EXISTS (SELECT 1 FROM users AS b WHERE {where});",
        "DELETE FROM users WHERE EXISTS (SELECT 1 FROM users AS b WHERE users.email = b.email"
        " AND users.id > b.id LIMIT 1);",
        "DELETE FROM users WHERE NOT EXISTS (SELECT 1 FROM users AS b WHERE users.id > b.id);",
    ):
        assert ask(sql).refusals, sql


def test_what_must_be_gone_before_the_rollout_cannot_run_in_the_contract() -> None:
    sql = "DELETE FROM users USING users AS b WHERE users.ctid > b.ctid;"
    early, late = (schemas.train(sql + more) for more in (UNIQUE, ""))
    here = schemas.snapshot(schemas.users())
    found = [classify.classify(one, here).refused[0].remedy for one in (early, late)]

    assert "`-- zdm: run in expand -- reason`" in found[0]
    assert "`-- zdm: run in contract -- reason`" in found[1]


@pytest.mark.parametrize(
    "later",
    [
        "UPDATE users SET name = lower(email) WHERE id > 5;",
        "INSERT INTO users (id, email) VALUES (1, 'a');",
        "ALTER TABLE users RENAME COLUMN name TO named;",
        "ALTER TABLE users DROP COLUMN name;",
    ],
)
def test_what_comes_behind_an_early_delete_runs_behind_it(later: str) -> None:
    assert not ask(f"{TWICE} {later} {UNIQUE}").refusals


def test_a_trigger_that_converts_what_an_early_delete_reads_would_be_there_before_it() -> None:
    answer = ask(f"{TWICE} UPDATE users SET email = 'b' WHERE email = 'a'; {UNIQUE}")

    assert "before the rollout" in answer.refusals[0]


@pytest.mark.parametrize(
    "update",
    [
        "UPDATE users SET name = 'b' WHERE name IS NULL;",
        "UPDATE users SET name = lower(name);",
        "UPDATE users SET name = NULL WHERE name IN ('a', 'b') OR NOT (name LIKE 'c%');",
        "UPDATE users SET name = 'b', age = 5 WHERE age > 5 AND name <> '';",
    ],
)
def test_an_update_of_other_columns_that_no_row_can_stop_may_come_before_the_rows_go(
    update: str,
) -> None:
    age = Column(name="age", type="integer")
    answer = ask(f"{MANY} {update}", schemas.snapshot(schemas.users(age)))

    assert answer.refusals == ()


@pytest.mark.parametrize(
    "update",
    [
        "UPDATE users SET age = name::int;",
        "UPDATE users SET age = 100 / age;",
        "UPDATE users SET age = 1 WHERE 100 / age = 1;",
        "UPDATE users SET age = 1 WHERE name::int = 1;",
        "UPDATE users SET named = lower(named);",
        "UPDATE users SET kept = lower(kept);",
        "UPDATE users SET name = email;",
        "UPDATE users SET name = lower(email);",
        "UPDATE users SET checked = 1;",
        "UPDATE users SET name = (SELECT max(o.email) FROM others AS o);",
        "UPDATE users SET email = 'c';",
    ],
)
def test_an_update_that_a_row_may_stop_does_not_come_before_it_is_gone(update: str) -> None:
    key = Index(name="k", definition="", keys=("named",), columns=("named",), unique=True)
    check = Constraint(name="c", kind="check", columns=("checked",), definition="CHECK (true)")
    plain = schemas.users(
        Column(name="age", type="integer"),
        Column(name="named", type="text"),
        Column(name="kept", type="text", generated=""),
        Column(name="checked", type="integer"),
    )
    kept = schemas.users(name=Name("public", "others"))
    table = structs.replace(
        plain,
        columns=tuple(
            structs.replace(c, type="character(3)") if c.name == "kept" else c
            for c in plain.columns
        ),
        indexes=(*plain.indexes, key),
        constraints=(*plain.constraints, check),
    )

    assert (
        "before the rollout"
        in ask(f"{MANY} {update}", schemas.snapshot(table, kept)).refusals[0]
    )


def test_a_trigger_of_update_may_stop_at_a_row_that_is_to_go() -> None:
    audit = Trigger(
        name="t",
        definition="CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()",
        function=Name("public", "f"),
        enabled="O",
    )
    here = schemas.snapshot(schemas.users(triggers=(audit,)))

    assert ask(f"{MANY} UPDATE users SET name = 'b';", here).refusals


def test_rows_that_are_compared_whole_are_read_by_every_column() -> None:
    posts = schemas.users(name=Name("public", "posts"), rows=3)
    here = schemas.snapshot(schemas.users(rows=3), posts)
    gone = "DELETE FROM users WHERE users IN (SELECT p FROM posts AS p);"

    assert ask(f"{gone} UPDATE users SET name = 'b';", here).refusals


def test_a_key_of_another_table_does_not_make_rows_few() -> None:
    sql = "DELETE FROM users USING posts WHERE posts.id = 1 AND posts.email = users.email;"
    (step,) = ask(sql, with_child()).steps

    assert isinstance(step, Backfill)


@pytest.mark.parametrize(
    "alias", ["b", "b(id, name, email)"], ids=["own names", "a list of other names"]
)
def test_a_list_of_names_behind_an_alias_means_other_columns(alias: str) -> None:
    many = schemas.snapshot(schemas.users(rows=None))
    where = "a.email = b.email AND a.id > b.id"
    sql = f"DELETE FROM users AS a USING users AS {alias} WHERE {where};"

    assert bool(ask(sql, many).refusals) is (alias != "b")
