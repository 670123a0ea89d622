"""Built SQL is proved: a quoting mistake or an injection cannot pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdm.errors import ZdmError
from zdm.model.schema import Name
from zdm.parse import emit
from zdm.parse.emit import Body, Constant, Expression, Ident, Idents, Qualified, TypeText

NAMES = ["plain", 'we"ird', "Ünï Cödé", "a.b", "select", "x" * 63, "semi;colon", "--", "/*"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name(name: str) -> None:
    text = emit.sql(
        "ALTER TABLE {t} DROP COLUMN {c}", t=Qualified(Name(name, name)), c=Ident(name)
    )
    quoted = '"' + name.replace('"', '""') + '"'

    assert text == f"ALTER TABLE {quoted}.{quoted} DROP COLUMN {quoted}"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_every_text_is_a_name_or_refused(name: str) -> None:
    if len(name.encode()) > 63:
        with pytest.raises(ZdmError):
            emit.sql("DROP TABLE {t}", t=Ident(name))
    else:
        assert emit.sql("DROP TABLE {t}", t=Ident(name)).startswith('DROP TABLE "')


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_every_text_is_a_constant(value: str) -> None:
    assert emit.sql("SELECT {v}", v=Constant(value)).startswith("SELECT ")


@pytest.mark.parametrize(
    "part",
    [
        TypeText("int, DROP COLUMN b"),
        TypeText("int; DROP TABLE t"),
        TypeText("int NOT NULL"),
        TypeText("int DEFAULT f()"),
        TypeText("int -- "),
    ],
)
def test_a_type_is_nothing_more_than_a_type(part: TypeText) -> None:
    with pytest.raises(ZdmError):
        emit.sql("ALTER TABLE t ADD COLUMN c {type}, ADD d int", type=part)


@pytest.mark.parametrize("text", ["1), d = (2", "1; DROP TABLE t", "1, d = 2", "a OR b"])
def test_an_expression_cannot_break_out(text: str) -> None:
    with pytest.raises(ZdmError):
        emit.sql("UPDATE t SET c = 1 WHERE {e} AND x", e=Expression(text))


def test_lists_of_names() -> None:
    text = emit.sql("SELECT {c} FROM t", c=Idents(("a", "B")))

    assert text == 'SELECT "a", "B" FROM t'


def test_the_parts_are_those_of_the_template() -> None:
    with pytest.raises(ZdmError, match="differ"):
        emit.sql("SELECT {a}", b=Ident("x"))


@pytest.mark.parametrize(
    "text", ["int", "numeric(10,2)[]", 'public."we ird"', "timestamp(3) with time zone"]
)
def test_a_type_is_put_in_as_it_is(text: str) -> None:
    sql = emit.sql("ALTER TABLE t ADD COLUMN c {type}", type=TypeText(text))

    assert sql == f"ALTER TABLE t ADD COLUMN c {text}"


def test_an_array_is_part_of_the_types_own_text() -> None:
    with pytest.raises(ZdmError):
        emit.sql("SELECT NULL::{t}[]", t=TypeText("public.mood"))


def test_an_expression_is_put_in_as_it_is() -> None:
    text = emit.sql("UPDATE t SET c = {e} WHERE ({e})", e=Expression("a OR lower(b) = 'x'"))

    assert text == "UPDATE t SET c = a OR lower(b) = 'x' WHERE (a OR lower(b) = 'x')"


def test_a_body_is_readable_and_cannot_break_out() -> None:
    template = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS {body}"

    assert emit.sql(template, body=Body("SELECT 'it''s'")).endswith("$zdm$SELECT 'it''s'$zdm$")
    for body in ("SELECT 1 $zdm$; DROP TABLE t; --", "$zdm$ $zdm1$", "SELECT '$zdm"):
        text = emit.sql(template, body=Body(body))
        (tag,) = {text.rpartition("$")[0].rpartition("$")[2]}

        assert text.endswith(f"${tag}${body}${tag}$")
        assert f"${tag}$" not in body


def test_a_name_without_schema_stays_so() -> None:
    assert emit.sql("DROP TABLE {t}", t=Qualified(Name("", "t"))) == 'DROP TABLE "t"'


def test_a_template_is_one_statement() -> None:
    with pytest.raises(ZdmError):
        emit.sql("SELECT 1; SELECT 2")
