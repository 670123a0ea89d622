import json
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.golden import Golden
from tests.samples import ADD, CONTRACT, FILL, RENAME
from zdm.errors import InputError
from zdm.model.findings import Hazard
from zdm.model.plan import AwaitRollout, Backfill, Cost, Irreversible, Plan, RunSql
from zdm.model.schema import Name
from zdm.model.statement import Source, Statement
from zdm.serialize import plan_file

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LINES = st.text(st.sampled_from("ab \t\n\r:'\"#-%é\u2028\U0001f600\x00|>&*"), max_size=30)
WORDS = st.one_of(TEXT, LINES)
PART = WORDS.filter(bool)
NAMES = st.builds(Name, PART, PART)
SOURCES = st.builds(
    Source,
    file=PART,
    line=st.integers(1, 9999),
    column=st.integers(1, 200),
    revision=st.from_regex(r"[0-9a-z_]{0,12}", fullmatch=True),
)
DURATIONS = st.timedeltas(timedelta(0), timedelta(days=400))
UNDO = st.one_of(st.lists(WORDS, max_size=3).map(tuple), st.builds(Irreversible, reason=WORDS))
COSTS = st.builds(Cost, rows=st.none() | st.integers(0, 10**12), scan=st.booleans())
SQL_STEPS = st.builds(
    structs.replace,
    st.just(ADD),
    title=WORDS,
    sql=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    lock_timeout=DURATIONS,
    in_transaction=st.booleans(),
    undo=UNDO,
    rewrites=st.lists(NAMES, max_size=2).map(tuple),
    origin=st.lists(SOURCES, max_size=2).map(tuple),
    cost=COSTS,
)
BACKFILLS = st.builds(structs.replace, st.just(FILL), table=NAMES, differs=WORDS, undo=UNDO)
ROLLOUTS = st.builds(AwaitRollout, id=WORDS, title=WORDS, reason=WORDS)
PLANS = st.builds(
    structs.replace,
    st.just(RENAME),
    name=WORDS,
    steps=st.lists(st.one_of(SQL_STEPS, BACKFILLS, ROLLOUTS), max_size=3).map(tuple),
    hazards=st.lists(st.builds(Hazard, operation=WORDS, message=WORDS), max_size=2).map(tuple),
    notes=st.lists(WORDS, max_size=2).map(tuple),
    stamp=st.sampled_from([None, RENAME.stamp]),
    statements=st.lists(st.builds(Statement, sql=WORDS, source=SOURCES), max_size=2).map(tuple),
)


def edited(old: str, new: str) -> str:
    text = plan_file.dumps(RENAME)
    assert text.count(old) >= 1
    return text.replace(old, new, 1)


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        plan_file.loads(text, "plans/a.yaml")
    return caught.value.message


def test_a_plan_file_reads_as_it_is_meant_to_be_read(golden: Golden) -> None:
    golden.check("planfile.yaml", plan_file.dumps(RENAME))


@settings(max_examples=60, deadline=None)
@given(plan=PLANS)
def test_reading_gives_back_what_was_written(plan: Plan) -> None:
    text = plan_file.dumps(plan)
    again = plan_file.loads(text, "plan.yaml")

    assert again == plan
    assert plan_file.dumps(again) == text


@settings(max_examples=20, deadline=None)
@given(plan=PLANS)
def test_every_plan_file_satisfies_its_schema(plan: Plan) -> None:
    jsonschema.validate(plan_file.to_plain(plan), plan_file.schema())


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(plan_file.schema())


def test_the_schema_refuses_an_unknown_key() -> None:
    content = {**plan_file.to_plain(RENAME), "colour": "green"}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, plan_file.schema())


def test_a_set_is_written_sorted() -> None:
    steps = yaml.safe_load(plan_file.dumps(RENAME))["steps"]

    assert steps[2]["serves"] == ["new", "old"]


def test_sql_of_several_lines_is_a_literal_block_even_with_trailing_blanks() -> None:
    assert '    NEW."new_email" := NEW."email";  \n' in plan_file.dumps(RENAME)


def test_a_changed_statement_is_found_out() -> None:
    message = refusal(edited('DROP COLUMN "email"', 'DROP COLUMN "name"'))

    assert message == (
        "plans/a.yaml was edited by hand: its digest is not that of its content,"
        " so it is not the plan that was made and reviewed"
    )


def test_a_changed_comment_does_no_harm() -> None:
    text = "# reviewed by Ann\n" + plan_file.dumps(RENAME)

    assert plan_file.loads(text, "plan.yaml") == RENAME


FAULTS = [
    ("format: 1", "format: 2"),
    ("server_major: 17", "server_major: '17'"),
    ("server_major: 17", "server_major: 17\nserver_major: 18"),
    ("server_major: 17", "server_major: 17\nvolume: 11"),
    ("server_major: 17\n", ""),
    ("mode: ACCESS EXCLUSIVE", "mode: access"),
    ("kind: backfill", "kind: fill"),
    ("lock_timeout: 200ms", "lock_timeout: soon"),
    ("table: public.users", "table: a.b.c"),
    ("serves: [new, old]", "serves: new"),
    ("notes:", "notes: ["),
    ("fingerprint: ", "fingerprint: 2026-11-24 #"),
    ("irreversible:", "perhaps:"),
    ("source: migrations/versions/0007_new_email.py:17:5 @0007", "source: here"),
]


def test_a_fault_is_named_with_its_line(golden: Golden) -> None:
    messages = [f"{old!r} -> {new!r}\n  {refusal(edited(old, new))}" for old, new in FAULTS]

    golden.check("planfile_faults.txt", "\n".join(messages) + "\n")


def test_an_alias_is_refused() -> None:
    text = edited("steps:", "steps: &all").replace("notes:", "notes: *all\nmore:")

    assert "alias" in refusal(text)


@pytest.mark.parametrize("text", ["", "[]", "a word"])
def test_what_is_no_plan_at_all_is_refused(text: str) -> None:
    assert refusal(text) == "plans/a.yaml is not a plan file"


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    content: dict[str, Any] = yaml.safe_load(plan_file.dumps(RENAME))
    text = json.dumps(dict(reversed(content.items())))

    assert plan_file.loads(text, "plan.json") == RENAME


def test_an_irreversible_step_says_why() -> None:
    steps = yaml.safe_load(plan_file.dumps(RENAME))["steps"]

    assert steps[4]["undo"] == {
        "irreversible": "rows written from here on have no value in email"
    }
    assert isinstance(CONTRACT.undo, Irreversible)


def test_every_kind_of_step_is_in_the_sample() -> None:
    assert {type(step) for step in RENAME.steps} == {RunSql, Backfill, AwaitRollout}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            f"format: {'1' * 5_000}",
            f"plans/a.yaml:1:9 holds '{'1' * 60}…', which no plan holds",
            id="digits",
        ),
        pytest.param(
            "format: 1\nsteps: " + "[" * 800 + "]" * 800,
            "plans/a.yaml:2:48 is nested too deeply for a plan",
            id="lists",
        ),
        pytest.param(
            "format: 1\nsteps: " + "{a: " * 800 + "1" + "}" * 800,
            "plans/a.yaml:2:168 is nested too deeply for a plan",
            id="mappings",
        ),
        pytest.param(
            "format: 1\nsteps:\n  " + "- " * 800 + "1",
            "plans/a.yaml:3:83 is nested too deeply for a plan",
            id="block",
        ),
        pytest.param(
            "[" * 100_000,
            "plans/a.yaml:1:1001 is not YAML: exceeded maximum nesting depth",
            id="lists without an end",
        ),
        pytest.param(
            f"? {'[' * 800}{']' * 800}\n: 1",
            "plans/a.yaml:1:3 has a key that is no text",
            id="a list as a key",
        ),
        pytest.param("a: &a [1]\nb: *a", "plans/a.yaml:1:4 holds a YAML alias", id="alias"),
        pytest.param("a: &a [*a]", "plans/a.yaml:1:4 holds a YAML alias", id="itself"),
        pytest.param("a: 1\na: 2", "plans/a.yaml:2:1 has the key 'a' twice", id="twice"),
        pytest.param("a: .nan", "plans/a.yaml:1:4 holds '.nan', which no plan holds", id="nan"),
        pytest.param("a: 0x1f", "plans/a.yaml:1:4 holds '0x1f', which no plan holds", id="hex"),
        pytest.param(
            "ä: 1\nb: \0",
            "plans/a.yaml:2:4 is not YAML: control characters are not allowed",
            id="NUL",
        ),
        pytest.param(
            'a: "\\ud800"',
            "plans/a.yaml:1:7 is not YAML: found invalid Unicode character escape code",
            id="surrogate",
        ),
        pytest.param(
            "a: 1\n--- b",
            "plans/a.yaml:2:1 is not YAML: but found another document",
            id="two documents",
        ),
        pytest.param(
            f"format: 1\n{'k' * 500}: 1",
            f"plans/a.yaml:2: {'k' * 60}… is not known here; known are name, server_major,"
            " fingerprint, files, stamp, operations, hazards, notes, steps, statements,"
            " search_path, format",
            id="long key",
        ),
    ],
)
def test_what_a_parser_cannot_hold_is_named_with_its_place(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_plan_is_refused_alike_where_pyyaml_has_no_c_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan_file, "_Loader", yaml.SafeLoader)

    assert refusal("[" * 100_000) == "plans/a.yaml is nested too deeply to be read"
    assert refusal("a: \0").startswith("plans/a.yaml:1:4 is not YAML: ")
