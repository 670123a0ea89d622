import pytest

from zdm.parse import column_names, expressions


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("lower(email)", "lower"),
        ("pg_catalog.upper(email)", "upper"),
        ("users.email", "email"),
        ("email::date", "email"),
        ("(a + 1)::text", "text"),
        ("a + 1", column_names.OTHER),
        ("email IS NULL", column_names.OTHER),
        ('lower(email) COLLATE "C"', "lower"),
        ("CASE WHEN a > 1 THEN b END", "case"),
        ("CASE WHEN a > 1 THEN b ELSE c END", "c"),
        ("coalesce(a, b)", "coalesce"),
        ("nullif(a, b)", "nullif"),
        ("greatest(a, b)", "greatest"),
        ("least(a, b)", "least"),
        ("ARRAY[a]", "array"),
        ("ROW(a, b)", "row"),
        ("(pair).first", "first"),
        ("tags[1]", "tags"),
        ("current_date", "current_date"),
    ],
)
def test_an_expression_gives_the_name_that_postgresql_gives(sql: str, name: str) -> None:
    assert column_names.of_key(expressions.read(sql)) == name
