from pathlib import Path

import pytest
from msgspec import structs

from tests.samples import RENAME
from zdm.errors import InputError, RefusedError
from zdm.model.statement import SourceFile
from zdm.serialize import plan_file
from zdm.workflows import plan_files


def test_a_plan_file_that_its_sources_give_passes(tmp_path: Path) -> None:
    file = tmp_path / "plans/a.yaml"
    plan_files.write_plan(file, RENAME)
    plan_files.check(RENAME, file)

    assert plan_files.read_plan(file) == RENAME
    assert [path.name for path in file.parent.iterdir()] == ["a.yaml"]


def test_a_plan_file_that_differs_is_refused_with_the_difference(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    plan_files.write_plan(file, RENAME)
    with pytest.raises(RefusedError) as caught:
        plan_files.check(structs.replace(RENAME, name="0008"), file)

    assert caught.value.message.splitlines()[1:] == [
        "  --- file",
        "  +++ sources",
        "  @@ -3,4 +3,4 @@",
        "   format: 1",
        f"  -digest: {plan_file.digest(RENAME)}",
        "  -name: 0007_new_email",
        f"  +digest: {plan_file.digest(structs.replace(RENAME, name='0008'))}",
        "  +name: 0008",
        "   server_major: 17",
    ]


def test_a_long_difference_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    plan_files.write_plan(file, RENAME)
    with pytest.raises(RefusedError, match=r"more lines"):
        plan_files.check(structs.replace(RENAME, steps=()), file)


def test_a_plan_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="does not exist"):
        plan_files.check(RENAME, tmp_path / "a.yaml")


def test_a_changed_source_makes_the_plan_stale(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 2")
    stale = structs.replace(RENAME, files=(SourceFile(path="a.sql", sha256="0" * 64),))

    with pytest.raises(RefusedError, match=r"a\.sql has changed"):
        plan_files.check_sources(stale, tmp_path)


def test_a_plan_may_run_where_its_sources_are_not(tmp_path: Path) -> None:
    plan_files.check_sources(RENAME, tmp_path)

    assert not (tmp_path / RENAME.files[0].path).exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(None, " cannot be read: No such file or directory", id="missing"),
        pytest.param(
            b"\xff\xfe", ":1:1: byte 0xff is not UTF-8, so the file cannot be read", id="binary"
        ),
    ],
)
def test_an_unreadable_file_is_an_input_error(
    tmp_path: Path, make: bytes | None, message: str
) -> None:
    file = tmp_path / "a.yaml"
    if make is not None:
        file.write_bytes(make)
    with pytest.raises(InputError) as caught:
        plan_files.read_plan(file)

    assert caught.value.message == f"{file}{message}"


def test_a_file_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")

    with pytest.raises(InputError, match="cannot be written"):
        plan_files.write_plan(tmp_path / "a/b.yaml", RENAME)
