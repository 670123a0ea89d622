"""The graph of revisions: what is pending, and what is wrong with it, by file."""

from pathlib import Path

import pytest

from tests.revisions.projects import Sample, opened, sample
from zdm.errors import InputError
from zdm.revisions.child_process import Child, Project
from zdm.revisions.graph import History

NOTHING = "pass"


def history(made: Sample) -> History:
    with opened(made) as (_, found):
        return found


def message(made: Sample) -> str:
    with pytest.raises(InputError) as caught:
        history(made)
    return f"{caught.value.message} | {caught.value.hint}"


def test_pending_follows_down_revision_and_depends_on(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("c", NOTHING, more='branch_labels = ("lib",)')
    made.revise("b", NOTHING)
    made.revise("a", NOTHING, down="b", more='branch_labels = ("app",)\ndepends_on = ("lib",)')

    found = history(made)

    assert found.heads == ("a", "c")
    assert [r.id for r in found.pending(())] == ["b", "c", "a"]
    assert [r.id for r in found.pending(("c",))] == ["b", "a"]
    assert found.pending(("a",)) == ()
    assert [r.id for r in found.pending((), ("b",))] == ["b"]


def test_the_key_changes_with_a_file_below_and_not_with_one_above(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("a", NOTHING)
    made.revise("b", NOTHING, down="a")
    first = history(made)
    made.revise("b", "print()", down="a")
    second = history(made)

    assert first.key(("a",)) == second.key(("a",))
    assert first.key(("b",)) != second.key(("b",))
    assert first.key(("a",)) != first.key(("a",), b"CREATE TABLE t ()")


def test_a_second_head_without_a_label_is_refused_with_the_merge(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("a", NOTHING)
    made.revise("b", NOTHING, down="a")
    made.revise("c", NOTHING, down="a")

    assert message(made) == (
        "there are 2 heads (migrations/versions/b.py, migrations/versions/c.py), so what comes"
        " last is not known | join them: alembic merge -m 'merge heads' b c"
    )


def test_two_files_with_one_id_are_both_named(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("a", NOTHING)
    made.write("migrations/versions/copy.py", made.revise("a", NOTHING).read_text())

    assert message(made).startswith(
        "migrations/versions/a.py and migrations/versions/copy.py are both revision `a`"
    )


def test_a_missing_parent_is_named(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("b", NOTHING, down="a")

    assert message(made).startswith(
        "migrations/versions/b.py: down_revision `a` is no revision of this history"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [("import nothing_such\n", 1), ("revision = 'a'\ndef upgrade(:\n", 2), ("x = 1\n1/0\n", 2)],
    ids=["import", "syntax", "zero"],
)
def test_a_file_that_cannot_be_imported_is_named_with_its_line(
    text: str, place: int, tmp_path: Path
) -> None:
    made = sample(tmp_path)
    made.write("migrations/versions/a.py", text)

    assert message(made).startswith(f"migrations/versions/a.py:{place}: ")


def test_an_unknown_head_is_an_error(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.revise("a", NOTHING)

    with pytest.raises(InputError, match="revision `zz` is not in this history of 1"):
        history(made).pending(("zz",))


def test_reading_the_files_reaches_no_database(tmp_path: Path) -> None:
    made = sample(tmp_path)
    made.write(
        "migrations/versions/a.py",
        "import sqlalchemy as sa\nrevision = 'a'\ndown_revision = None\n"
        "sa.create_engine('postgresql+psycopg://localhost/prod').connect()\n",
    )

    assert "while the files are only being read" in message(made)


def test_a_missing_ini_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"alembic\.ini is not there"):
        history(Sample(folder=tmp_path))


@pytest.mark.parametrize("python", ["/no/python", "."])
def test_a_missing_python_is_an_error(tmp_path: Path, python: str) -> None:
    made = sample(tmp_path)
    described = Project(
        ini=made.folder / "alembic.ini", root=made.folder, environ={}, python=python
    )

    with pytest.raises(InputError, match="is no program, so the revisions cannot be run"):
        Child(described)
