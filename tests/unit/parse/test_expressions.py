import pytest

from zdm.model.expression import (
    Call,
    Cast,
    Coalesce,
    ColumnName,
    Constant,
    Every,
    Feature,
    Form,
    NullTest,
    OtherForm,
)
from zdm.parse import expressions


def test_qualifiers_are_taken_off() -> None:
    assert expressions.bare(expressions.read("lower(u.email)")) == "lower(email)"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("u.email", ColumnName(("u", "email"))),
        ("NULL", Constant(None)),
        ("'x'", Constant("x", is_string=True)),
        ("7", Constant("7")),
        ("a || b", OtherForm()),
    ],
)
def test_the_outermost_form_is_told(text: str, form: Form) -> None:
    assert expressions.form(expressions.read(text)) == form


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("lower(a)", Call),
        ("a::text", Cast),
        ("coalesce(a, b)", Coalesce),
        ("a IS NULL", NullTest),
        ("a > 1 AND b > 2", Every),
        ("a > 1 OR b > 2", OtherForm),
    ],
)
def test_forms_with_parts_are_told_by_their_class(text: str, kind: type[Form]) -> None:
    assert isinstance(expressions.form(expressions.read(text)), kind)


def test_columns_are_named_once_in_their_order() -> None:
    found = expressions.columns(expressions.read("u.b + a + f(b) + (a)::int"))

    assert found == ("b", "a")


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("a", set()),
        ("a + 1", {Feature.OPERATOR}),
        ("f(a)::int", {Feature.CALL, Feature.CAST}),
        ("(SELECT 1)", {Feature.SUBQUERY}),
        ("current_date", {Feature.CURRENT_VALUE}),
        ("$1", {Feature.PARAMETER}),
    ],
)
def test_features_are_found_wherever_they_are(text: str, features: set[Feature]) -> None:
    assert expressions.features(expressions.read(text)) == features


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("a IS NULL", ("a", False)),
        ("t.a IS NOT NULL", ("a", True)),
        ("f(a) IS NULL", None),
        ("a", None),
    ],
)
def test_a_null_test_of_a_bare_column_is_recognised(
    text: str, test: tuple[str, bool] | None
) -> None:
    assert expressions.null_test(expressions.read(text)) == test


def test_a_column_is_renamed_and_text_that_looks_like_it_is_not() -> None:
    renamed = expressions.renamed(expressions.read("email || 'email'"), "email", "mail")

    assert expressions.sql(renamed) == "mail || 'email'"
