"""The outputs of `zdm check`, as the programs that read them want them."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from tests.golden import Golden
from tests.rules import checking
from zdm.model.statement import Source
from zdm.render.checks import Output
from zdm.render.layout import PLAIN, Layout

LIMIT = "SET lock_timeout = '2s';\n"
INDEX = "CREATE INDEX t_n ON t (n);\n"
TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int);"
SQL = (
    "SET lock_timeout = '2s';\n"
    "-- zdm: ignore drop-not-null -- read by nobody\n"
    "ALTER TABLE t ALTER id DROP NOT NULL;\n"
    'CREATE INDEX "a,b:c%\n@x<y>`" ON t (n);\n'
    "ALTER TABLE t DROP CONSTRAINT t_pkey;"
)
REPORT = checking.report(SQL, TABLE)


def shown(output: Output) -> str:
    return output.render(REPORT, PLAIN)


def test_json_has_everything_and_a_version() -> None:
    data = json.loads(shown(Output.JSON))
    brief = [(f["rule"], f["level"], f["ignored"]) for f in data["findings"]]

    assert (data["version"], data["statements"], data["understood"]) == (1, 4, 4)
    assert (data["errors"], data["warns"], data["notes"]) == (1, 1, 0)
    assert brief == [
        ("drop-not-null", "warn", "read by nobody"),
        ("index-not-concurrent", "error", None),
        ("drop-constraint", "warn", None),
    ]


def test_github_gets_one_escaped_line_for_each_finding_errors_first() -> None:
    lines = shown(Output.GITHUB).splitlines()

    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning"]
    assert lines[0].startswith(
        "::error file=migration.sql,line=4,endLine=5,title=zdm%3A index-not-concurrent::writes"
    )
    assert "%0A" in lines[0]


def test_gitlab_fingerprints_are_unique_and_do_not_move_with_lines() -> None:
    twice = "CREATE INDEX ON t (n);\nCREATE INDEX ON t (n, id);"
    here = json.loads(Output.GITLAB.render(checking.report(twice, TABLE), PLAIN))
    lower = json.loads(Output.GITLAB.render(checking.report("\n\n" + twice, TABLE), PLAIN))
    prints = [entry["fingerprint"] for entry in here]

    assert len(set(prints)) == len(prints) == 3
    assert prints == [entry["fingerprint"] for entry in lower]
    assert {entry["severity"] for entry in here} == {"major"}


def test_sarif_has_its_rules_regions_and_suppressions() -> None:
    run = json.loads(shown(Output.SARIF))["runs"][0]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    index = run["results"][1]

    assert [run["results"][n]["ruleId"] for n in range(3)] == [
        ids[result["ruleIndex"]] for result in run["results"]
    ]
    assert index["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 4,
        "startColumn": 1,
        "endLine": 5,
        "endColumn": len('@x<y>`" ON t (n)') + 1,
    }
    assert run["results"][0]["suppressions"] == [
        {"kind": "inSource", "justification": "read by nobody"}
    ]


def test_junit_counts_its_failures() -> None:
    suite = ET.fromstring(shown(Output.JUNIT))[0]

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [failure.get("type") for failure in suite.iter("failure")] == [
        "index-not-concurrent"
    ]


def test_junit_takes_no_character_that_xml_refuses() -> None:
    report = checking.report('DROP TABLE "\x01";')

    assert len(ET.fromstring(Output.JUNIT.render(report, PLAIN))) == 1


def test_markdown_can_be_found_again_and_keeps_statements_in_their_fence() -> None:
    text = shown(Output.MARKDOWN)

    assert text.startswith(
        "<!-- zdm check -->\n\n## zdm check\n\n1 error, 1 warning, 1 ignored"
    )
    assert "  ```sql\n" in text
    assert re.search(r"Instead: write CREATE INDEX CONCURRENTLY", text)


def test_a_fence_is_longer_than_what_the_statement_holds() -> None:
    report = checking.report('DROP TABLE "````";')

    assert "  `````sql\n" in Output.MARKDOWN.render(report, PLAIN)


MANY = (
    "-- the team's first migration\n"
    "BEGIN;\n"
    "  ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0);\n"
    "COMMIT;\n"
    "CREATE INDEX t_n ON t (n);\n"
    "DO $$\nBEGIN\n  PERFORM 1;\n  PERFORM 2;\n  PERFORM 3;\n  PERFORM 4;\nEND\n$$;\n"
    "ALTER TABLE t RENAME COLUMN n TO m;\n"
    'DROP TABLE "\x1b[2J";\n'
)


@pytest.mark.parametrize("output", [Output.TEXT, Output.MARKDOWN], ids=str)
def test_what_a_person_reads_is_kept(output: Output, golden: Golden) -> None:
    text = output.render(checking.report(MANY, TABLE), PLAIN)

    golden.check(f"check_{output}.txt", text)


def test_a_terminal_gets_colours_and_its_own_width() -> None:
    report = checking.report(LIMIT + INDEX, TABLE)
    text = Output.TEXT.render(report, Layout(colour=True, width=50))

    assert text.splitlines()[:4] == [
        "migration.sql:2:1: \033[1;31merror\033[0m index-not-concurrent",
        "  \033[2m2 │\033[0m CREATE INDEX t_n ON t (n)",
        "  writes to t wait while the index is built",
        "  lock: SHARE on t",
    ]
    assert "hint: write CREATE INDEX CONCURRENTLY, outside" in text
    assert max(map(len, text.splitlines())) < 80


def test_a_revision_gets_the_calls_to_write_instead() -> None:
    report = checking.report(LIMIT + INDEX.replace("(n)", "((n || ':a'))"), TABLE)
    source = Source(file="versions/0001.py", line=9, column=5)
    finding = replace(report.findings[0], source=source)
    text = Output.TEXT.render(replace(report, findings=(finding,)), PLAIN)

    assert (
        "  fix:\n    with op.get_context().autocommit_block():\n"
        "        op.execute(\"CREATE INDEX CONCURRENTLY t_n ON t ((n || '\\\\:a'))\")\n" in text
    )
