import pytest
from msgspec import structs

from tests.unit import schemas
from zdm.errors import RefusedError
from zdm.model.plan import Phase, Plan
from zdm.model.schema import Constraint, Function, Name, Snapshot, Table, Volatility
from zdm.planning import classify, schedule

OTHERS = Name("public", "others")
BROKEN = Constraint(
    name="named",
    kind="check",
    columns=("name",),
    definition="CHECK ((name <> ''::text)) NOT VALID",
    validated=False,
)
GONE = "DELETE FROM users WHERE name = 'a';"
ADD = "ALTER TABLE users ADD CONSTRAINT k CHECK (name <> '') NOT VALID;"
VALIDATE = "ALTER TABLE users VALIDATE CONSTRAINT k;"


def planned(sql: str, here: Snapshot | None = None) -> Plan:
    users = schemas.users(rows=5)
    here = here or schemas.snapshot(
        structs.replace(users, constraints=(*users.constraints, BROKEN)),
        schemas.users(name=OTHERS, rows=5),
    )
    train = schemas.train(sql)
    return schedule.plan(classify.classify(train, here), name="t", train=train, snapshot=here)


def phase(plan: Plan, operation: str) -> Phase:
    return next(step.phase for step in plan.steps if step.operation == operation)


@pytest.mark.parametrize(
    "copy",
    [
        "INSERT INTO others SELECT id + 9, email FROM users WHERE name = 'a';",
        "WITH a AS (SELECT * FROM users) INSERT INTO others SELECT * FROM a;",
        "CREATE TABLE kept (id bigint); INSERT INTO kept SELECT id FROM users;",
        "UPDATE others SET name = u.name FROM users AS u WHERE u.id = others.id;",
        "UPDATE others SET id = (SELECT count(*) FROM users AS u WHERE u.id > 1);",
        "UPDATE users SET email = u.name FROM users AS u WHERE u.id = users.id + 1;",
    ],
)
def test_rows_that_are_copied_before_the_rollout_and_deleted_after_it_are_refused(
    copy: str,
) -> None:
    with pytest.raises(RefusedError, match="deleted and never copied"):
        planned(copy + GONE)


@pytest.mark.parametrize(
    "copy",
    [
        "INSERT INTO others (id, email) VALUES (7, (SELECT max(email) FROM users));",
        "INSERT INTO others (id, email) VALUES (7, (SELECT email FROM users LIMIT 1));",
        "INSERT INTO others (id, email) VALUES (7, array_to_string(ARRAY(SELECT email FROM"
        " users), ''));",
        "INSERT INTO others (id, email) SELECT (SELECT count(*) FROM users), 'a';",
        "INSERT INTO others (id, email) SELECT o.id + 9, (SELECT u.email FROM users AS u"
        " WHERE u.id = o.id) FROM others AS o;",
        "INSERT INTO others (id, email) SELECT o.id + 9, 'a' FROM others AS o WHERE EXISTS"
        " (SELECT FROM users AS u WHERE u.id = o.id);",
        "INSERT INTO others (id, email) VALUES (total(), 'a');",
        "UPDATE others SET id = total() WHERE id = 1;",
    ],
)
def test_what_is_made_of_rows_together_or_by_a_function_is_a_copy(copy: str) -> None:
    total = Function(
        name=Name("public", "total"),
        arguments="",
        definition="CREATE FUNCTION total() … AS 'SELECT count(*) FROM users'",
        language="sql",
        volatility=Volatility.STABLE,
    )
    here = structs.replace(
        schemas.snapshot(schemas.users(rows=5), schemas.users(name=OTHERS, rows=5)),
        functions=(total,),
    )

    with pytest.raises(RefusedError, match="deleted and never copied"):
        planned(copy + GONE, here)


def below(name: str, of: str, action: str) -> Table:
    key = Constraint(
        name=f"{name}_fkey",
        kind="foreign key",
        columns=("id",),
        definition=f"FOREIGN KEY (id) REFERENCES {of}(id){action}",
        references=Name("public", of),
        referenced_columns=("id",),
    )
    return schemas.users(name=Name("public", name), rows=5, constraints=(key,))


def family(last: str = " ON DELETE CASCADE") -> Snapshot:
    """Rows of `parts` refer to those of `posts`, and these to those of `users`."""
    posts, parts = below("posts", "users", " ON DELETE CASCADE"), below("parts", "posts", last)
    return schemas.snapshot(
        schemas.users(rows=5), posts, parts, schemas.users(name=OTHERS, rows=5)
    )


ONE = "DELETE FROM users WHERE id = 1;"


@pytest.mark.parametrize("table", ["posts", "parts"])
def test_a_copy_of_rows_that_are_deleted_with_others_is_refused(table: str) -> None:
    copy = f"INSERT INTO others SELECT id + 9, email FROM {table};"

    with pytest.raises(RefusedError, match=f"takes rows of {table} before"):
        planned(copy + ONE, family())


def test_a_copy_of_references_that_are_lost_is_refused() -> None:
    copy = "INSERT INTO others SELECT id + 9, email FROM parts;"

    with pytest.raises(RefusedError, match="written between are changed and never copied"):
        planned(copy + ONE, family(" ON DELETE SET NULL"))


def test_rows_whose_key_refuses_the_delete_are_no_copy_of_what_is_deleted() -> None:
    assert planned(
        "INSERT INTO others SELECT id + 9, email FROM parts;" + ONE, family("")
    ).steps


def test_rows_moved_between_others_that_are_deleted_with_the_rows_are_refused() -> None:
    move = "UPDATE parts SET id = 2 WHERE id = 1;"

    with pytest.raises(RefusedError, match="are deleted with them, or stop the run"):
        planned(move + ONE, family())


@pytest.mark.parametrize("phase", ["expand", "contract"])
def test_a_copy_whose_author_says_when_is_planned(phase: str) -> None:
    directive = f"-- zdm: run in {phase} -- no such rows are written any more\n"

    assert planned(
        f"{directive}INSERT INTO others SELECT id + 9, email FROM users;\n{GONE}"
    ).steps


def test_a_row_that_is_only_looked_up_is_no_copy() -> None:
    assert planned(
        "INSERT INTO others (id, email) VALUES (7, (SELECT email FROM users WHERE id = 2));"
        "INSERT INTO others (id, email) SELECT 8, 'a' WHERE NOT EXISTS (SELECT FROM users);"
        + GONE
    ).steps


def test_rows_are_deleted_before_a_constraint_that_is_there_is_validated() -> None:
    plan = planned(f"{GONE} ALTER TABLE users VALIDATE CONSTRAINT named;")

    assert phase(plan, "delete_rows") is Phase.BACKFILL
    assert phase(plan, "validate_constraint") is Phase.VALIDATE


EXPAND = "-- zdm: run in expand -- reviewed\n"
LATE = "-- zdm: run in contract -- reviewed\n"


def test_a_unique_index_is_built_behind_the_rows_that_break_it() -> None:
    index = "\nCREATE UNIQUE INDEX i ON users (name);"
    with pytest.raises(RefusedError, match="stop the run each time") as refused:
        planned(LATE + GONE + index)

    assert "write `run in expand` for `run in contract`" in str(refused.value)
    for sql in (EXPAND + GONE + index, GONE + index):
        plan = planned(sql)
        at = [step.operation for step in plan.steps].index("create_index")
        assert {s.operation for s in plan.steps[:at]} & {"as_written", "delete_rows"}


@pytest.mark.parametrize(
    "key",
    [
        "ALTER TABLE users ADD UNIQUE (id, name);",
        "ALTER TABLE users ADD UNIQUE (id);",
        "CREATE UNIQUE INDEX i ON users (name, id);",
    ],
)
@pytest.mark.parametrize("delete", [GONE, LATE + GONE + "\n"])
def test_a_unique_key_that_no_rows_can_break_is_there_before_rows_go(
    delete: str, key: str
) -> None:
    assert planned(f"{delete} {key}").steps


def test_rows_to_which_a_dropped_foreign_key_refers_do_not_go_before_the_rollout() -> None:
    key = Constraint(
        name="k",
        kind="foreign key",
        columns=("id",),
        definition="FOREIGN KEY (id) REFERENCES users(id)",
        references=schemas.USERS,
        referenced_columns=("id",),
    )
    here = schemas.snapshot(
        schemas.users(rows=5), schemas.users(name=OTHERS, rows=5, constraints=(key,))
    )
    drop = "ALTER TABLE others DROP CONSTRAINT k;"
    index = "CREATE UNIQUE INDEX i ON users (name);"

    with pytest.raises(RefusedError, match="so a rollback could not restore it"):
        planned(f"{drop} {GONE} {index}", here)
    assert planned(f"{drop} {GONE}", here).steps
    assert planned(f"{GONE} {drop} {index}", here).steps


def test_rows_that_go_behind_the_constraint_they_break_are_refused() -> None:
    with pytest.raises(RefusedError, match="stop the run each time"):
        planned(f"{ADD} COMMENT ON CONSTRAINT k ON users IS 'a'; {GONE} {VALIDATE}")


def test_rows_that_go_before_the_constraint_is_added_are_planned() -> None:
    plan = planned(f"{GONE} {ADD} {VALIDATE}")

    assert phase(plan, "delete_rows") is Phase.CONTRACT


def test_a_row_that_others_are_moved_away_from_is_not_deleted_after_the_rollout_alone() -> None:
    key = Constraint(
        name="k",
        kind="foreign key",
        columns=("id",),
        definition="FOREIGN KEY (id) REFERENCES users(id) ON DELETE CASCADE",
        references=schemas.USERS,
        referenced_columns=("id",),
    )
    here = schemas.snapshot(
        schemas.users(rows=5),
        structs.replace(schemas.users(name=OTHERS, rows=5), constraints=(key,)),
    )
    merge = "UPDATE others SET id = 1 WHERE id = 2;"
    with pytest.raises(RefusedError, match="refer to the deleted rows between"):
        planned(merge + GONE, here)

    assert planned("UPDATE others SET name = 'b' WHERE id = 2;" + GONE, here).steps
    assert planned(f"-- zdm: run in contract -- both at once\n{merge}\n{GONE}", here).steps


def test_children_that_would_go_after_their_parents_are_refused() -> None:
    key = Constraint(
        name="k",
        kind="foreign key",
        columns=("id",),
        definition="FOREIGN KEY (id) REFERENCES users(id)",
        references=schemas.USERS,
        referenced_columns=("id",),
    )
    here = schemas.snapshot(
        schemas.users(rows=5), schemas.users(name=OTHERS, rows=5, constraints=(key,))
    )
    sql = "DELETE FROM others WHERE id = 2; DELETE FROM users WHERE id = 2;"

    assert planned(sql, here).steps
    with pytest.raises(RefusedError, match="a foreign key would stop the run"):
        planned(f"{sql} CREATE UNIQUE INDEX i ON users (name);", here)


@pytest.mark.parametrize(
    "drop",
    [
        "ALTER TABLE others DROP COLUMN name;",
        "-- zdm: run in contract -- r\nDROP TABLE others;",
    ],
)
def test_rows_that_go_by_another_table_which_the_train_drops_are_refused(drop: str) -> None:
    sql = (
        "DELETE FROM users WHERE NOT EXISTS"
        " (SELECT FROM others AS o WHERE o.id = users.id AND o.name = 'a');"
    )

    with pytest.raises(RefusedError, match="decides by it after the rollout"):
        planned(f"{sql}\n{drop}")
    assert planned(f"{sql} ALTER TABLE others DROP COLUMN email;").steps
