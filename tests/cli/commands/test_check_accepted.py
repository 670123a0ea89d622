"""`zdm check` in a repository that had migrations before it had the gate."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Answer, Zdm

LIMIT = "SET lock_timeout = '2s';\n"
OLD = "CREATE TABLE t (id bigint PRIMARY KEY, n int);\n"
INDEX = "CREATE INDEX t_n ON t (n);\n"
SETTINGS = '[check]\nrunner = "sql"\ntransactions = "statement"\npaths = ["migrations"]\n{}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "V1.sql").write_text(OLD)
    (made / "V2.sql").write_text(LIMIT + INDEX)
    return made


def checked(zdm: Zdm, settings: str, *arguments: str) -> Answer:
    Path("zdm.toml").write_text(SETTINGS.format(settings))
    return zdm("check", *arguments)


def found(answer: Answer) -> list[tuple[str, str]]:
    data = json.loads(answer.out)
    return [(f["rule"], f["level"]) for f in data["findings"] if not f["ignored"]]


BASELINE = 'baseline = "accepted.json"'


@pytest.fixture
def accepted(zdm: Zdm, folder: Path) -> Path:
    answer = checked(zdm, BASELINE, "--write-baseline")
    assert (answer.code, answer.out) == (0, "")
    assert "wrote 1 finding to accepted.json" in answer.err
    return folder


@pytest.mark.usefixtures("accepted")
def test_what_is_in_the_baseline_does_not_count(zdm: Zdm) -> None:
    answer = zdm("check")

    assert (answer.code, answer.out) == (
        0,
        "0 errors, 0 warnings, 1 in the baseline; understood 3 of 3 statements in 2 files\n",
    )


@pytest.mark.parametrize(
    "edited",
    [
        f"\n\n-- other lines\nSET work_mem = '1MB';\n{LIMIT}{INDEX}",
        LIMIT + "create  index /* same */ t_n on t(n);\n",
    ],
)
def test_a_statement_may_move_and_be_written_otherwise(
    zdm: Zdm, accepted: Path, edited: str
) -> None:
    (accepted / "V2.sql").write_text(edited)

    assert zdm("check").code == 0


def test_an_edit_brings_the_finding_back_and_its_entry_is_reported(
    zdm: Zdm, accepted: Path
) -> None:
    (accepted / "V2.sql").write_text(LIMIT + INDEX.replace("t_n", "t_m"))
    answer = zdm("check", "--format", "json")
    unused = json.loads(answer.out)["findings"][-1]

    assert answer.code == 3
    assert found(answer) == [("index-not-concurrent", "error"), ("baseline-unused", "warn")]
    assert (unused["file"], unused["message"]) == (
        "accepted.json",
        "nothing in migrations/V2.sql is found any more by index-not-concurrent",
    )


@pytest.mark.usefixtures("accepted")
def test_each_entry_accepts_one_finding(zdm: Zdm) -> None:
    Path("migrations/V2.sql").write_text(LIMIT + INDEX + INDEX)

    assert found(zdm("check", "--format", "json")) == [("index-not-concurrent", "error")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 2, "findings": []}', "has version 2, and this zdm reads 1"),
        ("[]", "accepted.json is no baseline of zdm"),
        ("{", "accepted.json"),
        ('{"version": 1, "findings": [{"file": "a"}]}', "accepted.json: findings[0]"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_baseline_that_cannot_be_used_is_an_error(zdm: Zdm, text: str, message: str) -> None:
    Path("accepted.json").write_text(text)
    answer = checked(zdm, BASELINE)

    assert answer.code == 2
    assert message in answer.err
    assert "--write-baseline" in answer.err


@pytest.mark.parametrize(
    ("settings", "arguments", "message"),
    [
        (BASELINE, (), "the baseline accepted.json is not there"),
        ("", ("--write-baseline",), "no file is set for the baseline"),
        (BASELINE, ("--write-baseline", "--since", "main"), "would leave out the findings"),
        ('start = "V3.sql"', (), "`start` under [check] is `V3.sql`, and no file"),
        ('[check.rules_in."*"]\nno-such = "off"', (), '[check.rules_in."*"] names `no-such`'),
        ('no_transaction = "-- none"', (), "`no_transaction` under [check] is `-- none`"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_settings_that_cannot_be_used_are_errors(
    zdm: Zdm, settings: str, arguments: tuple[str, ...], message: str
) -> None:
    answer = checked(zdm, settings, *arguments)

    assert answer.code == 2
    assert message in answer.err


def test_what_comes_before_the_start_is_released(zdm: Zdm, folder: Path) -> None:
    (folder / "V3.sql").write_text(LIMIT + "ALTER TABLE t ALTER n DROP NOT NULL;\n")
    answer = checked(zdm, 'start = "V3.sql"', "--format", "json")

    assert found(answer) == [("drop-not-null", "warn")]


@pytest.mark.usefixtures("folder")
def test_a_severity_may_be_that_of_a_path_and_the_last_pattern_counts(zdm: Zdm) -> None:
    answer = checked(
        zdm,
        '[check.rules]\nindex-not-concurrent = "warn"\n'
        '[check.rules_in."*/V2*"]\nindex-not-concurrent = "error"\n'
        '[check.rules_in."other/*"]\nindex-not-concurrent = "off"\n',
        "--format",
        "json",
    )

    assert found(answer) == [("index-not-concurrent", "error")]


def test_a_finding_on_several_statements_is_accepted_for_these_only(
    zdm: Zdm, folder: Path
) -> None:
    column = "ALTER TABLE t ADD COLUMN {} int;\n"
    (folder / "V3.sql").write_text(column.format("a") + column.format("b"))
    checked(zdm, BASELINE, "--write-baseline")
    same = zdm("check")
    (folder / "V3.sql").write_text("".join(map(column.format, "abc")))
    answer = zdm("check", "--format", "json")

    assert same.code == 0
    assert ("missing-lock-timeout", "error") in found(answer)


def test_what_is_not_read_of_a_revision_is_accepted_as_it_was(zdm: Zdm, tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    code = (
        "from alembic import op\nrevision = 'a'\ndown_revision = None\n"
        "def upgrade():\n    op.get_bind().execute('{}')\n"
    )
    file = tmp_path / "migrations/a.py"
    file.write_text(code.format("SELECT 1"))
    checked(zdm, BASELINE, "--write-baseline")
    same = zdm("check")
    file.write_text(code.format("DROP TABLE t"))
    answer = zdm("check", "--format", "json")

    assert same.code == 0
    assert ("unparsed-statement", "error") in found(answer)
