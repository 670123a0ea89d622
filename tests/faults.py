"""The inputs with which users found faults, by kind, and the tests that try each of them.

`make faults` runs these tests on PostgreSQL 14 and 18; `test_faults.py` sees to it that none of
the inputs is without one. Most are files below `tests/postgres/reported`, named like the input.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAJORS = (14, 18)
REPORTED = "tests/postgres/reported"
INPUTS: Mapping[str, Sequence[str]] = {
    kind: names.split()
    for kind, names in {
        "claims": "as-written-claims collate-widen inheritance-locks not-null-properties-18"
        " partition-of-referenced rollback-of-a-data-fix user-triggers-fire",
        "concurrency": "backfill-deadlock drift-before-contract on-conflict",
        "hidden-references": "column-grants disabled-trigger-at-rollout functions-elsewhere"
        " trigger-arguments trigger-that-sorts-later",
        "limits": "parsers planning-time",
        "order": "chained-updates copy-then-overwrite data-loop-then-drop fill-then-widen"
        " lost-writes-where",
        "refused-as-our-bug": "cascade-of-refusals constrained-domain function-names-collide"
        " insert-refused no-replica-identity remedy-refused sample-rows seed-rows-with-fk"
        " vouched-statement",
        "refuses-new-version": "drop-column-unique drop-unique-index",
        "security": "password-printed plan-digest polls-0 shadow-runs-commands",
        "session": "generated-column rights search-path stable-now timezone-and-datestyle",
        "surroundings": "datestyle-not-iso definition-changes-when-reparsed foreign-table"
        " partition-with-identity publication-for-all-tables read-only-server"
        " unnamed-sessions",
        "unseen-rows": "forced-row-security inheritance-children subscription-target",
        "values": "composite-all-null domain-default explicit-null integer-digits"
        " jsonb-to-json widening-stops-at-the-gate",
    }.items()
}
_LOOK = "tests/postgres/run/test_last_look.py"
_DRIFT = f"{_LOOK}::test_what_is_in_the_way_of_the_contract_stops_it_until_it_is_undone"
_AUTHOR = "tests/postgres/server/test_author.py::test_the_same_on_every_version"
_LEFT_OUT = "tests/postgres/catalog/test_left_out.py::test_so_it_is_on_every_version"
_NAMED = "tests/postgres/cases/test_named_not_null.py"
_SURROUNDINGS = "tests/cli/test_surroundings.py"
# With `{}` for the version where a test has more of them than these two.
ELSEWHERE: Mapping[str, Sequence[str]] = {
    "claims/not-null-properties-18": (
        f"{_NAMED}::test_what_a_not_null_is_like_is_kept",
        f"{_NAMED}::test_it_is_undone_and_runs",
    ),
    "concurrency/backfill-deadlock": (
        "tests/deadlocks/test_deadlocks.py::test_no_writer_is_the_victim_of_a_run",
    ),
    "concurrency/drift-before-contract": tuple(
        f"{_DRIFT}[{{}}-{what}]"
        for what in (
            "trigger",
            "view",
            "foreign key",
            "new column renamed",
            "table renamed",
            "index",
            "check",
            "default",
        )
    ),
    "limits/parsers": (
        "tests/cli/test_limits.py::test_a_plan_file_that_no_parser_holds_is_refused",
        "tests/cli/test_limits.py::test_a_snapshot_that_no_parser_holds_is_refused",
        "tests/cli/test_limits.py::test_settings_that_no_parser_holds_are_refused",
        "tests/cli/test_settings.py::test_settings_that_cannot_be_meant_are_refused",
    ),
    "limits/planning-time": (
        "tests/cli/test_planning_time.py",
        "tests/cli/test_limits.py::test_sql_that_no_parser_holds_is_refused_with_its_place",
        "tests/cli/test_limits.py::test_sql_that_is_only_long_is_planned",
    ),
    "order/data-loop-then-drop": (
        "tests/revisions/test_record_train.py::test_a_loop_over_rows_is_refused_on_each_version",
    ),
    "refused-as-our-bug/remedy-refused": (
        "tests/postgres/replay/test_as_written.py"
        "::test_any_statement_runs_as_written_on_every_version[{}]",
    ),
    "security/password-printed": (
        f"{_SURROUNDINGS}::test_no_part_of_a_password_is_printed_wherever_it_comes_from",
    ),
    "security/plan-digest": (
        "tests/cli/test_trust.py::test_verify_refuses_a_smuggled_statement_on_every_version[{}]",
    ),
    "security/polls-0": (
        "tests/cli/test_settings.py::test_settings_that_cannot_be_meant_are_refused",
    ),
    "security/shadow-runs-commands": (
        "tests/cli/commands/test_hostile.py",
        f"{_AUTHOR}[{{}}-a program]",
        f"{_AUTHOR}[{{}}-a file behind a default]",
        f"{_AUTHOR}[{{}}-a program in a function]",
    ),
    "surroundings/datestyle-not-iso": ("tests/cli/test_formats.py",),
    "surroundings/foreign-table": tuple(
        f"{_LEFT_OUT}[{{}}-{what}]"
        for what in (
            "an aggregate",
            "a collation",
            "an operator",
            "a cast",
            "a text search configuration",
        )
    ),
    "surroundings/publication-for-all-tables": (
        f"{_SURROUNDINGS}::test_beside_a_publication_of_all_tables_it_runs",
        f"{_SURROUNDINGS}::test_a_publication_of_all_tables_is_said_before_the_run",
    ),
    "surroundings/read-only-server": (
        f"{_SURROUNDINGS}::test_a_hot_standby_is_refused_and_nothing_was_lost",
        f"{_SURROUNDINGS}::test_a_setting_of_the_url_that_cannot_work_is_invalid_input",
        f"{_SURROUNDINGS}::test_a_variable_that_cannot_work_is_invalid_input",
        f"{_SURROUNDINGS}::test_an_address_that_is_wrong_is_invalid_input",
        f"{_SURROUNDINGS}::test_a_server_without_encryption_is_named",
    ),
    "surroundings/unnamed-sessions": (
        f"{_SURROUNDINGS}::test_a_pool_without_names_holds_the_gate_and_is_told_the_ways_out",
    ),
    "unseen-rows/forced-row-security": (
        f"{_SURROUNDINGS}"
        "::test_rows_that_a_policy_hides_from_the_owner_are_refused_before_anything_is_changed",
    ),
    "unseen-rows/subscription-target": (
        f"{_SURROUNDINGS}::test_a_table_that_a_subscription_feeds_is_named",
        f"{_LOOK}"
        "::test_a_subscriptions_rows_are_kept_in_sync_and_the_run_is_not_taken_up_with_it",
    ),
}
# These are not tried on both versions.
ONCE: Mapping[str, str] = {
    "claims/not-null-properties-18": "a NOT NULL has no name before PostgreSQL 18",
    "limits/parsers": "no server is asked",
    "limits/planning-time": "no server is asked",
    "security/password-printed": "no server is reached",
    "security/polls-0": "no server is asked",
}


def names() -> Iterator[str]:
    """Every input, as `kind/name`."""
    for kind, found in INPUTS.items():
        yield from (f"{kind}/{name}" for name in found)


def nodes(name: str) -> tuple[str, ...]:
    """The tests of an input elsewhere than in the folder of reported ones, on each version."""
    found = (one.format(major) for one in ELSEWHERE.get(name, ()) for major in MAJORS)
    return tuple(dict.fromkeys(found))


def arguments() -> tuple[str, ...]:
    """What pytest runs."""
    return (REPORTED, *dict.fromkeys(node for name in names() for node in nodes(name)))


if __name__ == "__main__":
    sys.exit(pytest.main([*sys.argv[1:], *arguments()]))
