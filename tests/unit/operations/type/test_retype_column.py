import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.plan import BOTH, NEW_ONLY, OLD_ONLY, Phase, RunSql
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

ITEMS = Name("public", "items")
JSON = "ALTER TABLE items ALTER data TYPE jsonb;"
PRICE = "ALTER TABLE items ALTER price TYPE numeric(12,4);"
SHORT = "ALTER TABLE items ALTER code TYPE varchar(3);"


def check(name: str, definition: str, *columns: str) -> Constraint:
    return Constraint(name=name, kind="check", columns=columns, definition=definition)


CODE = check("short", "CHECK ((char_length((code)::text) <= 3))", "code")


def start(*constraints: Constraint, indexes: tuple[Index, ...] = ()) -> Snapshot:
    """A table with a column of each kind."""
    items = Table(
        name=ITEMS,
        columns=(
            Column(name="id", type="bigint", not_null=True),
            Column(name="data", type="json", not_null=True),
            Column(name="price", type="numeric(10,2)", not_null=True),
            Column(name="code", type="character varying(255)", not_null=True),
            Column(name="size", type="real"),
        ),
        constraints=(
            Constraint(
                name="items_pkey",
                kind="primary key",
                columns=("id",),
                definition="PRIMARY KEY (id)",
            ),
            *constraints,
        ),
        indexes=indexes,
    )
    return schemas.snapshot(items)


def index(definition: str, column: str, *, unique: bool = False) -> Index:
    """One on an expression."""
    return Index(
        name="i", definition=definition, keys=(None,), columns=(column,), unique=unique
    )


def steps(answer: Answer, phase: Phase) -> list[RunSql]:
    return [s for s in answer.steps if isinstance(s, RunSql) and s.phase is phase]


@pytest.mark.parametrize("sql", [JSON, PRICE, SHORT, f"{JSON} {PRICE} {SHORT}"])
def test_a_type_that_both_versions_share_keeps_the_name(sql: str) -> None:
    answer = ask(sql, start(CODE))

    assert answer.slugs == ["retype_column"]
    assert answer.refusals == ()
    assert {s.serves for s in answer.steps if s.phase.position < Phase.SWITCH.position} == {
        OLD_ONLY
    }
    assert {s.serves for s in steps(answer, Phase.SWITCH)} == {BOTH}
    assert {s.serves for s in steps(answer, Phase.CONTRACT)} == {NEW_ONLY}


def test_a_text_gets_shorter_only_by_a_check_that_is_there() -> None:
    (refusal,) = ask(SHORT, start()).refusals

    assert "rewrites the table" in refusal


def test_a_check_that_the_train_drops_proves_nothing() -> None:
    drop = "ALTER TABLE items DROP CONSTRAINT short;"

    assert any("drops the check short" in r for r in ask(SHORT + drop, start(CODE)).refusals)
    assert any("rewrites" in r for r in ask(drop + SHORT, start(CODE)).refusals)


@pytest.mark.parametrize(
    "using",
    ["data", "data::jsonb", "data::json"],
)
def test_a_cast_to_one_of_the_types_is_the_column_itself(using: str) -> None:
    assert ask(JSON.replace(";", f" USING {using};"), start()).slugs == ["retype_column"]


@pytest.mark.parametrize(
    "using",
    ["data -> 'a'", "(data::text)::jsonb", "data::text", "'{}'", "coalesce(data, '{}')"],
)
def test_another_value_is_refused(using: str) -> None:
    (refusal,) = ask(JSON.replace(";", f" USING {using};"), start()).refusals

    assert "rewrites the table" in refusal


def test_a_text_that_a_cast_cuts_is_refused() -> None:
    cut = SHORT.replace(";", " USING code::varchar(2);")

    assert len(ask(cut, start(CODE)).refusals) == 1


def test_a_numeric_is_rounded_back_until_the_contract() -> None:
    (install,) = steps(ask(PRICE, start()), Phase.EXPAND)
    body = next(sql for sql in install.sql if "CREATE FUNCTION" in sql)

    assert 'NEW."price" := NEW."zdm_price"' in body
    assert "TG_RELID" in body  # a value does not show its modifiers


def test_json_is_compared_as_jsonb_prints_it() -> None:
    (install,) = steps(ask(JSON, start()), Phase.EXPAND)
    trigger = next(sql for sql in install.sql if "CREATE TRIGGER" in sql)

    assert "jsonb) AS text) IS DISTINCT FROM" in trigger.replace("pg_catalog.", "")
    assert [check.failure for check in install.preconditions] == [
        "rows of items.data have the character \\u0000, which jsonb refuses"
    ]


@pytest.mark.parametrize(
    ("sql", "definition", "column"),
    [
        (PRICE, "CHECK ((scale(price) <= 2))", "price"),
        (PRICE, "CHECK (((price)::text <> '1.00'::text))", "price"),
        (JSON, "CHECK ((json_typeof(data) = 'object'::text))", "data"),
        (JSON, "CHECK (((data)::text <> '{}'::text))", "data"),
    ],
)
def test_a_check_that_sees_the_form_is_named(sql: str, definition: str, column: str) -> None:
    (refusal,) = ask(sql, start(check("k", definition, column))).refusals

    assert "check k (calls a function or casts the column)" in refusal


@pytest.mark.parametrize(
    ("sql", "definition", "column"),
    [
        (PRICE, "CHECK ((price > (0)::numeric))", "price"),
        (PRICE, "CHECK ((id = ANY (ARRAY[length('a'::text)])))", "id"),
        (JSON, "CHECK (((data ->> 'a'::text) IS NOT NULL))", "data"),
        (SHORT, "CHECK ((lower((code)::text) = (code)::text))", "code"),
    ],
)
def test_a_check_of_the_value_follows(sql: str, definition: str, column: str) -> None:
    assert ask(sql, start(CODE, check("k", definition, column))).refusals == ()


def test_an_index_by_the_form_is_named() -> None:
    unique = index(
        "CREATE UNIQUE INDEX i ON public.items ((data ->> 'a'::text))", "data", unique=True
    )
    of_json = index("CREATE INDEX i ON public.items (json_typeof(data))", "data")
    plain = index("CREATE INDEX i ON public.items ((data ->> 'a'::text))", "data")

    assert any("index i (unique" in r for r in ask(JSON, start(indexes=(unique,))).refusals)
    assert any("index i (unique" in r for r in ask(JSON, start(indexes=(of_json,))).refusals)
    assert ask(JSON, start(indexes=(plain,))).refusals == ()


def function(body: str, returns: str = "integer") -> Function:
    return Function(
        name=Name("public", "f"),
        arguments="",
        definition=f"CREATE OR REPLACE FUNCTION public.f()\n RETURNS {returns}\n"
        f" LANGUAGE plpgsql\nAS $function${body}$function$\n",
        language="plpgsql",
        volatility=Volatility.VOLATILE,
    )


@pytest.mark.parametrize("sql", [JSON, PRICE, SHORT])
def test_a_trigger_that_names_the_column_is_named(sql: str) -> None:
    column = sql.split()[4]
    sees = function(f"BEGIN NEW.{column} := NULL; RETURN NEW; END", "trigger")
    trigger = Trigger(
        name="t",
        definition="CREATE TRIGGER t BEFORE INSERT ON public.items FOR EACH ROW EXECUTE"
        " FUNCTION f()",
        enabled="O",
        function=sees.name,
    )
    found = start(CODE)
    (items,) = found.tables
    (refusal,) = ask(
        sql, replace(found, tables=(replace(items, triggers=(trigger,)),), functions=(sees,))
    ).refusals

    assert "trigger function f (its body names the column)" in refusal


def test_a_function_of_json_is_named() -> None:
    calls = function("BEGIN RETURN (SELECT json_array_length(data) FROM items LIMIT 1); END")
    (refusal,) = ask(JSON, replace(start(), functions=(calls,))).refusals

    assert "function f (calls a function of json)" in refusal


@pytest.mark.parametrize(
    ("type_", "words"),
    [("double precision", "0.1 is read as"), ("numeric", "rounded in another way")],
)
def test_what_the_old_version_would_notice_is_said(type_: str, words: str) -> None:
    (refusal,) = ask(f"ALTER TABLE items ALTER size TYPE {type_};", start()).refusals

    assert words in refusal


def test_an_update_of_the_column_in_the_train_is_refused() -> None:
    refusals = ask(f"{PRICE} UPDATE items SET price = 1.2345 WHERE id = 1;", start()).refusals

    assert any("sets items.price" in refusal for refusal in refusals)
