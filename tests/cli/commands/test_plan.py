import json
import re
import shutil
from pathlib import Path

import pytest

from tests import case as cases
from tests.cli.conftest import Zdm
from tests.golden import Golden
from tests.unit.serialize.test_snapshot_file import SHOP
from zdm.serialize import plan_file, snapshot_file

RENAME = "ALTER TABLE users RENAME email TO new_email;\n"
MIXED = """-- known, then refused
ALTER TABLE users ADD COLUMN nickname text;
  TRUNCATE users CASCADE;
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a schema and a migration."""
    (tmp_path / "schema.json").write_text(snapshot_file.dumps(SHOP))
    (tmp_path / "0007_rename.sql").write_text(RENAME)
    return tmp_path


OFFLINE = ("plan", "--no-verify", "--snapshot", "schema.json")


@pytest.mark.parametrize("form", ["terminal", "markdown", "sql", "json"])
def test_a_plan_is_shown_in_every_form(zdm: Zdm, project: Path, form: str) -> None:
    answer = zdm(*OFFLINE, "0007_rename.sql", "--format", form)

    assert (answer.code, answer.err) == (0, "")
    assert "0007_rename" in answer.out
    assert [path.name for path in project.iterdir()] != []


@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_a_plan_is_explained_in_every_form_that_has_reasons(
    zdm: Zdm, project: Path, form: str
) -> None:
    answer = zdm(*OFFLINE, "0007_rename.sql", "--explain", "--format", form)
    file = zdm(*OFFLINE, "0007_rename.sql", "--explain", "--format", form, "-o", "why.txt")

    assert (answer.code, file.code, file.out) == (0, 0, "")
    assert "each version has the name that it knows" in answer.out.replace("\n         ", "")
    assert "the name that it knows" in (project / "why.txt").read_text()


def test_sql_has_no_reasons(zdm: Zdm, project: Path) -> None:
    answer = zdm(*OFFLINE, "0007_rename.sql", "--explain", "--format", "sql")

    assert (answer.code, answer.out) == (2, "")
    assert "--format terminal, markdown or json" in answer.err
    assert project.exists()


def test_what_was_compared_is_the_last_line_and_in_markdown(zdm: Zdm, tmp_path: Path) -> None:
    for name in ("schema.json", "migration.sql"):
        shutil.copy(cases.ROOT / "add_column/plain" / name, tmp_path / name)
    answer = zdm("plan", "--snapshot", "schema.json", "migration.sql", "--format", "markdown")
    words = answer.err.splitlines()[0]

    assert answer.code == 0
    assert re.search(r"; rows of \d+ tables? compared \([\d,]+\), \d+ writes of both", words)
    assert f"\n\n**{words}**\n" in answer.out
    assert "digest" in answer.out.strip().splitlines()[-1].lower()


def test_the_same_input_gives_the_same_bytes(zdm: Zdm, project: Path) -> None:
    texts = []
    for name in ("a.yaml", "b.yaml"):
        zdm(*OFFLINE, "0007_rename.sql", "-o", name)
        texts.append((project / name).read_bytes())

    assert texts[0] == texts[1]


def test_a_folder_gets_a_file_named_after_the_migration(zdm: Zdm, project: Path) -> None:
    answer = zdm(*OFFLINE, "0007_rename.sql", "-o", "plans/")
    file = project / "plans/0007_rename.yaml"

    assert answer.code == 0
    assert answer.err.startswith(f"{Path('plans/0007_rename.yaml')} written, digest ")
    assert plan_file.loads(file.read_text(), "plan").name == "0007_rename"


def test_another_file_gets_the_form_that_is_asked(zdm: Zdm, project: Path) -> None:
    answer = zdm(*OFFLINE, "0007_rename.sql", "--format", "json", "-o", "plan.json")

    assert (answer.code, answer.out) == (0, "")
    assert json.loads((project / "plan.json").read_text())["name"] == "0007_rename"


def test_several_files_are_one_train(zdm: Zdm, project: Path) -> None:
    (project / "a.sql").write_text("ALTER TABLE users ADD COLUMN new_email text;")
    (project / "b.sql").write_text("UPDATE users SET new_email = email;")
    (project / "c.sql").write_text("ALTER TABLE users DROP COLUMN email;")
    answer = zdm(*OFFLINE, "a.sql", "b.sql", "c.sql", "--format", "json")
    plan = json.loads(answer.out)

    assert [item["slug"] for item in plan["operations"]] == ["rename_column"]
    assert [item["path"] for item in plan["files"]] == ["a.sql", "b.sql", "c.sql"]


def test_a_train_with_one_refused_statement_is_refused_whole(
    zdm: Zdm, project: Path, golden: Golden
) -> None:
    (project / "0008_mixed.sql").write_text(MIXED)
    before = sorted(project.rglob("*"))
    answer = zdm(*OFFLINE, "0008_mixed.sql", "-o", "plans/")

    assert (answer.code, answer.out) == (3, "")
    assert "0008_mixed.sql:3:3: " in answer.err
    assert sorted(project.rglob("*")) == before
    golden.check("cli_refused.txt", answer.err)


@pytest.mark.usefixtures("project")
def test_check_passes_when_the_file_is_what_the_sources_give(zdm: Zdm) -> None:
    zdm(*OFFLINE, "0007_rename.sql", "-o", "plans/")
    answer = zdm(*OFFLINE, "0007_rename.sql", "--check")

    assert (answer.code, answer.out) == (0, "")
    assert answer.err.endswith("plans/0007_rename.yaml matches its sources\n")


def test_check_exits_3_when_the_sources_have_changed(zdm: Zdm, project: Path) -> None:
    zdm(*OFFLINE, "0007_rename.sql", "-o", "plans/")
    (project / "0007_rename.sql").write_text(RENAME.replace("new_email", "mail"))
    answer = zdm(*OFFLINE, "0007_rename.sql", "--check")

    assert answer.code == 3
    assert "does not match its sources" in answer.err
    assert "hint: write it again with `zdm plan -o" in answer.err


def test_check_exits_3_when_there_is_no_plan_file(zdm: Zdm, project: Path) -> None:
    answer = zdm(*OFFLINE, "0007_rename.sql", "--check")

    assert answer.code == 3
    assert not (project / "plans").exists()


def test_files_and_revisions_do_not_mix(zdm: Zdm, project: Path) -> None:
    answer = zdm(*OFFLINE, "0007_rename.sql", "ae1027a6")

    assert (project.exists(), answer.code) == (True, 2)


def test_broken_sql_is_an_input_error_with_its_place(zdm: Zdm, project: Path) -> None:
    (project / "broken.sql").write_text("SELECT 1;\nALTER TABEL users;\n")
    answer = zdm(*OFFLINE, "broken.sql")

    assert answer.code == 2
    assert "broken.sql:2:7" in answer.err


@pytest.mark.parametrize("command", ["verify", "execute"])
def test_a_plan_edited_by_hand_is_refused(zdm: Zdm, project: Path, command: str) -> None:
    zdm(*OFFLINE, "0007_rename.sql", "-o", "plan.yaml")
    file = project / "plan.yaml"
    file.write_text(file.read_text().replace("lock_timeout: 200ms", "lock_timeout: 20s"))
    answer = zdm(command, "plan.yaml")

    assert answer.code == 2
    assert "plan.yaml was edited by hand" in answer.err
