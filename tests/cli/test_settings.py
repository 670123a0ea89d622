"""Settings that cannot be meant stop every command that reads them, before it does anything."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.cli.conftest import Zdm
from tests.cli.test_main import HEAVY
from zdm import cli

PLAN = Path(__file__).parents[2] / "plans/0007_drop_email.yaml"
NOWHERE = ("--database", "postgresql://nowhere.invalid/shop")
EXECUTE = ("execute", str(PLAN), "--from", "expanded", *NOWHERE)
GUARD = ("guard", "--version", "v1", *NOWHERE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "[rollout]\npolls = 0\n", "rollout.polls must be at least 1, not 0", id="no poll"
        ),
        pytest.param(
            "[rollout]\npolls = -1\n", "rollout.polls must be at least 1, not -1", id="polls"
        ),
        pytest.param(
            "[backfill]\nwal_limit_gb = nan\n",
            "backfill.wal_limit_gb must be a finite number, not nan",
            id="not a number",
        ),
        pytest.param(
            "[backfill]\nwal_limit_gb = inf\n",
            "backfill.wal_limit_gb must be a finite number, not inf",
            id="infinity",
        ),
        pytest.param(
            f"server_version = {'9' * 5_000}\n",
            "zdm.toml:1:18 holds a number of more than 4,300 digits",
            id="digits",
        ),
        pytest.param(
            f"a = {'[' * 5_000}{']' * 5_000}\n",
            "zdm.toml is nested too deeply to be read",
            id="nested",
        ),
        pytest.param(
            '[rollout]\ndriver = "kubernetes"\n[rollout.kubernetes]\nnamespaces = []\n'
            'workloads = []\nsecrets = ["db"]\n',
            "rollout.kubernetes.namespaces must not be empty",
            id="no namespace",
        ),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("doctor",),
        ("manifest", "plan.yaml", "--image", "zdm:1"),
        ("execute", "plan.yaml", *NOWHERE),
    ],
    ids=" ".join,
)
def test_settings_that_cannot_be_meant_are_refused(
    zdm: Zdm, command: tuple[str, ...], text: str, message: str
) -> None:
    Path("zdm.toml").write_text(text, encoding="utf-8")
    answer = zdm(*command)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert message in answer.err
    assert "\nhint: see docs/reference/config.md" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((*EXECUTE, "--workers", "0"), id="workers"),
        pytest.param((*EXECUTE, "--end-blockers-after", "-1s"), id="blockers"),
        pytest.param((*EXECUTE, "--end-blockers-after", "9000h"), id="a year"),
        pytest.param((*GUARD, "--wait", "nan"), id="wait nan"),
        pytest.param((*GUARD, "--wait", "9000h"), id="wait a year"),
        pytest.param((*GUARD, "--wait", ""), id="wait nothing"),
        pytest.param((*GUARD, "--wait", "9" * 5_000 + "h"), id="digits"),
        pytest.param(("manifest", "p.yaml", "--image", "i", "--attempt", "0"), id="attempt"),
        pytest.param(
            ("manifest", "p.yaml", "--image", "i", "--database-port", "65536"), id="port"
        ),
        pytest.param(
            ("manifest", "p.yaml", "--image", "i", "--metrics-port", "-1"), id="metrics port"
        ),
        pytest.param(("demo", "--rows", "0"), id="rows"),
        pytest.param(("demo", "--rows", "1" + "0" * 30), id="many rows"),
    ],
)
def test_an_option_outside_its_range_is_refused(zdm: Zdm, arguments: tuple[str, ...]) -> None:
    answer = zdm(*arguments)

    assert (answer.code, answer.out) == (2, "")
    assert arguments[-2] in answer.err


def options() -> Iterator[tuple[str, Any]]:
    """Every option of every command."""
    group: Any = typer.main.get_command(cli.app)
    for name in cli.COMMANDS:
        for parameter in group.commands[name].params:
            yield name, parameter


NUMBERS = [
    pytest.param(name, option, id=f"{name} {option.opts[0]}")
    for name, option in options()
    if option.type.name in ("int", "int range", "float", "float range")
]


@pytest.mark.parametrize(("command", "option"), NUMBERS)
def test_every_number_of_the_command_line_has_a_range(
    zdm: Zdm, command: str, option: Any
) -> None:
    least, most = option.type.min, option.type.max
    for value in (least - 1, most + 1, "nan", "inf", "1.5", "", "0x10", "9" * 5_000):
        answer = zdm(command, option.opts[0], str(value))

        assert (answer.code, answer.out) == (2, "")
        assert f"Invalid value for '{option.opts[0]}'" in answer.err


DURATIONS = [
    pytest.param(name, option.opts[0], id=f"{name} {option.opts[0]}")
    for name, option in options()
    if option.metavar == "DURATION"
]
NEEDED = {
    "execute": (str(PLAN), "--from", "expanded", *NOWHERE),
    "rollback": NOWHERE,
    "guard": ("--version", "v1", *NOWHERE),
}


@pytest.mark.parametrize(("command", "option"), DURATIONS)
@pytest.mark.parametrize("value", ["-1s", "nan", "inf", "1", "1.5s", "9000h", "", "1e9s"])
def test_every_duration_of_the_command_line_has_a_range(
    zdm: Zdm, command: str, option: str, value: str
) -> None:
    answer = zdm(command, *NEEDED[command], option, value)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {option} must be ")


def test_to_read_the_settings_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "zdm.toml").write_text(
        '[rollout]\ndriver = "kubernetes"\n[rollout.kubernetes]\nnamespaces = ["shop"]\n'
        'workloads = []\nsecrets = ["db"]\n'
    )
    code = (
        "import sys\nfrom pathlib import Path\nfrom zdm.config import settings\n"
        "from zdm.rollout import registry\n"
        "found = settings.load(directory=Path(), environ={}, drivers=registry.tables())\n"
        "print(found.rollout.driver, '|', *sorted(sys.modules))"
    )
    read = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    driver, _, loaded = read.stdout.partition(" | ")

    assert driver == "kubernetes"
    assert HEAVY.intersection(name.partition(".")[0] for name in loaded.split()) == set()
