import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Answer, Zdm
from tests.golden import Golden
from zdm import cli
from zdm.errors import PastReturnError, ZdmError
from zdm.serialize import plan_file

HEAVY = {
    "alembic",
    "sqlalchemy",
    "kubernetes",
    "psycopg",
    "sqlglot",
    "pydantic",
    "yaml",
    "rich",
    "postgast",
}


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_help_names_every_command(zdm: Zdm, golden: Golden) -> None:
    answer = zdm("--help")

    assert (answer.code, answer.err) == (0, "")
    golden.check("cli_help.txt", answer.out)


def test_no_arguments_at_all_are_a_call_for_help(zdm: Zdm) -> None:
    assert zdm() == zdm("--help")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom zdm.cli import main\nsys.argv = ['zdm', '--help']\n"
        "try: main()\nexcept SystemExit: pass\nprint('|', *sorted(sys.modules))"
    )
    loaded = python("-c", code).stdout.rpartition("|")[2].split()

    assert "typer" in loaded
    assert HEAVY.intersection(name.partition(".")[0] for name in loaded) == set()


def test_the_version_is_shown(zdm: Zdm) -> None:
    assert zdm("--version") == Answer(0, "zdm 0.1.0\n", "")


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_explains_itself(zdm: Zdm, name: str) -> None:
    answer = zdm(name, "--help")

    assert answer.code == 0
    assert answer.out.startswith(f"Usage: zdm {name} ")
    assert f"\n  {cli.COMMANDS[name]}" in answer.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["plam"],
        ["--colour"],
        ["plan", "--format", "pdf"],
        ["plan", "--snapshot"],
        ["execute"],
        ["plan", "nothing.sql"],
        ["plan"],
        ["--config", "gone.toml", "plan"],
        ["status"],
        ["verify", "gone.yaml"],
        ["execute", "gone.yaml", "--database", "mysql://db/shop"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2_with_a_remedy(
    zdm: Zdm, golden: Golden, arguments: list[str]
) -> None:
    answer = zdm(*arguments)

    assert (answer.code, answer.out) == (2, "")
    golden.check(f"cli_usage/{'_'.join(arguments).replace('/', '')}.txt", answer.err)


def test_a_bug_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        {}["missing"]  # type: ignore[index]  # the fault that is wanted
    except KeyError as error:
        cli.report_bug(KeyError, error, error.__traceback__)
    text = capsys.readouterr().err

    assert "test_main.py" in text
    assert text.endswith(
        "error: KeyError: 'missing'\n\n"
        "hint: please report it with the lines above; this is a bug in zdm\n"
    )


def test_a_bug_exits_with_1() -> None:
    code = "from zdm import cli; cli.COMMANDS = {'plan': ''}; del cli.typer; cli.main()"
    done = python("-c", code)

    assert done.returncode == 1
    assert "this is a bug in zdm" in done.stderr


@pytest.mark.parametrize("error", [ZdmError, PastReturnError])
def test_an_error_becomes_its_exit_code(
    zdm: Zdm, monkeypatch: pytest.MonkeyPatch, error: type[ZdmError]
) -> None:
    def fail(*_: object) -> None:
        raise error("it broke", hint="mend it")

    monkeypatch.setattr(plan_file, "schema", fail)
    answer = zdm("schema")
    hint = "mend it; this is a bug in zdm" if error is ZdmError else "mend it"

    assert answer == Answer(error.exit_code, "", f"error: it broke\n\nhint: {hint}\n")


def test_an_interrupt_exits_with_130(zdm: Zdm, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plan_file, "schema", interrupt)

    assert zdm("schema").code == 130


def test_the_schema_of_plan_files_is_printed(zdm: Zdm) -> None:
    answer = zdm("schema")

    assert json.loads(answer.out) == plan_file.schema()


def test_an_argument_cannot_steer_the_terminal(zdm: Zdm) -> None:
    answer = zdm("plan", "\x1b[2Jgone.sql")

    assert "\x1b" not in answer.err
    assert "[2Jgone.sql cannot be read" in answer.err


def test_no_colour_where_nobody_looks(tmp_path: Path) -> None:
    done = python("-m", "zdm", "plan", str(tmp_path / "gone.sql"), FORCE_COLOR="1")

    assert "\x1b" not in done.stderr
