"""Quoting, and names of zdm's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdm.model.sql import MAX_NAME_BYTES, ident, literal, zdm_name


@pytest.mark.parametrize(
    ("parts", "quoted"),
    [
        (("users",), '"users"'),
        (("public", "users"), '"public"."users"'),
        (("", "users"), '"users"'),
        (('we"ird',), '"we""ird"'),
        (("a.b", "C d"), '"a.b"."C d"'),
    ],
    ids=["plain", "qualified", "no schema", "quote", "dot and blank"],
)
def test_a_name_is_always_quoted(parts: tuple[str, ...], quoted: str) -> None:
    assert ident(*parts) == quoted


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("", "''"), ("it's", "'it''s'"), ("a\\'b", " E'a\\\\''b'"), ("%s :x", "'%s :x'")],
    ids=["empty", "quote", "backslash", "placeholders"],
)
def test_a_value_is_a_constant_under_any_setting(value: str, quoted: str) -> None:
    assert literal(value) == quoted


def test_a_short_name_is_kept() -> None:
    assert zdm_name("sync", "users", "email") == "zdm_sync_users_email"


@given(st.text(min_size=1, max_size=200), st.sampled_from(["zdm_", "zzz_zdm_"]))
def test_a_made_name_fits_and_keeps_its_prefix(part: str, prefix: str) -> None:
    name = zdm_name(part, prefix=prefix)

    assert name.startswith(prefix)
    assert len(name.encode()) <= MAX_NAME_BYTES


def test_two_long_names_stay_apart() -> None:
    assert zdm_name("x" * 100, "a") != zdm_name("x" * 100, "b")
