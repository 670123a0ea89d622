"""The order of revisions from their files, and what is wrong with it."""

from pathlib import Path

import pytest

from zdm.errors import InputError
from zdm.revisions.offline import history
from zdm.revisions.offline.history import Script


def script(id: str, down: object, *, labels: object = None, depends: object = None) -> Script:
    text = (
        f"revision: str = {id!r}\ndown_revision = {down!r}\nbranch_labels = {labels!r}\n"
        f"depends_on = {depends!r}\n"
    )
    return history.read(Path(f"versions/{id}.py"), text)


def test_a_revision_comes_after_those_it_needs() -> None:
    scripts = [
        script("d", ("b", "c")),
        script("c", "a", depends="b"),
        script("b", "a"),
        script("a", None),
    ]

    assert [one.id for one in history.ordered(scripts, whole=True)] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("scripts", "words"),
    [
        ([script("a", None), script("a", None)], "are both revision `a`"),
        ([script("b", "a")], "is above `a`, which no file is"),
        ([script("a", "b"), script("b", "a")], "a, b need each other"),
    ],
)
def test_a_broken_history_is_an_error(scripts: list[Script], words: str) -> None:
    with pytest.raises(InputError, match=words):
        history.ordered(scripts, whole=True)


def test_a_file_that_is_named_alone_may_have_others_below_it() -> None:
    alone = script("b", "a")

    assert history.ordered([alone], whole=False) == (alone,)


def test_heads_are_what_nothing_follows_without_labelled_branches() -> None:
    scripts = [
        script("a", None),
        script("b", "a"),
        script("c", "a"),
        script("d", "a", labels=("side",)),
        script("e", "d"),
    ]

    assert [one.id for one in history.heads(scripts)] == ["b", "c"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("revision = (", "Python cannot read this revision"),
        ("down_revision = None", "has no `revision`"),
        ("revision = name()", "the value of `revision` is not written out"),
    ],
)
def test_a_file_that_is_no_revision_is_an_error(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        history.read(Path("versions/a.py"), text)


def test_a_revision_is_read_in_the_encoding_that_it_names() -> None:
    data = "# -*- coding: latin-1 -*-\nrevision = 'a'  # caf\u00e9\n".encode("latin-1")

    assert history.decoded(data, Path("a.py")).endswith("# caf\u00e9\n")


def test_a_revision_that_names_no_encoding_must_be_utf_8() -> None:
    with pytest.raises(InputError, match="byte 0xe9 is not UTF-8"):
        history.decoded("x = 'caf\u00e9'\n".encode("latin-1"), Path("a.py"))
