import json

from tests.cli.conftest import Zdm
from tests.cli.test_run import prepare, shop

__all__ = ["shop"]  # a fixture


def test_off_a_terminal_each_line_of_the_log_is_json_and_so_is_the_failure(
    zdm: Zdm, shop: str
) -> None:
    prepare(zdm, shop)
    answer = zdm("execute", "plan.yaml", "--database", shop)
    lines = [json.loads(line) for line in answer.err.splitlines()]

    assert answer.code == 4
    assert {(line["run"], line["plan"]) for line in lines} == {(1, "0007")}
    assert lines[0]["event"] == "run_started"
    assert (lines[-1]["event"], lines[-1]["kind"], lines[-1]["exit_code"]) == (
        "run_failed",
        "StoppedError",
        4,
    )
    assert "--assume-deployed" in lines[-1]["hint"]


def test_a_person_can_ask_for_prose_where_there_is_no_terminal(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    answer = zdm(
        "execute",
        "plan.yaml",
        "--until",
        "expanded",
        "--log-format",
        "human",
        "--database",
        shop,
    )

    assert answer.code == 0
    assert answer.err.startswith("plan 0007: run 1 begins")


def test_a_rollback_is_logged_too(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", shop)
    answer = zdm("rollback", "--assume-deployed", "--database", shop)
    events = [json.loads(line)["event"] for line in answer.err.splitlines()]

    assert (answer.code, events[-1]) == (0, "run_stopped")
    assert "step_reverted" in events
