import pytest

from tests.unit import schemas
from zdm.model.schema import Column, Constraint, Dependent, Index, Name, Sequence, Table
from zdm.schema import edits, renaming

EMAIL_CHECK = Constraint(
    name="users_email_check",
    kind="check",
    columns=("email", "name"),
    definition="CHECK (((email IS NOT NULL) OR (name IS NOT NULL)))",
)
EMAIL_KEY = Constraint(
    name="users_email_key",
    kind="unique",
    columns=("email",),
    definition="UNIQUE (email)",
    index="users_email_key",
)
KEY_INDEX = Index(
    name="users_email_key",
    definition="CREATE UNIQUE INDEX users_email_key ON public.users USING btree (email)",
    keys=("email",),
    columns=("email",),
    unique=True,
    constraint="users_email_key",
)
SEQUENCE = Sequence(
    name=Name("public", "users_email_seq"),
    type="bigint",
    start=1,
    increment=1,
    minimum=1,
    maximum=9,
    owner_table=schemas.USERS,
    owner_column="email",
)
TABLE = schemas.users(
    constraints=(EMAIL_CHECK, EMAIL_KEY),
    indexes=(KEY_INDEX,),
    dependents=(Dependent(column="email", kind="statistics", name="s", blocks=False),),
)
HERE = schemas.snapshot(TABLE, sequences=(SEQUENCE,))


def users(snapshot: object) -> Table:
    table = snapshot.table(schemas.USERS)  # type: ignore[attr-defined]  # a Snapshot
    assert isinstance(table, Table)
    return table


def test_a_dropped_column_takes_along_what_hangs_on_it() -> None:
    after = edits.drop_column(HERE, schemas.USERS, "email")
    table = users(after)

    assert [c.name for c in table.columns] == ["id", "name"]
    assert (table.constraints, table.indexes, table.dependents) == ((), (), ())
    assert after.sequences == ()


def test_a_renamed_column_is_renamed_in_all_definitions() -> None:
    table = users(renaming.column(HERE, schemas.USERS, "email", "mail"))

    assert [c.name for c in table.columns] == ["id", "mail", "name"]
    assert [c.definition for c in table.constraints] == [
        "CHECK (mail IS NOT NULL OR name IS NOT NULL)",
        "UNIQUE (mail)",
    ]
    assert [c.columns for c in table.constraints] == [("mail", "name"), ("mail",)]
    assert table.indexes[0].definition == (
        "CREATE UNIQUE INDEX users_email_key ON public.users USING btree (mail)"
    )
    assert table.indexes[0].keys == table.indexes[0].columns == ("mail",)
    assert table.dependents[0].column == "mail"


def test_a_rename_leaves_the_others_as_they_are() -> None:
    table = users(renaming.column(HERE, schemas.USERS, "id", "key"))

    assert table.constraints == TABLE.constraints
    assert table.indexes == TABLE.indexes


def test_columns_are_added_at_the_end_or_replaced_in_place() -> None:
    added = edits.put_column(HERE, schemas.USERS, Column(name="age", type="integer"))
    replaced = edits.put_column(added, schemas.USERS, Column(name="id", type="integer"))

    assert [(c.name, c.type) for c in users(replaced).columns] == [
        ("id", "integer"),
        ("email", "text"),
        ("name", "text"),
        ("age", "integer"),
    ]


def test_tables_come_and_go_sorted() -> None:
    more = edits.put_table(HERE, Table(name=Name("public", "a")))

    assert [t.name.name for t in more.tables] == ["a", "users"]
    assert edits.drop_table(more, schemas.USERS).sequences == ()
    assert [t.name.name for t in edits.drop_table(more, schemas.USERS).tables] == ["a"]


def test_constraints_and_indexes_are_put_and_dropped() -> None:
    other = Index(name="a", definition="", keys=("id",), columns=("id",))
    table = users(edits.put_index(HERE, schemas.USERS, other))
    without = users(edits.drop_constraint(HERE, schemas.USERS, "users_email_key"))
    again = edits.put_constraint(
        edits.drop_constraint(HERE, schemas.USERS, "users_email_key"),
        schemas.USERS,
        EMAIL_KEY,
    )

    assert [i.name for i in table.indexes] == ["a", "users_email_key"]
    assert (without.constraints, without.indexes) == ((EMAIL_CHECK,), ())
    assert users(again).constraints == (EMAIL_CHECK, EMAIL_KEY)
    assert users(edits.drop_index(HERE, schemas.USERS, "users_email_key")).indexes == ()


def test_a_table_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(LookupError):
        edits.drop_column(HERE, Name("public", "none"), "x")
