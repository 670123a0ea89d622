import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, RunSql
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table

DROP = "ALTER TABLE orders DROP CONSTRAINT k;"
FK = "FOREIGN KEY (user_id) REFERENCES public.users(id)"


def orders(*constraints: Constraint, **details: object) -> Snapshot:
    values: dict[str, object] = {
        "name": Name("public", "orders"),
        "columns": (Column(name="id", type="bigint"), Column(name="user_id", type="bigint")),
        "constraints": constraints,
    }
    table = Table(**{**values, **details})  # type: ignore[arg-type]  # any field may be given
    return schemas.snapshot(schemas.users(), table)


def check(**details: object) -> Constraint:
    values: dict[str, object] = {
        "name": "k", "kind": "check", "columns": ("id",), "definition": "CHECK ((id > 0))"
    }  # fmt: skip
    return Constraint(**{**values, **details})  # type: ignore[arg-type]  # any field


def foreign(ending: str = "") -> Constraint:
    return check(
        kind="foreign key", columns=("user_id",), definition=FK + ending,
        references=schemas.USERS, referenced_columns=("id",),
    )  # fmt: skip


def test_a_check_goes_before_the_rollout_since_the_new_version_may_break_it() -> None:
    answer = ask(DROP, orders(check(comment="positive")))
    (step,) = answer.steps

    assert isinstance(step, RunSql)
    assert answer.phases == ["expand"]
    assert step.serves == BOTH
    assert step.undo[1:] == (  # type: ignore[index]  # it can be undone
        "ALTER TABLE public.orders ADD CONSTRAINT k CHECK (id > 0) NOT VALID",
        'COMMENT ON CONSTRAINT "k" ON "public"."orders" IS \'positive\'',
    )
    assert step.undo_proof == ('ALTER TABLE "public"."orders" VALIDATE CONSTRAINT "k"',)
    assert "fails while there are such rows" in answer.hazards[0].message


def test_one_that_is_not_valid_stays_so() -> None:
    (step,) = ask(
        DROP, orders(check(definition="CHECK (id > 0) NOT VALID", validated=False))
    ).steps

    assert isinstance(step, RunSql)
    assert step.undo[-1].count("NOT VALID") == 1  # type: ignore[index]
    assert step.undo_proof == ()


@pytest.mark.parametrize("ending", ["", " ON DELETE RESTRICT"])
def test_a_foreign_key_that_only_refuses_goes_before_the_rollout(ending: str) -> None:
    answer = ask(DROP, orders(foreign(ending)))
    (step,) = answer.steps

    assert answer.phases == ["expand"]
    assert [lock.table.name for lock in step.locks] == ["orders", "users"]
    assert {lock.mode for lock in step.locks} == {LockMode.ACCESS_EXCLUSIVE}
    assert step.serves == BOTH


@pytest.mark.parametrize("ending", [" ON UPDATE CASCADE", " ON DELETE SET NULL DEFERRABLE"])
def test_one_that_changes_rows_by_itself_would_have_to_go_in_both(ending: str) -> None:
    answer = ask(DROP, orders(foreign(ending)))

    assert "rows stay that the old version has deleted" in answer.refusals[0]


@pytest.mark.parametrize("ending", ["", " ON DELETE CASCADE"])
def test_one_that_is_replaced_after_other_statements_goes_when_the_old_version_is_gone(
    ending: str,
) -> None:
    again = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users (id);"
    answer = ask(DROP + "COMMENT ON TABLE orders IS 'x';" + again, orders(foreign(ending)))

    assert answer.slugs == ["drop_constraint", "comment", "add_foreign_key"]
    assert answer.phases[-2:] == ["contract"] * 2
    assert answer.steps[0].serves == NEW_ONLY


@pytest.mark.parametrize("name", ["k", "l"])
@pytest.mark.parametrize("ending", ["", " ON DELETE CASCADE"])
def test_no_row_is_without_one_while_it_is_replaced(ending: str, name: str) -> None:
    again = (
        f"ALTER TABLE orders ADD CONSTRAINT {name} FOREIGN KEY (user_id) REFERENCES users (id)"
        " ON DELETE SET NULL;"
    )
    answer = ask(DROP + again, orders(foreign(ending)))
    change, validate = answer.steps

    assert answer.slugs == ["add_foreign_key"]
    assert answer.phases == ["contract"] * 2
    assert isinstance(change, RunSql)
    assert isinstance(validate, RunSql)
    assert [sql.rpartition("CONSTRAINT")[0] for sql in change.sql] == [
        'ALTER TABLE "public"."orders" DROP ',
        "ALTER TABLE public.orders ADD ",
    ]
    assert change.sql[1].endswith("ON DELETE SET NULL NOT VALID")
    assert {lock.mode for lock in change.locks} == {LockMode.ACCESS_EXCLUSIVE}
    assert isinstance(change.undo, tuple)
    assert change.undo[-1].endswith(f"{ending or 'REFERENCES public.users (id)'} NOT VALID")
    assert change.undo_proof == ('ALTER TABLE "public"."orders" VALIDATE CONSTRAINT "k"',)
    assert validate.sql == (f'ALTER TABLE "public"."orders" VALIDATE CONSTRAINT "{name}"',)
    assert [h.message.partition(":")[0] for h in answer.hazards] == [
        "until the contract k of orders is enforced as before, also ON DELETE and ON UPDATE;"
        " then the new one is",
        "ON DELETE SET NULL",
    ]


@pytest.mark.parametrize(
    ("ending", "letters"),
    [
        (" ON UPDATE CASCADE", ("a", "c", "false", "false")),
        (" ON DELETE RESTRICT", ("r", "a", "false", "false")),
        (" ON DELETE SET DEFAULT DEFERRABLE", ("d", "a", "true", "false")),
        (" INITIALLY DEFERRED", ("a", "a", "true", "true")),
    ],
)
def test_the_new_one_is_known_by_what_it_does(ending: str, letters: tuple[str, ...]) -> None:
    again = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users (id)"
    (change, _) = ask(f"{DROP}{again}{ending};", orders(foreign())).steps

    assert isinstance(change, RunSql)
    columns = ("confdeltype", "confupdtype", "condeferrable", "condeferred")
    for column, letter in zip(columns, letters, strict=True):
        assert f"c.{column} = '{letter}'" in change.probe


def test_one_that_does_the_same_under_the_same_name_is_not_told_from_the_new_one() -> None:
    again = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users (id);"

    assert ask(DROP + again, orders(foreign())).slugs == ["drop_constraint", "add_foreign_key"]


@pytest.mark.parametrize(
    "other",
    [
        "FOREIGN KEY (user_id) REFERENCES users (email)",
        "FOREIGN KEY (user_id) REFERENCES users (id) MATCH FULL",
        "FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID",
    ],
)
def test_one_that_accepts_other_rows_is_not_replaced_at_once(other: str) -> None:
    again = f"ALTER TABLE orders ADD CONSTRAINT k {other};"
    answer = ask(DROP + again, orders(foreign()))

    assert "add_foreign_key" not in answer.slugs[:1]


def test_one_that_is_not_validated_has_rows_that_the_new_one_may_refuse() -> None:
    again = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users (id);"
    answer = ask(DROP + again, orders(replace(foreign(), validated=False)))

    assert answer.slugs == ["drop_constraint", "add_foreign_key"]
    assert any("refer to no row" in hazard.message for hazard in answer.hazards)


@pytest.mark.parametrize("ending", ["", " ON DELETE CASCADE"])
def test_one_that_was_replaced_before_goes_behind_the_other(ending: str) -> None:
    again = "ALTER TABLE orders ADD CONSTRAINT l FOREIGN KEY (user_id) REFERENCES users (id);"
    answer = ask(again + DROP, orders(foreign(ending)))

    assert answer.slugs == ["add_foreign_key", "drop_constraint"]
    assert answer.phases == ["contract"] * 3
    assert answer.sql[-1].endswith('DROP CONSTRAINT "k"')


def test_a_unique_one_would_have_to_go_in_both() -> None:
    index = Index(name="k", definition="", keys=("id",), columns=("id",), unique=True,
                  constraint="k")  # fmt: skip
    unique = check(kind="unique", definition="UNIQUE (id)", index="k")
    answer = ask(DROP, orders(unique, indexes=(index,)))

    assert "every ON CONFLICT of the old version" in answer.refusals[0]


def test_one_that_another_index_makes_needless_goes_in_the_contract() -> None:
    indexes = [
        Index(name=name, definition="", keys=keys, columns=keys, unique=True, constraint=of)
        for name, keys, of in (("k", ("id", "user_id"), "k"), ("i", ("id",), None))
    ]
    unique = check(kind="unique", columns=("id", "user_id"), definition="UNIQUE (id, user_id)")
    answer = ask(DROP, orders(unique, indexes=tuple(indexes)))

    assert answer.phases == ["contract"]


def test_foreign_keys_to_it_are_named() -> None:
    answer = ask("ALTER TABLE users DROP CONSTRAINT users_pkey;", orders(foreign()))

    assert answer.refusals[0].endswith("users_pkey: k of orders")


def test_a_name_can_be_used_again_after_it() -> None:
    again = "ALTER TABLE orders ADD CONSTRAINT k CHECK (id > -5);"
    answer = ask(DROP + again, orders(check()))

    assert answer.slugs == ["drop_constraint", "add_check"]
    assert answer.phases == ["expand", "contract", "contract"]


def test_one_that_is_not_there_may_be_dropped_with_if_exists() -> None:
    answer = ask(DROP.replace("CONSTRAINT", "CONSTRAINT IF EXISTS"), orders())

    assert answer.steps == ()
    assert answer.operations[0].title.endswith("(does not exist)")


def test_what_would_fail_is_refused() -> None:
    answer = ask(DROP + "ALTER TABLE gone DROP CONSTRAINT k;", orders())

    assert answer.refusals == (
        "orders has no constraint k of its own, so this statement would fail",
        "there is no table gone in the schema, so this statement would fail",
    )


def test_one_from_a_table_above_is_dropped_there() -> None:
    answer = ask(DROP, orders(check(inherited=True)))

    assert "comes from a table above it" in answer.refusals[0]


CASCADE = " ON DELETE CASCADE ON UPDATE CASCADE"
UNIQUE = check(kind="unique", columns=("user_id",), definition="UNIQUE (user_id)")
INDEX = Index(
    name="k",
    definition="CREATE UNIQUE INDEX k ON public.orders USING btree (user_id)",
    keys=("user_id",),
    columns=("user_id",),
    unique=True,
    constraint="k",
)
MOVES = "INSERT INTO users SELECT id, user_id FROM orders; "


@pytest.mark.parametrize(
    "drops",
    [
        "DROP TABLE orders;",
        "ALTER TABLE orders DROP COLUMN user_id;",
        "CREATE TABLE t (id int); ALTER TABLE orders ADD COLUMN at date, DROP COLUMN user_id;",
    ],
)
@pytest.mark.parametrize("found", [foreign(CASCADE), UNIQUE], ids=lambda c: c.kind)
def test_one_of_what_is_dropped_below_goes_in_the_contract(
    found: Constraint, drops: str
) -> None:
    answer = ask(f"{DROP} {drops}", orders(found, indexes=(INDEX,)))
    first = answer.steps[0]

    assert answer.refusals == ()
    assert isinstance(first, RunSql)
    assert (first.phase, first.serves) == ("contract", NEW_ONLY)


def test_one_of_a_dropped_table_still_cascades_until_then() -> None:
    answer = ask(f"{DROP} DROP TABLE orders;", orders(foreign(CASCADE)))

    assert answer.hazards[0].message == (
        "until the contract the foreign key k refuses or cascades a DELETE in users for the"
        " rows that the old version left"
    )


@pytest.mark.parametrize(
    ("found", "drops"),
    [
        (foreign(CASCADE), "ALTER TABLE orders DROP COLUMN id;"),
        (foreign(CASCADE), "DROP TABLE users;"),
        (foreign(CASCADE), "ALTER TABLE users RENAME TO people; DROP TABLE orders;"),
        (
            foreign(CASCADE),
            "ALTER TABLE users ALTER id TYPE numeric; DROP TABLE orders;",
        ),
        (foreign(CASCADE), f"{MOVES}ALTER TABLE orders DROP COLUMN user_id;"),
        (
            foreign(CASCADE),
            "\n-- zdm: run in expand -- why\nALTER TABLE orders DROP COLUMN user_id;",
        ),
        (
            replace(foreign(CASCADE), columns=("id", "user_id")),
            "ALTER TABLE orders DROP COLUMN user_id;",
        ),
        (
            replace(UNIQUE, columns=("id", "user_id")),
            "ALTER TABLE orders DROP COLUMN user_id;",
        ),
    ],
)
def test_one_that_meets_the_new_versions_rows_is_refused_as_before(
    found: Constraint, drops: str
) -> None:
    index = replace(INDEX, keys=found.columns, columns=found.columns)
    refusals = ask(f"{DROP} {drops}", orders(found, indexes=(index,))).refusals

    assert refusals[0].startswith("while k is there, it refuses rows of the new version")
