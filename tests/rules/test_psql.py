"""Files that psql runs: its commands are findings, and the rows of COPY are no SQL."""

import pytest

from tests.rules import checking
from zdm.errors import InputError

DUMP = r"""\set ON_ERROR_STOP on
CREATE TABLE a (id bigint PRIMARY KEY, t text);
COPY a (id, t) FROM stdin;
1	it's -- a
2	\N
\.
SELECT 'CREATE TABLE b ()' \gexec
-- zdm: ignore unparsed-statement -- prints a line only
\echo done
SELECT 'x \d y';
DROP TABLE users;
"""


def _places(sql: str) -> list[str]:
    findings = checking.report(sql).findings
    return [f"{f.source.line}:{f.source.column} {f.rule}" for f in findings if not f.ignored]


def test_commands_of_psql_are_findings_and_the_rest_is_judged() -> None:
    found = [place for place in _places(DUMP) if "lock-timeout" not in place]

    assert found == [
        "1:1 unparsed-statement",
        "3:1 unparsed-statement",
        "7:28 unparsed-statement",
        "11:1 drop-table",
    ]


def test_commands_count_as_statements_that_are_not_understood() -> None:
    report = checking.report(DUMP)

    assert (report.statements, report.understood) == (8, 4)


@pytest.mark.parametrize("rows", ["\\.\n", "'\n\\.\n", "-- a\n\\.\n", "1\t/*\n\\.\n"], ids=repr)
def test_rows_of_copy_are_skipped_whatever_they_hold(rows: str) -> None:
    found = checking.found(f"COPY a FROM stdin;\n{rows}DROP TABLE users;\n")

    assert "drop-table" in found


def test_a_command_behind_rows_is_not_taken_for_rows() -> None:
    found = _places("COPY a FROM stdin;\n1\n\\.\n\\c shop\nDROP TABLE users;\n")

    assert "4:1 unparsed-statement" in found
    assert "5:1 drop-table" in found


def test_a_fault_behind_a_command_has_its_place() -> None:
    with pytest.raises(InputError, match=r"migration\.sql:2:1: PostgreSQL cannot read this"):
        checking.report("\\c shop\nCREAT TABLE a ();\n")


def test_no_command_is_looked_for_in_a_string() -> None:
    assert checking.found("SELECT '\n\\d\n';\n") == []
