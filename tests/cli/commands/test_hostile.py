"""A migration that wants more than a migration may have, planned as CI plans a pull request."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Zdm

FILES = Path(__file__).parent.parent / "hostile"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("rce.sql", "permission denied to COPY to or from an external program"),
        ("rce2.sql", "permission denied for function pg_read_file"),
        ("rce3.sql", "permission denied to COPY to or from an external program"),
    ],
)
def test_no_program_runs_and_no_file_is_read(
    zdm: Zdm, tmp_path: Path, file: str, reason: str
) -> None:
    for source in FILES.iterdir():
        shutil.copy(source, tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    answer = zdm("plan", file, "--snapshot", "s.json")

    assert answer.code == 3
    assert reason in answer.err + answer.out
    assert {path.name for path in tmp_path.iterdir()} == before
