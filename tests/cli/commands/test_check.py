"""`zdm check` as a person or a CI job calls it."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Zdm

LIMIT = "SET lock_timeout = '2s';\n"
TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int);\n"
INDEX = "CREATE INDEX t_n ON t (n);\n"
PLAIN = ("check", "--runner", "sql")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "V2__table.sql").write_text(TABLE)
    return made


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, folder: Path, zdm: Zdm) -> Path:  # noqa: ARG001  first
    (tmp_path / ".git").rmdir()
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "table")
    git(tmp_path, "checkout", "-qb", "work")
    return folder


def rules(out: str) -> list[str]:
    return [finding["rule"] for finding in json.loads(out)["findings"]]


def test_what_is_unsafe_exits_with_3(zdm: Zdm, folder: Path) -> None:
    (folder / "V10__index.sql").write_text(LIMIT + INDEX)
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 3
    assert answer.out.startswith(
        "migrations/V10__index.sql:2:1: error index-not-concurrent\n"
        "  2 │ CREATE INDEX t_n ON t (n)\n"
        "  writes to t wait while the index is built\n"
        "  lock: SHARE on t\n"
    )
    assert "1 error, 0 warnings; understood 3 of 3 statements in 2 files" in answer.out
    assert "hint: " in answer.err


@pytest.mark.usefixtures("folder")
def test_what_is_safe_exits_with_0(zdm: Zdm) -> None:
    answer = zdm(*PLAIN, "migrations")

    assert (answer.code, answer.out) == (
        0,
        "0 errors, 0 warnings; understood 1 of 1 statement in 1 file\n",
    )


@pytest.mark.usefixtures("folder")
def test_the_runner_must_be_chosen(zdm: Zdm) -> None:
    answer = zdm("check", "migrations")

    assert answer.code == 2
    assert "who runs the migrations is not set" in answer.err
    assert 'runner = "sql"' in answer.err


@pytest.mark.usefixtures("folder")
def test_an_unknown_runner_is_refused(zdm: Zdm) -> None:
    answer = zdm("check", "--runner", "flyway", "migrations")

    assert answer.code == 2
    assert "must be one of zdm, alembic, sql, not `flyway`" in answer.err


def test_settings_give_paths_runner_limit_level_and_severities(
    zdm: Zdm, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "zdm.toml").write_text(
        '[check]\nrunner = "sql"\npaths = ["migrations"]\ntransactions = "statement"\n'
        'lock_timeout_limit = "1s"\nfail_level = "warn"\n'
        '[check.rules]\nindex-not-concurrent = "warn"\nlock-timeout-too-long = "off"\n'
    )
    (folder / "V3.sql").write_text(LIMIT + INDEX)
    answer = zdm("check", "--format", "json")

    assert answer.code == 3
    assert [(f["rule"], f["level"]) for f in json.loads(answer.out)["findings"]] == [
        ("index-not-concurrent", "warn")
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('no-such-rule = "off"', "[check.rules] names `no-such-rule`, which is not a rule"),
        ('drop-table = "quiet"', "must be one of error, warn, off, not `quiet`"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_settings_of_rules_are_checked(
    zdm: Zdm, tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "zdm.toml").write_text(f"[check.rules]\n{line}\n")
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 2
    assert message in answer.err


def test_nothing_to_check_is_an_error_unless_allowed(zdm: Zdm, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()

    assert zdm(*PLAIN, "none").code == 2
    assert zdm(*PLAIN).code == 2
    allowed = zdm(*PLAIN, "none", "--allow-empty")
    assert allowed.code == 0
    assert "note: no SQL file was found" in allowed.err


@pytest.mark.parametrize("text", ["", "-- later\n", ";;;\n"])
def test_files_without_a_statement_are_nothing_to_check(
    zdm: Zdm, tmp_path: Path, text: str
) -> None:
    (tmp_path / "a.sql").write_text(text)
    answer = zdm(*PLAIN, "a.sql")

    assert answer.code == 2
    assert "no file that is checked holds a statement, so there is nothing" in answer.err
    assert zdm(*PLAIN, "a.sql", "--allow-empty").code == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SELECT 1;\nCREATE TABEL t ();\n", "bad.sql:2:8: PostgreSQL cannot read this"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"-- zdm: nonsense\nSELECT 1;\n", "is not a directive of zdm"),
    ],
)
def test_a_file_that_cannot_be_read_exits_with_2(
    zdm: Zdm, tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / "bad.sql").write_bytes(data)
    answer = zdm(*PLAIN, "bad.sql")

    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_a_file_that_is_not_there_exits_with_2(zdm: Zdm) -> None:
    assert zdm(*PLAIN, "none.sql").code == 2


def test_standard_input_has_a_name(zdm: Zdm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(INDEX.encode())))
    answer = zdm(*PLAIN, "-", "--stdin-filename", "new.sql")

    assert answer.code == 3
    assert answer.out.startswith("new.sql:1:1: error index-not-concurrent\n")


def revision(folder: Path, id: str, down: str | None, body: str) -> None:
    (folder / f"{id}.py").write_text(
        f"from alembic import op\nimport sqlalchemy as sa\nrevision = {id!r}\n"
        f"down_revision = {down!r}\ndef upgrade():\n    {body}\n"
    )


def test_alembic_revisions_are_read_in_the_order_of_their_history(
    zdm: Zdm, folder: Path
) -> None:
    made = 'op.create_table("u", sa.Column("n", sa.Integer))'
    revision(folder, "b", None, made)
    revision(folder, "a", "b", 'op.create_index("u_n", "u", ["n"])')
    (folder / "helper.py").write_text("x = 1\n")
    answer = zdm(*PLAIN, "--format", "json", "migrations")
    found = [(f["rule"], f["file"], f["line"]) for f in json.loads(answer.out)["findings"]]

    assert answer.code == 3
    assert ("index-not-concurrent", "migrations/a.py", 6) in found
    assert {file for _, file, _ in found} == {"migrations/a.py"}


def test_what_is_not_plain_in_a_revision_is_an_error(zdm: Zdm, folder: Path) -> None:
    revision(folder, "a", None, 'op.get_bind().execute(sa.text("DROP TABLE t"))')
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 3
    assert answer.out.startswith(
        "migrations/a.py:6:1: error unparsed-statement\n"
        "  what this does is not known: `op.get_bind` is not known without running it\n"
    )


def test_an_ignore_in_downgrade_does_not_cover_upgrade(zdm: Zdm, folder: Path) -> None:
    (folder / "a.py").write_text(
        "from alembic import op\nrevision = 'a'\ndown_revision = None\n"
        "def downgrade():\n"
        "    # zdm: ignore drop-table, missing-lock-timeout -- undoes it\n"
        "    op.drop_table('t')\n"
        "def upgrade():\n    op.drop_table('t')\n"
    )
    answer = zdm(*PLAIN, "--format", "json", "migrations")
    found = json.loads(answer.out)["findings"]

    assert answer.code == 3
    assert [f["line"] for f in found if f["rule"] == "drop-table" and not f["ignored"]] == [8]


@pytest.mark.parametrize("before", ["", "from alembic import op\n"])
def test_an_ignore_at_the_top_of_a_revision_covers_all_of_it(
    zdm: Zdm, folder: Path, before: str
) -> None:
    (folder / "a.py").write_text(
        f"{before}# zdm: ignore-file drop-table, missing-lock-timeout -- not in use\n"
        "from alembic import op\nrevision = 'a'\ndown_revision = None\n"
        "def upgrade():\n    op.drop_table('t')\n"
    )
    answer = zdm(*PLAIN, "--format", "json", "migrations")
    found = json.loads(answer.out)["findings"]

    assert "drop-table" in {f["rule"] for f in found}
    assert [f["rule"] for f in found if not f["ignored"]] == []


@pytest.mark.parametrize(
    "text", ['down_revision, revision = None, "a"\n', "def upgrade():\n    pass\n"]
)
def test_a_revision_whose_name_cannot_be_read_is_not_left_out(
    zdm: Zdm, folder: Path, text: str
) -> None:
    (folder / "a.py").write_text(text)
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 2
    assert "a.py has no `revision`" in answer.err


def test_several_heads_are_an_error(zdm: Zdm, folder: Path) -> None:
    for id, down in (("a", None), ("b", "a"), ("c", "a")):
        revision(folder, id, down, "pass")
    answer = zdm(*PLAIN, "--format", "json", "migrations")

    assert answer.code == 3
    assert rules(answer.out) == ["multiple-heads"]


def test_a_history_with_a_gap_exits_with_2(zdm: Zdm, folder: Path) -> None:
    revision(folder, "b", "a", "pass")
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 2
    assert "revision `b` is above `a`, which no file is" in answer.err


def test_where_zdm_runs_them_revisions_are_never_passed_in_silence(
    zdm: Zdm, folder: Path
) -> None:
    revision(folder, "a", None, "pass")
    answer = zdm("check", "--runner", "zdm", "--format", "json", "migrations/a.py")

    assert answer.code == 3
    assert rules(answer.out) == ["plan-missing"]


def shop(folder: Path) -> Path:
    """This repository's own migrations, plan and settings; the last pending revision."""
    root = Path(__file__).parents[3]
    for name in ("migrations", "plans"):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(root / name, folder / name)
    shutil.copy(root / "zdm.toml", folder)
    return folder / "migrations/versions/0007_drop_email.py"


def test_revisions_that_are_in_a_plan_pass(zdm: Zdm, tmp_path: Path) -> None:
    shop(tmp_path)
    answer = zdm("check", "migrations")

    assert answer.code == 0
    assert "3 of 3 pending revisions are in a plan, as they are now" in answer.err


def test_a_revision_that_has_changed_since_its_plan_is_refused(
    zdm: Zdm, tmp_path: Path
) -> None:
    last = shop(tmp_path)
    last.write_text(last.read_text() + "# edited\n")
    answer = zdm("check", "--format", "json", "migrations")

    assert answer.code == 3
    assert rules(answer.out) == ["plan-stale"]


def test_a_revision_above_the_applied_ones_that_no_plan_has_is_refused(
    zdm: Zdm, tmp_path: Path
) -> None:
    last = shop(tmp_path)
    text = last.read_text()
    new = text.replace('"0006"', '"0007"').replace('revision = "0007"', 'revision = "0008"', 1)
    last.with_name("0008_more.py").write_text(new)
    answer = zdm("check", "--format", "json", "migrations")

    assert answer.code == 3
    assert rules(answer.out) == ["plan-missing"]


@pytest.mark.parametrize(
    "said",
    [
        "script_location = migrations",
        "script_location = %(here)s/migrations",
        "script_location = other\nversion_locations = %(here)s/none.d %(here)s/migrations",
    ],
)
def test_without_a_path_the_revisions_are_where_alembic_keeps_them(
    zdm: Zdm, folder: Path, said: str
) -> None:
    (folder.parent / "alembic.ini").write_text(f"[alembic]\n{said}\n")
    (folder.parent / "none.d").mkdir()
    revision(folder, "a", None, 'op.create_index("u_n", "u", ["n"])')
    read = zdm("check", "--runner", "alembic", "--format", "json")

    assert "index-not-concurrent" in rules(read.out)
    assert zdm(*PLAIN).code == 2


def test_settings_of_alembic_that_cannot_be_read_exit_with_2(zdm: Zdm, folder: Path) -> None:
    (folder.parent / "alembic.ini").write_text("[alembic]\nscript_location = %(nowhere)s/x\n")
    answer = zdm("check", "--runner", "alembic")

    assert answer.code == 2
    assert "alembic.ini cannot be read" in answer.err


def test_the_error_of_a_revision_that_postgresql_cannot_read_has_its_line(
    zdm: Zdm, folder: Path
) -> None:
    revision(folder, "a", None, 'op.execute("CREATE TABEL t ()")')
    answer = zdm(*PLAIN, "migrations/a.py")

    assert answer.code == 2
    assert "migrations/a.py:6:" in answer.err


def test_several_folders_are_read_in_the_order_in_which_they_are_named(
    zdm: Zdm, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "V1.sql").write_text(f"{LIMIT}CREATE INDEX {name} ON t (n);\n")
    answers = [
        json.loads(zdm(*PLAIN, "--format", "json", *names).out)["findings"]
        for names in (("one", "two"), ("two", "one"))
    ]

    assert list(dict.fromkeys(f["file"] for f in answers[0])) == ["one/V1.sql", "two/V1.sql"]
    assert list(dict.fromkeys(f["file"] for f in answers[1])) == ["two/V1.sql", "one/V1.sql"]


def test_a_revision_that_is_no_text_exits_with_2(zdm: Zdm, folder: Path) -> None:
    (folder / "a.py").write_bytes(b'revision = "a"\n# \xff\n')
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 2
    assert "migrations/a.py" in answer.err


def test_down_migrations_are_left_out_and_said(zdm: Zdm, folder: Path) -> None:
    (folder / "V2__table.down.sql").write_text("DROP TABLE t;")
    (folder / "V3.sql").write_text("-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE t;\n")
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 0
    assert "1 file that undoes a migration was left out" in answer.err


@pytest.mark.parametrize(
    "name",
    ["V3__x.SQL", "V3__x.Sql", "V3__scale_down.sql", "V3__scale.down.sql", "R__down.sql"],
)
def test_every_file_of_a_folder_that_runs_is_read(zdm: Zdm, folder: Path, name: str) -> None:
    (folder / "R__up.sql").write_text("SELECT 1;\n")
    (folder / name).write_text(LIMIT + INDEX)
    answer = zdm(*PLAIN, "--format", "json", "migrations")

    assert rules(answer.out) == ["index-not-concurrent"]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("3_x_up.sql", "3_x_down.sql"),
        ("3-x-up.sql", "3-x-down.sql"),
        ("3_x.sql", "3_x_down.SQL"),
        ("3_x.up.sql", "3_x.down.sql"),
        ("3_x.do.sql", "3_x.undo.sql"),
        ("V3__x.sql", "V3__x.rollback.sql"),
        ("V3__x.sql", "U3__x.sql"),
    ],
)
def test_a_file_that_undoes_another_is_left_out(
    zdm: Zdm, folder: Path, up: str, down: str
) -> None:
    (folder / up).write_text("SELECT 1;\n")
    (folder / down).write_text("DROP TABLE t;\n")
    answer = zdm(*PLAIN, "migrations")

    assert answer.code == 0
    assert "1 file that undoes a migration was left out" in answer.err


@pytest.mark.parametrize(
    "before",
    [
        "-- migrate:up\n-- migrate:down is below, see the wiki\n",
        "-- migrate:down\n",
        "-- migrate:up\n-- Migrate:Down\n",
        "-- +goose Down\n",
        "-- migrate:up\n-- migrate:down\n-- migrate:up\n",
    ],
)
def test_only_the_down_part_of_a_runner_is_left_out(
    zdm: Zdm, folder: Path, before: str
) -> None:
    (folder / "3.sql").write_text(f"{before}DROP TABLE t;\n")

    assert zdm(*PLAIN, "migrations").code == 3


def test_a_folder_behind_a_link_is_read_once(zdm: Zdm, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "V3.sql").write_text(LIMIT + INDEX)
    (other / "loop").symlink_to(other)
    (folder / "more").symlink_to(other)
    answer = zdm(*PLAIN, "--format", "json", "migrations")

    assert rules(answer.out) == ["index-not-concurrent"]


def test_since_reports_what_changed_and_knows_what_was_before(
    zdm: Zdm, repository: Path
) -> None:
    (repository / "V3__new.sql").write_text("CREATE TABLE u (id int);\n" + LIMIT + INDEX)
    answer = zdm(*PLAIN, "--since", "main", "--format", "json", "migrations")

    assert [(f["rule"], f["file"]) for f in json.loads(answer.out)["findings"]] == [
        ("index-not-concurrent", "migrations/V3__new.sql")
    ]


def test_since_takes_changed_files_as_one_release(zdm: Zdm, repository: Path) -> None:
    (repository / "V3__new.sql").write_text("CREATE TABLE u (id int, n int);\n")
    (repository / "V4__index.sql").write_text("CREATE INDEX u_n ON u (n);\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "new")

    assert zdm(*PLAIN, "--since", "main", "migrations").code == 0


def test_since_finds_an_edited_migration(zdm: Zdm, repository: Path) -> None:
    (repository / "V2__table.sql").write_text(TABLE.replace("n int", "n bigint"))
    answer = zdm(*PLAIN, "--since", "main", "--format", "json", "migrations")

    assert rules(answer.out) == ["edited-applied"]


def test_since_finds_a_deleted_migration(zdm: Zdm, repository: Path) -> None:
    (repository / "V2__table.sql").unlink()
    answer = zdm(*PLAIN, "--since", "main", "migrations")

    assert answer.code == 3
    assert answer.out.startswith(
        "migrations/V2__table.sql:1:1: error edited-applied\n"
        "  migrations/V2__table.sql was deleted: databases that have run it differ"
    )


@pytest.mark.parametrize("runner", ["sql", "zdm"])
def test_since_finds_a_renamed_migration(zdm: Zdm, repository: Path, runner: str) -> None:
    (repository / "V2__table.sql").rename(repository / "V5__table.sql")
    since = ("--since", "main", "--format", "json", "migrations")
    answer = zdm("check", "--runner", runner, *since)
    found = json.loads(answer.out)["findings"]

    assert answer.code == 3
    assert [(f["file"], f["level"]) for f in found if f["rule"] == "edited-applied"] == [
        ("migrations/V2__table.sql", "error")
    ]
    assert any("was renamed to migrations/V5__table.sql" in f["message"] for f in found)


def test_since_takes_a_file_that_git_ignores_or_does_not_hold_as_new(
    zdm: Zdm, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (repository.parent / ".gitignore").write_text("*_x.sql\n")
    outside = tmp_path_factory.mktemp("outside") / "V4.sql"
    ignored = repository / "V3_x.sql"
    (repository / "V5.sql").symlink_to(outside)
    for file in (outside, ignored):
        file.write_text(LIMIT + INDEX)
    answers = [
        zdm(*PLAIN, "--since", "main", "--format", "json", *paths, "--allow-empty")
        for paths in ((str(outside),), ("migrations",))
    ]

    assert rules(answers[0].out) == ["index-not-concurrent"]
    assert rules(answers[1].out) == ["index-not-concurrent"] * 2


def test_since_finds_an_edit_of_what_git_does_not_track_any_more(
    zdm: Zdm, repository: Path
) -> None:
    git(repository, "rm", "-q", "--cached", "V2__table.sql")
    same = zdm(*PLAIN, "--since", "main", "--allow-empty", "migrations")
    (repository / "V2__table.sql").write_text(TABLE.replace("n int", "n bigint"))
    answer = zdm(*PLAIN, "--since", "main", "--format", "json", "migrations")

    assert same.code == 0
    assert rules(answer.out) == ["edited-applied"]


def test_since_finds_a_link_that_leads_to_another_released_file(
    zdm: Zdm, repository: Path
) -> None:
    link = repository / "V3.sql"
    link.symlink_to("../one.sql")
    for name in ("one.sql", "two.sql"):
        (repository.parent / name).write_text(f"CREATE TABLE {name[:3]} (id int);\n")
    git(repository, "add", "..")
    git(repository, "commit", "-qm", "link")
    git(repository, "branch", "released")
    link.unlink()
    link.symlink_to("../two.sql")
    answer = zdm(*PLAIN, "--since", "released", "--format", "json", "migrations")

    assert rules(answer.out) == ["edited-applied"]


def test_since_takes_another_mode_for_no_edit(zdm: Zdm, repository: Path) -> None:
    (repository / "V2__table.sql").chmod(0o755)
    dirty = zdm(*PLAIN, "--since", "main", "--allow-empty", "migrations")
    git(repository, "commit", "-qam", "mode")

    assert dirty.code == 0
    assert zdm(*PLAIN, "--since", "main", "--allow-empty", "migrations").code == 0


def test_since_finds_a_deleted_revision_but_not_one_of_another_file_name(
    zdm: Zdm, repository: Path
) -> None:
    revision(repository, "a", None, "pass")
    revision(repository, "b", "a", "pass")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "revisions")
    git(repository, "branch", "released")
    (repository / "a.py").rename(repository / "first.py")
    renamed = zdm(*PLAIN, "--since", "released", "migrations")
    (repository / "b.py").unlink()
    deleted = zdm(*PLAIN, "--since", "released", "--format", "json", "migrations")

    assert renamed.code == 0
    assert [(f["rule"], f["file"]) for f in json.loads(deleted.out)["findings"]] == [
        ("edited-applied", "migrations/b.py")
    ]


def test_since_does_not_miss_what_undoes_a_migration(zdm: Zdm, repository: Path) -> None:
    for name in ("3_x.up.sql", "3_x.down.sql"):
        (repository / name).write_text("SELECT 1;\n")
    (repository / "helper.py").write_text("x = 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "undoes")
    git(repository, "branch", "released")
    (repository / "3_x.down.sql").unlink()
    (repository / "helper.py").unlink()

    assert zdm(*PLAIN, "--since", "released", "--allow-empty", "migrations").code == 0


def shallow(repository: Path, monkeypatch: pytest.MonkeyPatch, *fetched: str) -> None:
    """Go on in a clone of the last commit, as CI services make it."""
    (repository / "V3__new.sql").write_text("CREATE TABLE u (id int);\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "new")
    clone = repository.parent / "shallow"
    url = f"file://{repository.parent}"
    git(repository, "clone", "-q", "--depth", "1", "--branch", "work", url, f"{clone}")
    for branch in fetched:
        whole = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
        git(clone, "fetch", "-q", "--depth", "1", "origin", whole)
    monkeypatch.chdir(clone)


@pytest.mark.parametrize("fetched", [(), ("main",)])
def test_since_in_a_shallow_clone_says_how_to_fetch_the_rest(
    zdm: Zdm, repository: Path, monkeypatch: pytest.MonkeyPatch, fetched: tuple[str, ...]
) -> None:
    git(repository, "checkout", "-q", "main")
    (repository / "V2__other.sql").write_text("CREATE TABLE o (id int);\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "other")
    git(repository, "checkout", "-q", "work")
    shallow(repository, monkeypatch, *fetched)
    answer = zdm(*PLAIN, "--since", "origin/main", "migrations")

    assert answer.code == 2
    assert "shallow clone" in answer.err
    assert "git fetch --unshallow" in answer.err
    assert "fetch-depth: 0" in answer.err


def test_the_hint_about_a_revision_is_in_python(zdm: Zdm, folder: Path) -> None:
    revision(folder, "a", None, "op.create_index('i', 't', ['n'])")
    answer = zdm("check", "--runner", "alembic", "migrations/a.py")

    assert answer.code == 3
    assert "`# zdm: ignore RULE -- reason`" in answer.err
    assert "--fix" not in answer.err


def test_the_text_has_the_summary_once(zdm: Zdm, folder: Path) -> None:
    (folder / "V10__index.sql").write_text(LIMIT + INDEX)
    answer = zdm(*PLAIN, "migrations")

    assert (answer.out + answer.err).count("1 error, 0 warnings") == 1
    assert "error: findings of level error make the check fail" in answer.err


@pytest.mark.usefixtures("repository")
def test_since_with_nothing_changed_is_an_error_unless_allowed(zdm: Zdm) -> None:
    answer = zdm(*PLAIN, "--since", "main", "migrations")

    assert answer.code == 2
    assert "nothing changed since main" in answer.err
    assert zdm(*PLAIN, "--since", "main", "migrations", "--allow-empty").code == 0


@pytest.mark.parametrize("reference", ["no-such-branch", "--upload-pack=x"])
@pytest.mark.usefixtures("repository")
def test_a_reference_that_git_does_not_know_exits_with_2(zdm: Zdm, reference: str) -> None:
    answer = zdm(*PLAIN, f"--since={reference}", "migrations")

    assert answer.code == 2
    assert f"--since {reference}: " in answer.err


@pytest.mark.usefixtures("repository")
def test_a_reference_that_is_empty_is_named_so(zdm: Zdm) -> None:
    answer = zdm(*PLAIN, "--since=", "migrations")

    assert answer.code == 2
    assert "--since is empty" in answer.err


def test_a_rule_is_explained(zdm: Zdm) -> None:
    answer = zdm("check", "--explain", "drop-column")

    assert answer.code == 0
    assert answer.out.startswith("# drop-column\n\nDROP COLUMN (error).\n\n## Problem\n")
    assert zdm("check", "--explain", "no-such").code == 2


def test_all_rules_are_listed(zdm: Zdm) -> None:
    answer = zdm("check", "--list-rules")

    assert answer.code == 0
    assert "\nignore-unused " in answer.out
    assert all(line.split()[1] in ("error", "warn", "off") for line in answer.out.splitlines())


def test_names_in_a_migration_do_not_control_the_terminal(zdm: Zdm, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text('DROP TABLE "\x1b[2J";\n')
    answer = zdm(*PLAIN, "a.sql")

    assert answer.code == 3
    assert "\x1b" not in answer.out + answer.err


def test_where_zdm_runs_them_what_it_plans_is_a_note(
    zdm: Zdm, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/V1.yaml").write_text("")
    (folder / "V3__drop.sql").write_text("ALTER TABLE t DROP COLUMN n;\n")
    answer = zdm("check", "--format", "json", "migrations")
    found = [(f["rule"], f["level"]) for f in json.loads(answer.out)["findings"]]

    assert answer.code == 3
    assert ("drop-column", "note") in found
    assert [rule for rule, level in found if level == "error"] == ["plan-missing"] * 2


def test_where_zdm_runs_them_what_it_refuses_is_an_error(zdm: Zdm, folder: Path) -> None:
    (folder / "V3__drop.sql").write_text("ALTER TABLE t DROP COLUMN missing;\n")
    answer = zdm("check", "--runner", "zdm", "--format", "json", "migrations")
    refused = [
        f
        for f in json.loads(answer.out)["findings"]
        if f["level"] == "error" and f["file"].endswith("V3__drop.sql")
    ]

    assert answer.code == 3
    assert [f["message"] for f in refused] == ["t has no column missing at this statement"]


@pytest.mark.parametrize("format_", ["json", "github", "gitlab", "sarif", "junit"])
@pytest.mark.usefixtures("folder")
def test_other_formats_keep_the_summary_on_stderr(zdm: Zdm, format_: str) -> None:
    answer = zdm(*PLAIN, "--format", format_, "migrations")

    assert answer.code == 0
    assert "understood 1 of 1 statement" in answer.err


@pytest.mark.usefixtures("folder")
def test_a_comment_has_the_summary_once(zdm: Zdm) -> None:
    answer = zdm(*PLAIN, "--format", "markdown", "migrations")

    assert f"{answer.out}{answer.err}".count("understood 1 of 1 statement") == 1


def test_sql_files_are_checked_without_heavy_libraries(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        f"{LIMIT}CREATE TABLE t (id bigint PRIMARY KEY, n int DEFAULT 0, m text DEFAULT 'x');\n"
        "CREATE INDEX t_n ON t (n);\n"
    )
    command = (
        "import sys\nsys.argv = ['zdm', 'check', '--runner', 'plain', 'a.sql']\n"
        "from zdm.cli import main\n"
        "try: main()\nexcept SystemExit: pass\nprint('|', *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(done.stdout.rpartition("|")[2].split())
    heavy = {"alembic", "sqlalchemy", "kubernetes", "psycopg", "sqlglot", "google", "postgast"}
    heavy |= {"dataclasses"}  # half of the start would be spent on defining classes

    assert "zdm.rules.walk" in loaded
    assert loaded & heavy == set()
