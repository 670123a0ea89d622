"""Built SQL is proved: a quoting mistake or an injection cannot pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdm.errors import ZdmError
from zdm.model.schema import Name
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Ident, Idents, Qualified, TypeText

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
