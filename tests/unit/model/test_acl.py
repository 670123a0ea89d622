"""Entries of an access list as each major version prints them."""

import re

import pytest

from zdm.errors import InputError
from zdm.model import acl
from zdm.model.acl import Entry, Privilege


def test_letters_become_the_words_of_grant() -> None:
    entry = acl.parse("reader=rw/owner")

    assert entry == Entry(
        grantee="reader",
        privileges=(Privilege(name="SELECT"), Privilege(name="UPDATE")),
        grantor="owner",
    )


def test_a_star_is_the_grant_option_of_the_letter_before_it() -> None:
    entry = acl.parse("reader=r*a/owner")

    assert entry.privileges == (
        Privilege(name="SELECT", grantable=True),
        Privilege(name="INSERT"),
    )


def test_an_entry_without_grantee_is_for_public() -> None:
    assert acl.parse("=X/owner").grantee == ""


def test_an_entry_without_privileges_says_what_public_lost() -> None:
    assert acl.parse("=/") == Entry(grantee="", privileges=(), grantor="")


@pytest.mark.parametrize(
    "name", ["app/reader", "a=b", 'says "hi"', "with space", "Größe", "-dash"]
)
def test_a_quoted_name_may_hold_any_character(name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'

    entry = acl.parse(f"{quoted}=r/{quoted}")

    assert (entry.grantee, entry.grantor) == (name, name)


@pytest.mark.parametrize(
    ("major", "letters"),
    [
        (14, "arwdDxtXUCTc"),
        (15, "arwdDxtXUCTcsA"),
        (16, "arwdDxtXUCTcsA"),
        (17, "arwdDxtXUCTcsAm"),
        (18, "arwdDxtXUCTcsAm"),
    ],
)
def test_every_letter_of_a_major_version_is_known(major: int, letters: str) -> None:
    entry = acl.parse(f"reader={letters}/owner")

    assert len(entry.privileges) == len(letters), f"PostgreSQL {major}"


@pytest.mark.parametrize(
    "item", ["", "reader", "reader=r", "reader=q/owner", "reader=*r/owner"]
)
def test_what_postgresql_would_not_print_is_an_input_error(item: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"`{item}` is not an entry")):
        acl.parse(item)
