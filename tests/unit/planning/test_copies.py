import pytest

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Phase, Plan
from zdm.planning import classify, schedule

HERE = schemas.snapshot(schemas.users())
MADE = "CREATE TABLE names (owner bigint, email text); CREATE INDEX i ON names (owner); "
COPIED = "INSERT INTO names SELECT id, email FROM users; "


def planned(sql: str) -> Plan:
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, HERE), name="t", train=train, snapshot=HERE)


@pytest.mark.parametrize(
    "sql",
    [
        MADE + COPIED + "UPDATE names SET email = lower(email) WHERE owner > 3;",
        MADE + COPIED + "DELETE FROM names WHERE email = '';",
        MADE + COPIED + "INSERT INTO names VALUES (0, 'nobody');",
        MADE + "INSERT INTO names VALUES (0, 'nobody'); " + COPIED,
        MADE + COPIED + "ALTER TABLE names ALTER email TYPE varchar(9) USING left(email, 9);",
        MADE + COPIED + "ALTER TABLE names RENAME COLUMN email TO mail;",
        MADE + COPIED + "ALTER TABLE names DROP COLUMN email;",
        MADE + COPIED + "ALTER TABLE names ALTER email SET DEFAULT 'x';",
    ],
)
def test_what_changes_the_copied_rows_or_their_table_is_refused(sql: str) -> None:
    with pytest.raises(RefusedError, match="copies rows into names in batches"):
        planned(sql)


def test_rows_that_are_there_before_are_known_by_a_unique_key() -> None:
    plan = planned(
        "CREATE TABLE names (owner bigint PRIMARY KEY, email text);"
        f"INSERT INTO names VALUES (0, 'nobody'); {COPIED}"
    )

    assert [step.operation for step in plan.steps][-2:] == ["copy_rows", "rollout"]


def test_a_copy_reads_what_the_fill_before_it_has_written() -> None:
    plan = planned(f"{MADE} UPDATE users SET email = 'a' WHERE email = 'b'; {COPIED}")
    fills = [step.operation for step in plan.steps if step.phase is Phase.BACKFILL]

    assert fills == ["backfill", "copy_rows"]


def test_a_copy_before_a_fill_of_what_it_reads_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"both use (public\.)?users\.email"):
        planned(f"{MADE} {COPIED} UPDATE users SET email = 'a' WHERE email = 'b';")


def order(sql: str) -> list[str]:
    return [
        f"{step.operation} {step.phase.value}"
        for step in planned(sql).steps
        if step.operation in ("as_written", "copy_rows", "new_table_change")
    ][1:]


KEYED = (
    "CREATE TABLE names (owner bigserial PRIMARY KEY, email text); ALTER TABLE names ADD a int;"
)
BY_HAND = "\n-- zdm: run in expand -- reviewed\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT setval('names_owner_seq', (SELECT max(owner) FROM names));",
        "SELECT setval('names_owner_seq', 20000);",
        "DO 'BEGIN PERFORM setval(''names_owner_seq'', 20000); END';",
        "CREATE TRIGGER x BEFORE INSERT ON names FOR EACH ROW EXECUTE FUNCTION f();",
    ],
)
def test_what_runs_as_written_behind_a_copy_meets_its_rows(sql: str) -> None:
    copied = "INSERT INTO names (owner, email) SELECT id, email FROM users;"

    assert order(f"{KEYED} {copied} {BY_HAND} {sql}") == [
        "copy_rows backfill",
        "as_written backfill",
    ]


def test_rows_that_refer_to_copied_ones_come_behind_them() -> None:
    copied = "INSERT INTO names (owner, email) SELECT id, email FROM users;"
    refer = "CREATE TABLE notes (owner bigint REFERENCES names); INSERT INTO notes VALUES (1);"

    assert order(f"{KEYED} {copied} {refer}") == [
        "copy_rows backfill",
        "new_table_change backfill",
    ]


def test_a_trigger_that_fills_a_reference_to_copied_rows_is_refused() -> None:
    with pytest.raises(RefusedError, match="refer to rows of names that are not copied"):
        planned(
            f"{KEYED} ALTER TABLE users ADD COLUMN owner bigint REFERENCES names;"
            "INSERT INTO names (owner, email) SELECT id, email FROM users;"
            "UPDATE users SET owner = id;"
        )


def test_so_is_one_of_a_foreign_key_that_the_train_adds_behind_it() -> None:
    with pytest.raises(RefusedError, match="refer to rows of names that are not copied"):
        planned(
            f"{KEYED} INSERT INTO names (owner, email) SELECT id, email FROM users;"
            "ALTER TABLE users ADD COLUMN owner bigint; UPDATE users SET owner = id;"
            "ALTER TABLE users ADD FOREIGN KEY (owner) REFERENCES names;"
        )
