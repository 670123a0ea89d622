import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, Backfill, RunSql
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table

ORDERS = Name("public", "orders")
ADD = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users (id)"
NEW = "ALTER TABLE orders ADD COLUMN payer bigint;"


def orders(**details: object) -> Table:
    values: dict[str, object] = {
        "name": ORDERS,
        "columns": (Column(name="id", type="bigint"), Column(name="user_id", type="bigint")),
        "indexes": (
            Index(name="orders_user", definition="", keys=("user_id",), columns=("user_id",)),
        ),
    }
    return Table(**{**values, **details})  # type: ignore[arg-type]  # any field may be given


def start(table: Table | None = None, *more: Table, version: int = 170004) -> Snapshot:
    return schemas.snapshot(schemas.users(), table or orders(), *more, version=version)


def test_it_waits_for_the_contract_since_the_old_version_may_break_it() -> None:
    answer = ask(f"{ADD};", start())
    first, second = answer.steps

    assert answer.slugs == ["add_foreign_key"]
    assert answer.phases == ["contract", "contract"]
    assert {step.serves for step in answer.steps} == {NEW_ONLY}
    assert {lock.mode for lock in first.locks} == {LockMode.SHARE_ROW_EXCLUSIVE}
    assert [lock.mode for lock in second.locks] == [
        LockMode.SHARE_UPDATE_EXCLUSIVE,
        LockMode.ROW_SHARE,
    ]


def test_rows_that_refer_to_nothing_are_looked_for_before() -> None:
    (check,) = next(
        s.preconditions for s in ask(f"{ADD};", start()).steps if isinstance(s, RunSql)
    )

    assert check.sql.endswith(
        'WHERE c."user_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ONLY "public"."users"'
        ' AS zdm_r WHERE zdm_r."id" OPERATOR(pg_catalog.=) c."user_id"))'
    )


def test_of_a_column_that_the_train_adds_it_is_there_before_the_rollout() -> None:
    answer = ask(f"{NEW} ALTER TABLE orders ADD FOREIGN KEY (payer) REFERENCES users;", start())

    assert answer.phases == ["expand", "validate", "validate"]
    assert answer.steps[-1].serves == BOTH
    assert "orders_payer_fkey" in answer.sql[-1]
    assert "cannot delete rows of users" in answer.hazards[1].message


def test_a_default_may_refer_to_nothing() -> None:
    answer = ask(
        "ALTER TABLE orders ADD COLUMN payer bigint DEFAULT 7;"
        " ALTER TABLE orders ADD FOREIGN KEY (payer) REFERENCES users;",
        start(),
    )

    assert answer.phases[1:] == ["contract", "contract"]


@pytest.mark.parametrize(
    ("before", "named"),
    [("", True), ("CREATE INDEX i ON orders (user_id);", False)],
    ids=["missing", "in the train"],
)
def test_a_missing_index_is_named(before: str, named: bool) -> None:
    answer = ask(f"{before} {ADD};", start(orders(indexes=())))

    assert any("no index begins with" in h.message for h in answer.hazards) is named


def test_rows_that_go_with_others_are_named() -> None:
    messages = [h.message for h in ask(f"{ADD} ON DELETE CASCADE;", start()).hazards]

    assert any("also deletes those rows of orders" in message for message in messages)


def test_match_full_takes_all_or_none() -> None:
    answer = ask(
        "ALTER TABLE orders ADD FOREIGN KEY (id, user_id) REFERENCES pairs (a, b) MATCH FULL;",
        start(None, pairs()),
    )
    (first, *_) = answer.steps

    assert isinstance(first, RunSql)
    assert '(c."id" IS NOT NULL OR c."user_id" IS NOT NULL) AND' in first.preconditions[0].sql


def pairs() -> Table:
    index = Index(name="i", definition="", keys=("b", "a"), columns=("b", "a"), unique=True)
    columns = (Column(name="a", type="bigint"), Column(name="b", type="bigint"))
    return Table(name=Name("public", "pairs"), columns=columns, indexes=(index,))


def test_one_that_its_author_leaves_not_valid_stays_so() -> None:
    answer = ask(f"{ADD} NOT VALID;", start())

    assert len(answer.steps) == 1
    assert answer.operations[0].title.endswith(", NOT VALID")


@pytest.mark.parametrize(("version", "steps"), [(170004, 5), (180001, 2)])
def test_a_partitioned_table_gets_it_by_partitions_up_to_17(version: int, steps: int) -> None:
    parts = [
        Table(name=Name("public", f"part{n}"), columns=orders().columns, partition_of=ORDERS)
        for n in range(2)
    ]
    whole = orders(kind="partitioned table", partition_key="RANGE (id)")
    answer = ask(f"{ADD};", start(whole, *parts, version=version))

    assert len(answer.steps) == steps
    assert answer.after.require_table(parts[0].name).constraints == ()


def test_one_of_a_partitioned_table_to_itself_locks_it_as_the_referenced_one_up_to_17() -> None:
    whole = orders(
        kind="partitioned table",
        partition_key="RANGE (id)",
        constraints=(Constraint(name="k", kind="primary key", definition="", columns=("id",)),),
        indexes=(Index(name="k", definition="", keys=("id",), columns=("id",), unique=True),),
    )
    part = Table(name=Name("public", "part"), columns=whole.columns, partition_of=ORDERS)
    itself = "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES orders (id);"
    steps = ask(itself, start(whole, part)).steps
    last = steps[-1]

    assert isinstance(last, RunSql)
    assert [lock.mode for lock in last.locks] == [LockMode.ACCESS_EXCLUSIVE]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("FOREIGN KEY (gone) REFERENCES users (id)", "orders has no column gone"),
        ("FOREIGN KEY (user_id) REFERENCES users (gone)", "users has no column gone"),
        ("FOREIGN KEY (user_id) REFERENCES users (name)", "no unique constraint or index"),
        ("FOREIGN KEY (user_id) REFERENCES gone (id)", "there is no table gone"),
        ("FOREIGN KEY (id, user_id) REFERENCES users (id)", "it has 2 columns and refers to 1"),
        ("CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users", "already has a constraint k"),
        ("FOREIGN KEY (user_id) REFERENCES users NOT ENFORCED", "cannot be read"),
    ],
)
def test_what_would_fail_is_refused(statement: str, said: str) -> None:
    check = Constraint(name="k", kind="check", columns=("id",), definition="CHECK ((id > 0))")
    answer = ask(f"ALTER TABLE orders ADD {statement};", start(orders(constraints=(check,))))

    assert said in answer.refusals[0]


def test_up_to_17_a_partitioned_table_takes_none_that_is_not_valid() -> None:
    whole = orders(kind="partitioned table", partition_key="RANGE (id)")
    answer = ask(f"{ADD} NOT VALID;", start(whole))

    assert "cannot be NOT VALID" in answer.refusals[0]


def by_directive(how: str, statement: str = ADD) -> str:
    return f"-- zdm: orphans {how} -- reviewed\n{statement};"


KEYED = orders(
    constraints=(Constraint(name="pk", kind="primary key", columns=("id",), definition=""),)
)


def test_orphans_are_corrected_between_the_key_and_its_validation() -> None:
    answer = ask(by_directive("delete"), start())
    add, batches, stop, validate = answer.steps

    assert {step.phase.value for step in answer.steps} == {"contract"}
    assert isinstance(add, RunSql)
    assert add.sql[0].endswith("NOT VALID")
    assert "BEFORE DELETE" in add.sql[2]
    assert isinstance(batches, Backfill)
    assert batches.deletes
    assert isinstance(stop, RunSql)
    assert stop.sql[0].startswith("DROP TRIGGER")
    assert validate.title == "validate k on orders"


def test_orphans_are_set_to_null_by_the_columns_that_can_be() -> None:
    key = (
        "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (id, user_id) REFERENCES pairs (a, b)"
    )
    pairs = Table(
        name=Name("public", "pairs"),
        columns=(Column(name="a", type="bigint"), Column(name="b", type="bigint")),
        indexes=(
            Index(name="p", definition="", keys=("a", "b"), columns=("a", "b"), unique=True),
        ),
    )
    columns = (Column(name="id", type="bigint", not_null=True), orders().columns[1])
    table = orders(columns=columns)
    (batches,) = (
        s
        for s in ask(by_directive("null", key), start(table, pairs)).steps
        if isinstance(s, Backfill)
    )

    assert [(a.column, a.expression) for a in batches.assignments] == [("user_id", "NULL")]
    assert "cannot be NULL" in str(
        ask(by_directive("null", f"{key} MATCH FULL"), start(table, pairs)).refusals
    )


def test_parked_rows_are_kept_until_the_last_step() -> None:
    answer = ask(by_directive("park"), start(KEYED))
    first, last = answer.steps[0], answer.steps[-1]

    assert answer.phases == ["contract"] * 5 + ["drop"]
    assert isinstance(first, RunSql)
    assert first.restore is not None
    assert isinstance(last, RunSql)
    assert last.sql[0].startswith("DROP TABLE")


def test_orphans_of_a_key_that_stays_not_valid_are_not_corrected() -> None:
    answer = ask(by_directive("delete", f"{ADD} NOT VALID"), start())

    assert answer.refusals == (
        "the directive `orphans delete` has no effect on this statement",
    )


def test_a_later_not_null_refuses_to_set_them_to_null() -> None:
    later = " ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL;"

    assert "cannot be NULL" in ask(by_directive("null") + later, start()).refusals[0]


@pytest.mark.parametrize(("version", "said"), [(170004, True), (180001, False)])
def test_up_to_17_entries_for_partitions_stay_not_valid(version: int, *, said: bool) -> None:
    parts = schemas.users(
        name=Name("public", "parts"), kind="partitioned table", partition_key="RANGE (id)"
    )
    sql = ADD.replace("users", "parts")
    answer = ask(f"{sql};", start(None, parts, version=version))

    assert any("convalidated = false" in one.message for one in answer.hazards) is said
    assert not any("convalidated" in one.message for one in ask(f"{ADD};", start()).hazards)
