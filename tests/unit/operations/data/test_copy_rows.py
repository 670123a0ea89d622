import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.locks import LockMode
from zdm.model.plan import Backfill
from zdm.model.schema import Column, Function, Index, Name, Snapshot, Table, Volatility

MADE = "CREATE TABLE settings (user_id bigint PRIMARY KEY, theme text);"
STATEMENT = "INSERT INTO settings (user_id, theme) SELECT u.id, 'dark' FROM users AS u;"
LOGGED = "CREATE TABLE log (id bigserial, owner bigint, email text);"
LOG = "INSERT INTO log (owner, email) SELECT id, email FROM users;"


def made(sql: str, snapshot: Snapshot | None = None) -> Answer:
    """A train that makes the table, too."""
    return ask(f"{MADE} {sql}", snapshot)


def copied(answer: Answer) -> Backfill:
    (step,) = (step for step in answer.steps if isinstance(step, Backfill))
    return step


def sql_of(answer: Answer) -> str:
    step = copied(answer)
    assert step.copy is not None
    return step.copy.sql


def test_rows_of_a_big_table_are_copied_by_its_key() -> None:
    answer = made(STATEMENT)
    step = copied(answer)

    assert answer.slugs == ["create_table", "copy_rows"]
    assert (step.table, step.key) == (Name("public", "users"), ("id",))
    assert sql_of(answer) == (
        "INSERT INTO settings (user_id, theme) SELECT u.id, 'dark' FROM zdm_rows u"
        " ON CONFLICT (user_id) DO NOTHING"
    )
    assert not step.deletes
    assert step.undo == ()


def test_rows_that_an_application_deletes_from_a_table_in_use_are_not_put_there_again() -> None:
    key = Index(name="k", definition="", keys=("user_id",), columns=("user_id",), unique=True)
    settings = Table(
        name=Name("public", "settings"),
        columns=(
            Column(name="user_id", type="bigint", not_null=True),
            Column(name="theme", type="text"),
        ),
        indexes=(key,),
    )
    (refusal,) = ask(STATEMENT, schemas.snapshot(schemas.users(), settings)).refusals

    assert "insert again what an application deletes from settings" in refusal


def test_it_locks_what_the_statement_of_its_author_locks() -> None:
    assert [(lock.table.name, lock.mode) for lock in copied(made(STATEMENT)).locks] == [
        ("users", LockMode.ACCESS_SHARE),
    ]


def test_the_tables_that_it_joins_are_sources() -> None:
    teams = schemas.users(name=Name("public", "teams"), rows=9)
    sql = (
        "INSERT INTO settings SELECT u.id, t.email FROM users AS u JOIN teams AS t USING (id);"
    )
    step = copied(made(sql, schemas.snapshot(schemas.users(), teams)))

    assert step.sources == (Name("public", "teams"),)


def test_the_rows_of_a_small_table_are_one_statement() -> None:
    few = schemas.snapshot(schemas.users(rows=9))

    assert made(STATEMENT, few).slugs == ["create_table", "new_table_change"]


def test_a_row_is_missing_while_its_key_is_not_there() -> None:
    assert copied(made(STATEMENT)).differs == (
        "EXISTS (SELECT FROM (SELECT u.id AS zdm_1 FROM (SELECT users.*) u) AS zdm_row WHERE"
        ' NOT EXISTS (SELECT FROM "public"."settings" AS zdm_copy WHERE'
        ' zdm_copy."user_id" = CAST(zdm_row.zdm_1 AS bigint)))'
    )


@pytest.mark.parametrize(
    ("type", "collation"),
    [
        ("text", 'COLLATE "default"'),
        ('varchar(9) COLLATE "POSIX"', 'COLLATE "POSIX"'),
        ("char(9)", 'COLLATE "default"'),
    ],
)
def test_a_key_is_compared_by_the_collation_of_its_index(type: str, collation: str) -> None:
    names = f"CREATE TABLE names (name {type} PRIMARY KEY);"
    answer = ask(f"{names} INSERT INTO names SELECT email FROM users;")

    assert f") {collation}))" in copied(answer).differs


def test_a_table_like_another_one_has_its_collations() -> None:
    names = (
        'CREATE TABLE n (name text COLLATE "C");CREATE TABLE m (LIKE n, PRIMARY KEY (name));'
    )
    answer = ask(f"{names} INSERT INTO m SELECT email FROM users;")

    assert ') COLLATE "C"))' in copied(answer).differs


def test_what_it_leaves_out_is_a_hazard() -> None:
    hazards = [hazard.message for hazard in made(STATEMENT).hazards]

    assert len(hazards) == 2
    assert "later get none in settings" in hazards[0]
    assert "a row whose user_id is in settings already" in hazards[1]


def test_rows_that_its_author_leaves_out_are_no_hazard() -> None:
    answer = made(STATEMENT.replace(";", " ON CONFLICT DO NOTHING;"))

    assert len(answer.hazards) == 1
    assert "ON CONFLICT DO NOTHING" in sql_of(answer)


def test_rows_are_known_by_an_index_on_their_key() -> None:
    answer = ask(f"{LOGGED} CREATE INDEX i ON log (owner); {LOG}")
    step = copied(answer)

    assert step.copy is not None
    assert not step.copy.unique


@pytest.mark.parametrize(
    "index", ["", "CREATE INDEX i ON log (email);", "CREATE INDEX i ON log USING brin (owner);"]
)
def test_each_batch_does_not_read_all_rows_before_it(index: str) -> None:
    (refusal,) = ask(f"{LOGGED} {index} {LOG}").refusals

    assert "no index of log is on owner" in refusal


def test_equal_rows_of_select_distinct_are_known_by_their_key() -> None:
    names = "CREATE TABLE names (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);"
    answer = ask(f"{names} INSERT INTO names (name) SELECT DISTINCT email FROM users;")

    assert answer.slugs == ["create_table", "copy_rows"]


def test_a_star_is_spelt_out() -> None:
    answer = ask(
        "CREATE TABLE copies (LIKE users, PRIMARY KEY (id));"
        "INSERT INTO copies SELECT * FROM users;"
    )

    assert "SELECT users.id, users.email" in sql_of(answer)


def test_an_order_that_decides_nothing_is_dropped() -> None:
    answer = made(
        "INSERT INTO settings SELECT id, lower(email) AS mail FROM users ORDER BY mail;"
    )

    assert "ORDER BY" not in sql_of(answer)


def test_an_order_that_decides_which_row_wins_is_refused() -> None:
    (refusal,) = made(
        "INSERT INTO settings SELECT id, email FROM users ORDER BY email"
        " ON CONFLICT (user_id) DO NOTHING;"
    ).refusals

    assert "decides which of several rows is kept" in refusal


@pytest.mark.parametrize("type", ["bigserial", "bigint GENERATED ALWAYS AS IDENTITY"])
def test_an_order_that_decides_which_number_a_row_gets_is_refused(type: str) -> None:
    (refusal,) = ask(
        f"CREATE TABLE log (id {type}, owner bigint PRIMARY KEY);"
        "INSERT INTO log (owner) SELECT id FROM users ORDER BY email;"
    ).refusals

    assert "decides the values of id" in refusal


def function(body: str, name: str = "place", returns: str = "bigint") -> Function:
    return Function(
        name=Name("public", name),
        arguments="",
        definition=f"CREATE FUNCTION public.{name}() RETURNS {returns} LANGUAGE sql"
        f" AS $${body}$$",
        language="sql",
        volatility=Volatility.STABLE,
    )


COUNTS = function("SELECT count(*) FROM settings")
CALLS = function("SELECT place()", "outer_place")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, 'x' FROM users WHERE NOT EXISTS (SELECT FROM settings WHERE user_id = id)",
        "SELECT id, (SELECT max(theme) FROM settings) FROM users",
        "SELECT u.id, s.theme FROM users AS u LEFT JOIN settings AS s ON s.user_id = u.id",
        "SELECT id, place()::text FROM users",
        "SELECT id, outer_place()::text FROM users",
    ],
)
def test_what_reads_the_rows_of_the_batches_before_it_is_refused(sql: str) -> None:
    here = replace(schemas.snapshot(schemas.users()), functions=(COUNTS, CALLS))
    (refusal,) = made(f"INSERT INTO settings {sql};", here).refusals

    assert "reads settings itself" in refusal


def test_a_default_that_reads_the_rows_is_refused() -> None:
    here = replace(schemas.snapshot(schemas.users()), functions=(COUNTS,))
    (refusal,) = ask(
        "CREATE TABLE settings (user_id bigint PRIMARY KEY, place bigint DEFAULT place());"
        "INSERT INTO settings (user_id) SELECT id FROM users;",
        here,
    ).refusals

    assert "may do so in public.place" in refusal or "may do so in place" in refusal


@pytest.mark.parametrize(
    "value", ["u", "u::text", "u.label", "md5((u.*)::text)", "to_jsonb(u)"]
)
def test_a_row_as_one_value_is_refused(value: str) -> None:
    (refusal,) = made(f"INSERT INTO settings SELECT u.id, {value} FROM users AS u;").refusals

    assert "as single values" in refusal


@pytest.mark.parametrize("name", ["unnest", "several", "regexp_matches"])
def test_a_value_that_is_several_or_none_is_refused(name: str) -> None:
    several = function("SELECT 'x'", "several", "SETOF text")
    here = replace(schemas.snapshot(schemas.users()), functions=(several,))
    sql = f"INSERT INTO settings SELECT u.id, {name}(u.email) FROM users AS u;"
    (refusal,) = made(sql, here).refusals

    assert f"{name} gives several rows or none" in refusal


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO settings SELECT id, max(email) FROM users GROUP BY id", "rows together"),
        ("INSERT INTO settings SELECT max(id), 'x' FROM users", "rows together"),
        ("INSERT INTO settings SELECT mine(id), 'x' FROM users", "rows together"),
        ("INSERT INTO settings SELECT id, row_number() OVER () FROM users", "rows together"),
        ("INSERT INTO settings SELECT id, email FROM users LIMIT 5", "rows together"),
        ("INSERT INTO settings SELECT DISTINCT ON (id) id, email FROM users", "rows together"),
        ("INSERT INTO settings SELECT 1, 'x' UNION SELECT id, 'y' FROM users", "rows together"),
        ("INSERT INTO settings SELECT id, 'x' FROM users RETURNING theme", "rows together"),
        (
            "INSERT INTO settings SELECT id, 'x' FROM users ON CONFLICT (user_id) DO UPDATE SET"
            " theme = 'x'",
            "rows together",
        ),
        ("INSERT INTO settings SELECT u.id, u.ctid FROM users AS u", "rows together"),
        ("INSERT INTO settings SELECT DISTINCT id, email FROM users", "no unique key"),
        ("INSERT INTO settings (theme) SELECT email FROM users", "no unique key"),
        ("INSERT INTO settings SELECT id FROM users WHERE id > random()", "at another time"),
        ("INSERT INTO settings SELECT * FROM users, users AS u", "do not fit"),
        ("INSERT INTO settings (user_id) SELECT id, 'x' FROM users", "do not fit"),
    ],
)
def test_what_batches_would_do_otherwise_is_refused(sql: str, reason: str) -> None:
    (refusal,) = made(f"{sql};").refusals

    assert reason in refusal


def test_a_key_that_may_be_null_names_no_row() -> None:
    (refusal,) = ask(
        "CREATE TABLE names (name text UNIQUE); INSERT INTO names SELECT email FROM users;"
    ).refusals

    assert "no unique key" in refusal


def test_a_trigger_that_may_change_the_rows_is_refused() -> None:
    here = replace(
        schemas.snapshot(schemas.users()), functions=(function("", "keep", "trigger"),)
    )
    (refusal,) = made(
        "\n-- zdm: run in expand -- reviewed\n"
        "CREATE TRIGGER keep BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION keep();"
        + STATEMENT,
        here,
    ).refusals

    assert "keep may change or leave out rows" in refusal


def test_a_constraint_that_is_checked_at_the_end_is_no_key() -> None:
    (refusal,) = ask(
        "CREATE TABLE names (name text NOT NULL UNIQUE DEFERRABLE);"
        "INSERT INTO names SELECT email FROM users;"
    ).refusals

    assert "no unique key" in refusal
