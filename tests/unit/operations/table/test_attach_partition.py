import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.plan import RunSql
from zdm.model.schema import Column, Constraint, Name, Snapshot, Table

COLUMNS = (
    Column(name="id", type="bigint", not_null=True),
    Column(name="At", type="date", not_null=True),
)
EVENTS = Table(
    name=Name("public", "events"),
    kind="partitioned table",
    columns=COLUMNS,
    partition_key='RANGE ("At")',
)
OLD = Table(name=Name("public", "old"), columns=COLUMNS)
ATTACH = "ALTER TABLE events ATTACH PARTITION old FOR VALUES FROM ('2024-01-01') TO ({to});"


def snapshot(*tables: Table) -> Snapshot:
    return schemas.snapshot(*(tables or (EVENTS, OLD)))


@pytest.mark.parametrize(
    ("to", "ends"),
    [
        ("'2025-01-01'", " AND \"At\" < CAST('2025-01-01' AS date)"),
        ("date '2025-01-01'", " AND \"At\" < CAST('2025-01-01'::date AS date)"),
        ("MAXVALUE", ""),
    ],
)
def test_the_check_says_what_the_bounds_say(to: str, ends: str) -> None:
    answer = ask(ATTACH.format(to=to), snapshot())

    assert answer.phases == ["contract"] * 3
    assert answer.sql[0] == (
        'ALTER TABLE "public"."old" ADD CONSTRAINT "zdm_old_bounds" CHECK ("At" IS NOT NULL AND'
        f" \"At\" >= CAST('2024-01-01' AS date){ends}) NOT VALID"
    )
    assert answer.sql[-1] == 'ALTER TABLE "public"."old" DROP CONSTRAINT "zdm_old_bounds"'
    assert answer.after.require_table(OLD.name).partition_of == EVENTS.name


def test_a_validated_check_of_the_bounds_is_enough() -> None:
    check = Constraint(
        name="c",
        kind="check",
        columns=("At",),
        definition="CHECK (((\"At\" >= '2024-01-01'::date) AND (\"At\" < '2025-01-01'::date)))",
    )
    proved = replace(OLD, constraints=(check,))
    answer = ask(ATTACH.format(to="'2025-01-01'"), snapshot(EVENTS, proved))

    assert answer.sql == [ATTACH.format(to="'2025-01-01'").removesuffix(";")]


@pytest.mark.parametrize(
    ("type_", "check", "proves"),
    [
        ("date", "k >= '2024-01-01'::date", True),
        ("date", "k >= '2024-01-01'::timestamp with time zone", False),
        ("timestamp(3) with time zone", "k >= '2024-01-01'::timestamp with time zone", True),
        ("timestamp with time zone", "k >= '2024-01-01'::date", False),
        ("timestamp with time zone", "(k)::date >= '2024-01-01'::date", False),
        ("character varying(9)", "(k)::text >= '2024-01-01'::text", True),
        ("character(10)", "k >= '2024-01-01'::bpchar", True),
        ("text", "(k)::character(10) >= '2024-01-01'::bpchar", False),
    ],
)
def test_a_check_on_another_type_than_the_keys_is_no_proof(
    type_: str, check: str, *, proves: bool
) -> None:
    columns = (Column(name="k", type=type_, not_null=True),)
    parent = replace(EVENTS, columns=columns, partition_key="RANGE (k)")
    own = Constraint(name="c", kind="check", columns=("k",), definition=f"CHECK (({check}))")
    child = replace(OLD, columns=columns, constraints=(own,))
    answer = ask(ATTACH.format(to="MAXVALUE"), snapshot(parent, child))

    assert len(answer.steps) == (1 if proves else 3)


def test_the_authors_own_check_is_part_of_it() -> None:
    check = "ALTER TABLE old {} CONSTRAINT mine{};"
    added = check.format("ADD", " CHECK (id > 0)")
    whole = added + ATTACH.format(to="'2025-01-01'") + check.format("DROP", "")
    answer = ask(whole, snapshot())

    assert answer.slugs == ["attach_partition"]
    assert not any("mine" in sql for sql in answer.sql)
    assert answer.after.require_table(OLD.name).constraints == ()

    kept = ask(added + ATTACH.format(to="'2025-01-01'"), snapshot())

    assert kept.slugs == ["add_check", "attach_partition"]


def test_a_new_table_is_attached_before_the_rollout_and_taken_away_while_it_is_empty() -> None:
    made = "CREATE TABLE old (LIKE events);" + ATTACH.format(to="MAXVALUE")
    answer = ask(made, snapshot(EVENTS))
    step = answer.steps[-1]

    assert answer.phases == ["expand", "expand"]
    assert isinstance(step, RunSql)
    assert step.undo_checks
    assert isinstance(step.undo, tuple)
    assert "DETACH PARTITION" in step.undo[0]
    assert "RAISE EXCEPTION" in step.undo[0]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (ATTACH.format(to="current_date"), "cannot write its bounds"),
        ("ALTER TABLE old ATTACH PARTITION events DEFAULT;", "old is not partitioned"),
        ("ALTER TABLE events ATTACH PARTITION gone DEFAULT;", "no table gone"),
        ("ALTER TABLE events ATTACH PARTITION old DEFAULT;", "cannot write its bounds"),
    ],
)
def test_what_would_read_rows_or_fail_is_refused(sql: str, reason: str) -> None:
    assert reason in ask(sql, snapshot()).refusals[0]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (replace(COLUMNS[0], type="integer"), "old.id is of type integer, not bigint"),
        (replace(COLUMNS[0], not_null=False), "old.id is not NOT NULL"),
        (replace(COLUMNS[0], identity="always"), "old.id is an identity column"),
        (replace(COLUMNS[0], generated="stored"), "generated column in only one"),
        (replace(COLUMNS[0], name="other"), "old.other is not in events, which the server"),
    ],
)
def test_columns_that_the_server_does_not_take_are_refused(
    changed: Column, reason: str
) -> None:
    child = replace(OLD, columns=(changed, COLUMNS[1]))
    answer = ask(ATTACH.format(to="MAXVALUE"), snapshot(EVENTS, child))

    assert reason in answer.refusals[0]
