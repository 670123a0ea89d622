"""`zdm doctor` through the command line."""

import json
from pathlib import Path

from tests import case as cases
from tests.cli.conftest import Zdm
from zdm.workflows import plan_files

RENAME = cases.ROOT / "rename_column/plain"


def test_it_says_all_and_fails_nowhere(zdm: Zdm, database: str) -> None:
    answer = zdm("doctor", "--database", database)
    lines = answer.out.splitlines()

    assert answer.code == 0, answer.err
    assert answer.err == "21 checks, none failed\n"
    assert lines[1] == "✓ pooler: the connection leads to the server itself"
    assert [line for line in lines if line.startswith("!")] == [
        "! idle transactions: idle_in_transaction_session_timeout is 0, so a forgotten"
        " transaction of an application holds its locks indefinitely, and every step waits"
        " for it",
        "! platform: no rollout driver is set, so zdm cannot see when the old version is gone",
    ]


def test_for_machines_it_is_json(zdm: Zdm, database: str) -> None:
    answer = zdm("doctor", "--json", "--database", database)
    found = json.loads(answer.out)

    assert answer.code == 0
    assert {one["verdict"] for one in found} == {"ok", "warning"}
    assert set(found[0]) == {"name", "verdict", "said", "remedy"}


def test_a_failed_check_is_a_refusal_with_the_names(zdm: Zdm) -> None:
    answer = zdm("doctor", "--database", "postgresql://127.0.0.1:1/shop")

    assert answer.code == 3
    assert "✗ database: " in answer.out
    assert "    → check host and port" in answer.out
    assert "1 of 3 checks failed (database)" in answer.err


def test_without_a_database_the_rest_is_asked(zdm: Zdm) -> None:
    answer = zdm("doctor")

    assert answer.code == 0
    assert answer.out.startswith("! database: no database is given, so none was checked\n")


def test_a_plan_narrows_the_question_of_ownership(
    zdm: Zdm, database: str, tmp_path: Path
) -> None:
    plan = cases.plan(RENAME, cases.prepare(database, RENAME))
    plan_files.write_plan(tmp_path / "plan.yaml", plan)
    answer = zdm("doctor", "plan.yaml", "--database", database)

    assert "✓ ownership: the role owns every table that the plan changes" in answer.out


def test_a_cluster_that_does_not_answer_is_said(zdm: Zdm, tmp_path: Path) -> None:
    (tmp_path / "zdm.toml").write_text(
        '[rollout]\ndriver = "kubernetes"\n[rollout.kubernetes]\nnamespaces = ["shop"]\n'
        'secrets = ["db"]\nworkloads = []\nkubeconfig = "gone.yaml"\n'
    )
    answer = zdm("doctor")

    assert answer.code == 3
    assert "✗ cluster: " in answer.out


def test_a_driver_without_the_names_of_the_versions_is_said(zdm: Zdm, tmp_path: Path) -> None:
    local = (
        '[rollout]\ndriver = "local"\n{}[rollout.local]\ncommand = ["x"]\nreplicas = 1\n'
        'first_port = 0\nready_path = "/"\ndirectory = "d"\ngrace = "1s"\n'
    )
    (tmp_path / "zdm.toml").write_text(local.format(""))
    without = zdm("doctor")
    (tmp_path / "zdm.toml").write_text(local.format('old = "v1"\nnew = "v2"\n'))
    named = zdm("doctor")

    assert without.code == 3
    assert "✗ version names: no name is set for the new version" in without.out
    assert "version names" not in named.out
