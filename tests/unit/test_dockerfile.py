"""The container image, as far as it can be told without a container engine."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDS_FOR = {"python": sys.executable}
UNCOMPILED = {"PIP_NO_COMPILE": "1"}  # what is imported is compiled then, and that is a tenth


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of the Dockerfile, its lines joined."""

    stage: int
    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The exec form's words."""
        found: list[str] = json.loads(self.rest)
        return found


def instructions() -> list[Instruction]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found, stage = [], -1
    for line in filter(str.strip, text.splitlines()):
        word, _, rest = line.strip().partition(" ")
        stage += word == "FROM"
        found.append(Instruction(stage, word, rest.strip()))
    return found


FOUND = instructions()
LAST = max(instruction.stage for instruction in FOUND)


def of(word: str, stage: int | None = None) -> list[str]:
    return [i.rest for i in FOUND if i.word == word and stage in (None, i.stage)]


def test_it_has_two_stages_and_the_last_is_not_root() -> None:
    assert LAST == 1
    assert of("USER", LAST) == ["65532:65532"]
    assert of("RUN", LAST) == []


def test_zdm_is_process_1() -> None:
    assert of("ENTRYPOINT") == ['["zdm"]']
    assert of("SHELL") == []


@pytest.mark.parametrize("word", ["RUN", "ENTRYPOINT", "CMD", "HEALTHCHECK"])
def test_no_shell_runs_anything(word: str) -> None:
    for rest in of(word):
        program = rest.rpartition("CMD ")[2]
        first, *_ = json.loads(program)

        assert first not in ("sh", "/bin/sh", "bash", "/bin/bash")


def copied() -> Iterator[str]:
    for rest in of("COPY", 0):
        yield from rest.split()[:-1]


def patterns() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("source", sorted(copied()))
def test_what_is_copied_is_there_and_not_ignored(source: str) -> None:
    """.dockerignore: the last pattern that fits decides."""
    fits = [line for line in patterns() if fnmatchcase(source, line.removeprefix("!"))]

    assert (ROOT / source).exists()
    assert fits[-1].startswith("!")


def test_nothing_secret_or_large_is_sent_to_the_engine() -> None:
    sent = {line.removeprefix("!") for line in patterns() if line.startswith("!")}

    assert sent == set(copied())


def test_the_health_check_runs_a_module_of_ours() -> None:
    [health] = of("HEALTHCHECK", LAST)
    _, option, module, url = json.loads(health.rpartition("CMD ")[2])

    assert option == "-m"
    done = subprocess.run([sys.executable, "-m", module, url], check=False)
    assert done.returncode == 0  # nobody listens there


@pytest.mark.more
def test_the_build_stage_makes_a_program_that_starts(tmp_path: Path) -> None:
    """Its commands run here as they would there, in folders of this test."""
    source = tmp_path / "src"
    source.mkdir()
    for name in copied():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", str(ROOT / name), str(target)], check=True)
    for instruction in FOUND:
        if instruction.word == "RUN":
            words = [
                STANDS_FOR.get(word, re.sub(r"^/(opt|wheels)", rf"{tmp_path}/\1", word))
                for word in instruction.words
            ]
            subprocess.run(words, cwd=source, env=os.environ | UNCOMPILED, check=True)
    zdm = tmp_path / "opt/zdm/bin/zdm"
    said = subprocess.run([zdm, "--version"], check=True, capture_output=True, text=True)

    assert said.stdout.startswith("zdm ")
