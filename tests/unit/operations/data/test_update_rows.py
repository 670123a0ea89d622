import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Backfill, Irreversible, Phase, RunSql
from zdm.model.schema import Column, Function, Name, Snapshot, Table, View, Volatility
from zdm.operations.data.update_rows import UpdateSome

ONE = "UPDATE users SET email = 'a' WHERE id = 1;"
FROM = "UPDATE users AS u SET email = o.email FROM others AS o WHERE o.id = u.id;"


def beside(users: int | None, others: int | None) -> Snapshot:
    other = schemas.users(name=Name("public", "others"), rows=others)
    plain = Table(
        name=Name("public", "plain"),
        columns=(Column(name="id", type="bigint"), Column(name="age", type="int")),
        rows=others,
    )
    return schemas.snapshot(schemas.users(rows=users), other, plain)


def test_rows_by_literal_keys_are_one_statement_as_written() -> None:
    (step,) = ask(ONE).steps

    assert isinstance(step, RunSql)
    assert step.sql == ("UPDATE users SET email = 'a' WHERE id = 1",)
    assert step.phase is Phase.BACKFILL
    assert step.serves == BOTH
    assert step.cost.rows == 1
    assert [(lock.table.name, lock.mode) for lock in step.locks] == [
        ("users", LockMode.ROW_EXCLUSIVE)
    ]
    assert step.undo == Irreversible(reason="the previous values are not recorded", rows=True)


@pytest.mark.parametrize(
    ("rows", "slug"), [(None, "backfill"), (9_999, "update_rows"), (10_000, "backfill")]
)
def test_a_table_is_small_by_its_statistics_alone(rows: int | None, slug: str) -> None:
    answer = ask("UPDATE users SET email = 'a' WHERE email = 'b';", beside(rows, None))

    assert answer.slugs == [slug]


@pytest.mark.parametrize(
    ("users", "others", "at_once"),
    [(5, 5, True), (5, None, False), (5, 10_000, False), (None, 5, False)],
)
def test_other_tables_are_read_at_once_where_all_are_small(
    users: int | None, others: int | None, at_once: bool
) -> None:
    answer = ask(FROM, beside(users, others))

    assert isinstance(answer.steps[0], RunSql) is at_once
    assert any("the values come from others" in h.message for h in answer.hazards) is at_once


def test_a_query_of_with_is_no_table() -> None:
    sql = (
        "WITH o AS (SELECT 1 AS id) UPDATE users SET email = 'a' FROM o WHERE o.id = users.id;"
    )

    assert isinstance(ask(sql, beside(5, 5)).steps[0], RunSql)
    many = ask(sql.replace("1 AS id", "id FROM others"), beside(5, None))
    assert isinstance(many.steps[0], Backfill)


@pytest.mark.parametrize("value", ["email || 'a'", "gen_random_uuid()::text"])
def test_a_statement_that_runs_once_need_not_converge(value: str) -> None:
    assert ask(f"UPDATE users SET email = {value} WHERE id = 1;").slugs == ["update_rows"]


def test_old_values_are_kept_by_batches() -> None:
    assert ask(f"-- zdm: keep old values\n{ONE}").slugs == ["backfill"]


def test_a_generated_column_is_refused() -> None:
    table = schemas.users(rows=5)
    columns = [
        replace(c, generated="stored") if c.name == "email" else c for c in table.columns
    ]
    answer = ask(ONE, schemas.snapshot(replace(table, columns=tuple(columns))))

    assert answer.refusals == ("users.email is generated and cannot be set",)


def test_a_key_of_another_table_does_not_make_rows_few() -> None:
    (step,) = ask(FROM.replace("o.id = u.id", "o.id = 1"), beside(None, 5)).steps

    assert isinstance(step, Backfill)


@pytest.mark.parametrize(
    ("sql", "values", "differs"),
    [
        (
            FROM,
            ["(SELECT o.email FROM others o WHERE o.id = users.id)"],
            "EXISTS (SELECT FROM (SELECT o.email AS zdm_1 FROM others o WHERE o.id = users.id)"
            ' AS zdm_values WHERE "users"."email" IS DISTINCT FROM'
            " CAST(zdm_values.zdm_1 AS text))",
        ),
        (
            "UPDATE users SET email = 'a' FROM others AS o WHERE o.id = users.id;",
            ["'a'"],
            "EXISTS (SELECT FROM (SELECT 'a' AS zdm_1 FROM others o WHERE o.id = users.id)"
            ' AS zdm_values WHERE "users"."email" IS DISTINCT FROM'
            " CAST(zdm_values.zdm_1 AS text))",
        ),
        (
            "UPDATE users SET email = (SELECT max(email) FROM others WHERE others.id ="
            " users.id) WHERE email IS NULL;",
            ["(SELECT max(email) FROM others WHERE others.id = users.id)"],
            "EXISTS (SELECT FROM (SELECT (SELECT max(email) FROM others WHERE others.id ="
            " users.id) AS zdm_1 WHERE email IS NULL) AS zdm_values WHERE"
            ' "users"."email" IS DISTINCT FROM CAST(zdm_values.zdm_1 AS text))',
        ),
    ],
)
def test_many_rows_get_their_values_by_queries_of_one_row(
    sql: str, values: list[str], differs: str
) -> None:
    (step,) = ask(sql, beside(None, None)).steps

    assert isinstance(step, Backfill)
    assert [one.expression for one in step.assignments] == values
    assert step.differs == differs
    assert step.phase is Phase.BACKFILL
    assert not step.preconditions


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (f"{FROM[:-1]} RETURNING u.id;", "RETURNING"),
        ("UPDATE users SET email = DEFAULT FROM others;", "DEFAULT"),
        ("UPDATE users AS others SET email = 'a' FROM others AS users;", "one name for two"),
        ("UPDATE users SET email = v.email FROM v;", "other than tables"),
        ("UPDATE users SET email = o.email FROM users AS o WHERE o.id = 1;", "other rows"),
        ("UPDATE users SET email = 'a' FROM (SELECT * FROM users) AS o;", "other rows"),
        ("UPDATE users SET email = (SELECT email FROM others LIMIT 1);", "LIMIT"),
        ("UPDATE users SET email = (SELECT email FROM others ORDER BY name LIMIT 1);", "LIMIT"),
        (
            "UPDATE users SET email = (SELECT o.email FROM others AS o ORDER BY o.name,"
            " users.id LIMIT 1);",
            "LIMIT",
        ),
        (
            "UPDATE users SET email = (SELECT o.email AS id FROM others AS o ORDER BY id"
            " LIMIT 1);",
            "LIMIT",
        ),
        (
            "UPDATE users SET email = (SELECT o.email FROM others AS o ORDER BY o.id LIMIT 1"
            " OFFSET 1);",
            "LIMIT",
        ),
        (
            "WITH part AS (SELECT id FROM users WHERE email IS NULL LIMIT 500) UPDATE users"
            " SET email = o.email FROM others AS o, part WHERE part.id = users.id;",
            "in a loop",
        ),
        ("UPDATE users SET email = (SELECT min((o).email) FROM users AS o);", "other rows"),
        (f"{FROM[:-1]} AND u.email = o.email;", "which it sets"),
        (f"{FROM[:-1]} AND u.email IS DISTINCT FROM o.name;", "which it sets"),
        (f"{FROM[:-1]} AND (u.email <> o.email OR u.email > o.name);", "which it sets"),
        (f"{FROM[:-1]} AND NOT (u.email <> o.email);", "which it sets"),
        (f"{FROM[:-1]} AND NOT (u.email = o.name);", "which it sets"),
        (f"{FROM[:-1]} AND (u.email IS NULL OR u.email = o.email);", "which it sets"),
        (f"{FROM[:-1]} AND COALESCE(u.email, 'a') <> COALESCE(o.email, '');", "which it sets"),
        (f"{FROM[:-1]} AND nullif(u.email, o.name) IS NULL;", "which it sets"),
        (f"{FROM[:-1]} AND (u.email, o.id) IS DISTINCT FROM (o.email, 7);", "which it sets"),
        (
            "UPDATE users SET email = email || (SELECT max(o.name) FROM others AS o WHERE"
            " o.id = users.id);",
            "which it sets",
        ),
        (
            "UPDATE users SET email = (SELECT email || p.age FROM plain AS p WHERE p.id ="
            " users.id AND EXISTS (SELECT FROM others));",
            "which it sets",
        ),
        (
            "UPDATE users SET email = (SELECT o.label || email FROM (SELECT id, email AS label"
            " FROM others) AS o WHERE o.id = users.id);",
            "without a table before it",
        ),
        (
            "UPDATE users SET email = (SELECT o.label || email FROM others AS o(id, label)"
            " WHERE o.id = users.id);",
            "which it sets",
        ),
        (
            "UPDATE users SET email = (SELECT label || email FROM (others AS a JOIN plain AS p"
            " ON true) AS o(id, label) WHERE o.id = users.id);",
            "which it sets",
        ),
        (
            "WITH o AS (SELECT id, email AS label FROM others) UPDATE users SET email = (SELECT"
            " o.label || email FROM o WHERE o.id = users.id);",
            "which it sets",
        ),
        (
            "WITH others AS (SELECT id, email AS label FROM others) UPDATE users SET email ="
            " (SELECT o.label || email FROM others AS o WHERE o.id = users.id);",
            "which it sets",
        ),
        (
            "UPDATE users SET email = o.mail FROM users AS o(id, mail) WHERE o.id = users.id +"
            " 1;",
            "other rows",
        ),
        (
            "UPDATE users SET email = p.age FROM users AS o JOIN others AS x USING (email) JOIN"
            " plain AS p ON p.id = o.id WHERE o.id = users.id + 1;",
            "other rows",
        ),
        (FROM.replace("o.email", "(u).email || o.name"), "whole rows"),
        (FROM.replace("o.email", "u::text || o.name"), "whole rows"),
        (FROM.replace("o.email", "row(u.*)::text || o.name"), "whole rows"),
        (f"{FROM[:-1]} AND to_jsonb(u) ? o.name;", "whole rows"),
        (FROM.replace("o.email", "u.xmin::text || o.name"), "whole rows"),
        ("UPDATE users SET email = (SELECT (public.users).name FROM others);", "whole rows"),
        ("UPDATE users SET email = (SELECT (users).name FROM others AS o);", "whole rows"),
        ("UPDATE users SET email = users.email || o.email FROM others AS o;", "which it sets"),
        ("UPDATE users SET email = now()::text FROM others;", "another time"),
        ("UPDATE users SET email = random()::text FROM others;", "another time"),
    ],
)
def test_what_batches_cannot_repeat_is_refused(sql: str, reason: str) -> None:
    answer = ask(sql, beside(None, None))

    assert reason in answer.refusals[0]


def test_a_test_for_another_value_does_not_hide_that_several_rows_match() -> None:
    guarded = f"{FROM[:-1]} AND u.email IS DISTINCT FROM o.email;"
    (step,) = ask(guarded, beside(None, None)).steps
    (plain,) = ask(FROM, beside(None, None)).steps

    assert isinstance(step, Backfill)
    assert isinstance(plain, Backfill)
    assert step.assignments == plain.assignments
    assert "users.email IS DISTINCT FROM o.email" in step.differs


def test_a_view_that_the_search_path_finds_first_is_no_table() -> None:
    view = View(name=Name("public", "others"), kind="view", definition="SELECT 1 AS id")
    hidden = schemas.users(name=Name("later", "others"), rows=5)
    there = schemas.snapshot(schemas.users(rows=5), hidden, views=(view,))
    there = replace(there, schemas=("later", "public"))
    found = ask(f"SET search_path = public, later; {FROM}", there)

    assert "other than tables" in found.refusals[0]
    assert ask(f"SET search_path = later, public; {FROM}", there).slugs == ["update_rows"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET email = 'a' FROM users AS o WHERE o.id = users.id + 1;",
        "UPDATE users SET email = o.id::text FROM users AS o WHERE o.id = users.id + 1;",
        "UPDATE users SET email = (SELECT email FROM others AS o JOIN plain AS p ON p.id = o.id"
        " WHERE o.id = users.id);",
    ],
)
def test_other_rows_may_decide_by_columns_that_stay(sql: str) -> None:
    (step,) = ask(sql, beside(None, None)).steps

    assert isinstance(step, Backfill)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET email = (SELECT max(name) FROM others WHERE id = 1) WHERE email ="
        " (SELECT max(name) FROM others WHERE id = 2);",
        "UPDATE users SET email = (SELECT o.name FROM others AS o WHERE o.id = users.id) WHERE"
        " users.email <> 'a';",
        "UPDATE users SET email = 'a' FROM others AS o WHERE o.email = users.email;",
        "UPDATE users AS u SET email = COALESCE(u.email, o.email) FROM others AS o WHERE o.id ="
        " u.id;",
        "UPDATE users SET email = coalesce(email, (SELECT max(name) FROM others));",
        "UPDATE users SET email = o.name FROM users AS o WHERE o.id = users.id - 1 AND"
        " users.email IS NULL;",
        "UPDATE users AS u SET email = (SELECT max(o.name) FROM users AS o WHERE o.id < u.id)"
        " WHERE email IS NULL;",
        f"{FROM[:-1]} AND u.email IS DISTINCT FROM o.email;",
        f"{FROM[:-1]} AND email <> o.email;",
        f"{FROM[:-1]} AND (u.email IS NULL OR u.email <> o.email);",
        f"{FROM[:-1]} AND COALESCE(u.email, '') <> o.email;",
        f"{FROM[:-1]} AND COALESCE(u.email, '') <> COALESCE(o.email, '');",
        f"{FROM[:-1]} AND NOT (u.email = o.email);",
        f"{FROM[:-1]} AND NOT (u.email IS NOT NULL AND u.email = o.email);",
        f"{FROM[:-1]} AND (o.email IS DISTINCT FROM u.email OR u.email <> o.email);",
        "UPDATE users SET email = o.email, name = o.name FROM others AS o WHERE o.id = users.id"
        " AND (users.email, users.name) IS DISTINCT FROM (o.email, o.name);",
        f"{FROM[:-1]} AND u.email = 'a';",
        f"{FROM[:-1]} AND u.email IS NOT NULL;",
        FROM.replace("o.email", "COALESCE(o.email, u.email)"),
        "UPDATE users SET email = (SELECT email FROM others WHERE name = users.name ORDER BY"
        " email DESC LIMIT 1);",
        "UPDATE users SET email = (SELECT o.email FROM others AS o ORDER BY o.name, o.id"
        " LIMIT 1);",
    ],
)
def test_what_gives_the_same_values_a_second_time_may_read_what_it_sets(sql: str) -> None:
    (step,) = ask(sql, beside(None, None)).steps

    assert isinstance(step, Backfill)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET email = o.name FROM others AS o WHERE o.email = users.email;",
        "UPDATE users SET email = 'a', name = o.name FROM others AS o WHERE o.email ="
        " users.email;",
        "UPDATE users SET email = (SELECT o.name FROM others AS o WHERE o.email ="
        " users.email);",
        "UPDATE users SET email = COALESCE(users.name, users.email || 'a', o.email) FROM"
        " others AS o;",
        "UPDATE users SET email = COALESCE(users.email, o.email || users.email) FROM others"
        " AS o;",
        "UPDATE users SET email = COALESCE(users.email, o.email), name = users.email FROM"
        " others AS o;",
        "UPDATE users SET email = COALESCE(o.email, users.email) || 'a' FROM others AS o;",
        "UPDATE users SET email = o.name FROM users AS o WHERE o.id = users.id - 1 AND o.email"
        " IS NULL;",
        "UPDATE users SET email = (SELECT max(users.email) FROM users);",
        "UPDATE users AS u SET email = (SELECT max(u.email) FROM users AS u);",
        "UPDATE users SET email = (SELECT max(email) FROM users AS o);",
    ],
)
def test_what_would_give_other_values_a_second_time_does_not(sql: str) -> None:
    assert ask(sql, beside(None, None)).refusals, sql


def test_values_of_several_rows_in_a_given_order_are_the_same_each_time() -> None:
    sql = "UPDATE users SET email = (SELECT {} FROM others AS o WHERE o.id = users.id);"
    many = beside(None, None)

    for value in (
        "string_agg(o.name, ',' ORDER BY o.id)",
        "(array_agg(o.name ORDER BY o.id))[1]",
        "mode() WITHIN GROUP (ORDER BY o.name)",
    ):
        (step,) = ask(sql.format(value), many).steps

        assert isinstance(step, Backfill), value
    for value in ("string_agg(o.name, ',')", "array_agg(o.name)::text"):
        assert "without ORDER BY" in ask(sql.format(value), many).refusals[0]


def test_a_window_is_read_once_for_a_small_table_and_never_for_each_row() -> None:
    sql = (
        "UPDATE users SET name = x.n::text FROM (SELECT id, row_number() OVER (ORDER BY id) AS"
        " n FROM others) AS x WHERE x.id = users.id;"
    )

    assert isinstance(ask(sql, beside(5, 5)).steps[0], RunSql)
    assert "from a window" in ask(sql, beside(None, None)).refusals[0]


def test_a_statement_that_runs_once_may_take_one_row_of_several() -> None:
    sql = "UPDATE users SET email = (SELECT email FROM others LIMIT 1) WHERE id = 1;"
    (step,) = ask(sql, beside(None, None)).steps

    assert isinstance(step, RunSql)


def test_rows_by_their_keys_may_read_any_table() -> None:
    sql = "UPDATE users SET email = (SELECT max(email) FROM others) WHERE id IN (1, 2);"
    (step,) = ask(sql, beside(None, None)).steps

    assert isinstance(step, RunSql)
    assert step.cost.rows == 2


@pytest.mark.parametrize(
    ("sets", "again"),
    [
        ("name = name || 'x'", True),
        ("name = users.name || 'x'", True),
        ("name = email, email = name", True),
        ("name = (SELECT users.name || o.name FROM others AS o WHERE o.id = users.id)", True),
        ("name = COALESCE(email, name || 'x')", True),
        ("name = COALESCE(name, email)", False),
        ("name = app.lower(name)", True),
        (
            "name = (SELECT o.label || name FROM (SELECT id, name AS label FROM others) AS o"
            " WHERE o.id = users.id)",
            True,
        ),
        ("name = 'x'", False),
        ("name = email", False),
        ("name = lower(name)", False),
        ("name = (SELECT o.name FROM others AS o WHERE o.id = users.id)", False),
        ("name = (SELECT name FROM others WHERE others.id = 3)", False),
    ],
)
def test_a_value_that_follows_from_the_old_one_is_set_again_by_a_second_run(
    sets: str, again: bool
) -> None:
    answer = ask(f"UPDATE users SET {sets} WHERE id = 1;", beside(5, 5))
    said = [h.message for h in answer.hazards]

    assert answer.slugs == ["update_rows"]
    assert any("a second run sets it once more" in one for one in said) is again
    assert any("keep old values" in (h.remedy or "") for h in answer.hazards) is (
        not again and "others" not in sets
    )


@pytest.mark.parametrize(
    ("keys", "rows"),
    [
        ("ANY ('{1,2, 3}')", 3),
        ("ANY ('{1,2}'::bigint[])", 2),
        ("ANY (CAST('{\"1\",2}' AS bigint[]))", 2),
        ("ANY (ARRAY[1, 2])", 2),
        ("ANY ('{}')", 0),
        (f"ANY ('{{{','.join(map(str, range(1000)))}}}')", 1000),
    ],
)
def test_keys_of_an_array_that_is_one_text_are_counted(keys: str, rows: int) -> None:
    (step,) = ask(f"UPDATE users SET email = 'a' WHERE id = {keys};").steps

    assert step.cost.rows == rows


@pytest.mark.parametrize(
    "keys",
    [
        f"ANY ('{{{','.join(map(str, range(1001)))}}}')",
        "ANY ('{1,NULL}')",
        "ANY ('{{1,2},{3,4}}')",
        "ANY ('[0:1]={1,2}')",
    ],
)
def test_an_array_of_too_many_keys_or_of_another_form_is_not_counted(keys: str) -> None:
    assert ask(f"UPDATE users SET email = 'a' WHERE id = {keys};").slugs == ["backfill"]


def test_batches_lock_the_tables_that_they_read() -> None:
    (step,) = ask(FROM, beside(None, None)).steps

    assert isinstance(step, Backfill)
    assert [(lock.table.name, lock.mode) for lock in step.locks] == [
        ("others", LockMode.ACCESS_SHARE),
        ("users", LockMode.ROW_EXCLUSIVE),
    ]


CHECK = "ALTER TABLE users ADD CONSTRAINT k CHECK (email <> 'b' AND name <> 'b');"
FILL = "ALTER TABLE users ALTER COLUMN name SET NOT NULL;"


@pytest.mark.parametrize(
    ("update", "constraint", "again"),
    [
        ("email = 'a' WHERE email = 'b'", CHECK, True),
        ("email = lower(email)", CHECK, True),
        ("email = name || 'a'", CHECK, True),
        ("name = COALESCE(name, email)", FILL, True),
        ("name = gen_random_uuid() WHERE name IS NULL AND id > 1", FILL, True),
        ("name = DEFAULT WHERE id > 1 AND name IS NULL", FILL, True),
        ("name = 'a' WHERE NOT EXISTS (SELECT FROM others)", FILL, True),
        ("name = o.name FROM others AS o WHERE o.id = users.id AND email = 'a'", FILL, True),
        ("email = email || 'a'", CHECK, False),
        ("email = name, name = email", CHECK, False),
        ("name = COALESCE(email, name || '!')", FILL, False),
        ("email = gen_random_uuid()", CHECK, False),
        ("email = DEFAULT WHERE email = 'b'", CHECK, False),
        ("email = o.name FROM others AS o WHERE o.email = users.email", CHECK, False),
        ("name = (SELECT max(name) FROM others LIMIT 1)", FILL, False),
        ("name = (SELECT max(o.name) FROM users AS o)", FILL, False),
        ("name = (SELECT count(*) FROM users AS o WHERE o.id < users.id)", FILL, False),
        ("email = 'a' WHERE email = 'b' RETURNING id", CHECK, False),
    ],
)
def test_only_an_update_that_gives_the_same_again_runs_once_more(
    update: str, constraint: str, again: bool
) -> None:
    answer = ask(f"UPDATE users SET {update}; {constraint}", beside(5, 5))
    said = [h.message for h in answer.hazards]

    assert any("gets the new value in the contract" in one for one in said) is again
    assert any("stops the run there" in one for one in said) is not again
    assert any(step.id.endswith("once-more") for step in answer.steps) is again


@pytest.mark.parametrize(
    ("later", "again"),
    [
        ("UPDATE users SET name = 'c' WHERE name IS NULL AND id > 3;", True),
        ("UPDATE users SET name = 'c', email = '' WHERE name IS NULL;", True),
        ("UPDATE users SET name = 'c' WHERE id = 1;", False),
        ("UPDATE users SET name = email WHERE id = 1;", False),
        ("UPDATE users SET email = 'c' WHERE id = 1;", False),
        ("UPDATE others SET email = 'c' WHERE id = 1;", True),
        ("INSERT INTO users (id, name) VALUES (1, 'a');", True),
    ],
)
def test_an_update_behind_it_may_give_it_other_values(later: str, again: bool) -> None:
    answer = ask(f"UPDATE users SET name = email || 'a'; {later} {FILL}", beside(5, 5))
    first = answer.operations[0]

    assert isinstance(first, UpdateSome)
    assert bool(first.again) is again


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ("UPDATE users SET email = 'c' WHERE id = 1;", False),
        ("UPDATE users SET name = 'c' WHERE id = 1;", False),
        ("UPDATE users SET name = 'c' WHERE email = '';", False),
        ("UPDATE others SET name = 'c' WHERE id = 1;", True),
    ],
)
def test_behind_another_update_that_sets_the_same_columns_it_runs_once(
    before: str, again: bool
) -> None:
    answer = ask(f"{before} UPDATE users SET name = email || 'a'; {FILL}", beside(5, 5))
    last = answer.operations[1]

    assert isinstance(last, UpdateSome)
    assert bool(last.again) is again
    assert bool(last.stops) is not again


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ("UPDATE users SET name = 'c' WHERE name = 'b';", True),
        ("UPDATE others SET name = u.name FROM users AS u WHERE u.id = others.id;", True),
        ("UPDATE users SET name = 'c' WHERE id = 1;", False),
    ],
)
def test_what_an_application_writes_between_two_updates_is_said(
    update: str, said: bool
) -> None:
    answer = ask(f"UPDATE users SET name = 'b' WHERE name = 'a'; {update}", beside(5, 5))

    assert any("between the two" in h.message for h in answer.hazards) is said


@pytest.mark.parametrize(
    ("constraint", "again"),
    [
        (CHECK, True),
        (f"{CHECK[:-1]} NOT VALID;", False),
        (f"{CHECK[:-1]} NOT ENFORCED;", False),
        (f"{CHECK[:-1]} NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT k;", True),
        (f"{CHECK[:-1]} NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT other;", False),
        (
            "ALTER TABLE users ADD CHECK (email <> 'b') NOT VALID; ALTER TABLE users VALIDATE"
            " CONSTRAINT users_email_check;",
            True,
        ),
    ],
)
def test_a_constraint_counts_where_the_train_holds_it_against_all_rows(
    constraint: str, again: bool
) -> None:
    answer = ask(f"UPDATE users SET email = 'a' WHERE email = 'b'; {constraint}", beside(5, 5))

    assert any(step.id.endswith("once-more") for step in answer.steps) is again


def test_what_the_functions_write_that_it_calls_is_locked() -> None:
    function = Function(
        name=Name("public", "bump"),
        arguments="",
        definition="CREATE FUNCTION public.bump() AS $$BEGIN UPDATE others SET id = 1; END$$",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )
    before = replace(beside(5, 5), functions=(function,))
    writes = ("public.others", "public.users")
    for one in (function, replace(function, volatility=Volatility.STABLE)):
        there = replace(before, functions=(one,))
        (step,) = ask("UPDATE users SET email = bump() WHERE id = 1;", there).steps
        locked = tuple(f"{x.table.schema}.{x.table.name}" for x in step.locks)

        assert locked == (writes if one is function else writes[1:])


@pytest.mark.parametrize("rows", [5, None])
def test_a_generated_column_is_read_as_those_that_it_is_made_of(rows: int | None) -> None:
    made = Column(name="made", type="text", generated="stored", default="(name || 'x'::text)")
    there = beside(rows, rows)
    others = (t for t in there.tables if t.name != schemas.USERS)
    there = schemas.snapshot(schemas.users(made, rows=rows), *others)
    for sql in (
        "UPDATE users SET name = made",
        "UPDATE users SET name = users.made || o.name FROM others AS o WHERE o.id = users.id",
    ):
        answer = ask(f"{sql}; {FILL}", there)

        if rows is None:
            assert any("which it sets" in r or "that it sets" in r for r in answer.refusals)
        else:
            assert not any(step.id.endswith("once-more") for step in answer.steps)
            assert any("a second run sets it once more" in h.message for h in answer.hazards)
