from zdm.model.schema import Name
from zdm.parse import names


def test_a_search_path_is_read_as_show_prints_it() -> None:
    assert names.search_path('"$user", public, "a, b"') == ("$user", "public", "a, b")


def test_a_printed_name_is_read_back() -> None:
    assert names.qualified('pg_catalog."C"') == Name("pg_catalog", "C")
    assert names.qualified("plain") == Name("", "plain")
