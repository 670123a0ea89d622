"""What is said where no server is needed to know it; the rest is asked of PostgreSQL."""

import pytest
from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.impact import NO, UNKNOWN, YES, Impact, Touch
from zdm.model.locks import LockMode
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.schema import apply
from zdm.schema.impact import of

USERS = schemas.USERS


def made(sql: str, version: int = 180000) -> Snapshot:
    """The schema that statements make."""
    snapshot = Snapshot(server_version=version)
    for action in schemas.actions(sql):
        snapshot = apply.apply(snapshot, action)
    return snapshot


def asked(sql: str, snapshot: Snapshot, major: int | None = None) -> Impact:
    """The impact of the one statement."""
    return of.statement(schemas.actions(sql), snapshot, major)


def test_a_proof_that_the_same_statement_drops_is_none() -> None:
    check = Constraint(
        name="c", kind="check", columns=("name",), definition="CHECK ((name IS NOT NULL))"
    )
    snapshot = schemas.snapshot(schemas.users(constraints=(check,)))
    set_not_null = "ALTER TABLE users ALTER name SET NOT NULL"
    alone, both = (
        asked(set_not_null, snapshot),
        asked(f"{set_not_null}, DROP CONSTRAINT c", snapshot),
    )

    assert alone.touches == (Touch(relation=USERS, lock=LockMode.ACCESS_EXCLUSIVE),)
    assert [touch.scans for touch in both.touches] == [YES]


def test_a_table_that_is_not_there_leaves_all_unknown() -> None:
    found = asked("ALTER TABLE nothing ALTER a TYPE bigint", schemas.snapshot())
    (touch,) = found.touches

    assert found.unknown == "nothing is not in the schema, so what belongs to it is unknown"
    assert (touch.rewrites, touch.builds, touch.scans) == (UNKNOWN, UNKNOWN, UNKNOWN)


def test_a_constraint_that_is_not_there_leaves_the_other_table_unknown() -> None:
    found = asked("ALTER TABLE users DROP CONSTRAINT c", schemas.snapshot(schemas.users()))

    assert found.unknown == (
        "users has no constraint c in the schema, so its other table is unknown"
    )


@pytest.mark.parametrize(
    ("sql", "unknown"),
    [
        ("DO 'BEGIN NULL; END'", "a DO block runs code that no reader sees"),
        ("CALL p()", "a procedure call runs code that no reader sees"),
        ("CREATE EXTENSION e", "an extension's script may lock anything"),
        ("REASSIGN OWNED BY a TO b", "zdm does not know the statement REASSIGN OWNED"),
        ("SELECT own()", "what own locks is unknown"),
        ("DROP SCHEMA s CASCADE",
         "CASCADE drops what depends on s, and not all of that is in the schema"),
        ("CREATE SCHEMA s CREATE TABLE t (a int)", "it makes more than the schema"),
        ("WITH w AS (DELETE FROM users RETURNING id) SELECT * FROM w",
         "a WITH clause of it changes rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_said(sql: str, unknown: str) -> None:
    assert asked(sql, schemas.snapshot(schemas.users())).unknown == unknown


@pytest.mark.parametrize(("major", "locks"), [(17, []), (18, [LockMode.ACCESS_SHARE])])
def test_the_version_that_is_asked_about_counts(major: int, locks: list[LockMode]) -> None:
    found = asked("GRANT SELECT ON users TO joe", schemas.snapshot(schemas.users()), major)

    assert [touch.lock for touch in found.touches] == locks


def test_a_column_of_an_extension_s_type_may_rewrite_the_table() -> None:
    found = asked("ALTER TABLE users ADD c geometry", schemas.snapshot(schemas.users()))

    assert [touch.rewrites for touch in found.touches] == [UNKNOWN]


def test_names_follow_the_search_path_in_force() -> None:
    snapshot = made("CREATE SCHEMA a; CREATE TABLE a.t (id int); CREATE TABLE t (id int)")
    found = asked("SET search_path = a, public; COMMENT ON TABLE t IS 'x'", snapshot)

    assert [touch.relation for touch in found.touches] == [Name("a", "t")]


def test_two_sub_commands_on_one_table_are_one_touch() -> None:
    snapshot = schemas.snapshot(schemas.users())
    found = asked("ALTER TABLE users ADD a int, ADD b float DEFAULT random()", snapshot)

    assert found.on(USERS) == Touch(
        relation=USERS, lock=LockMode.ACCESS_EXCLUSIVE, rewrites=YES, builds=YES, scans=YES
    )


@pytest.mark.parametrize(
    ("check", "validated", "upper", "scans"),
    [
        ("CHECK (((id >= 1) AND (id < 9)))", True, 9, NO),
        ("CHECK (((id >= 1) AND (id < 9)))", True, 10, NO),
        ("CHECK (((id >= 1) AND (id < 9)))", True, 8, UNKNOWN),
        ("CHECK ((id < 9))", True, 9, UNKNOWN),
        ("CHECK (((id >= 1) AND (id < 9)))", False, 9, YES),
        ("CHECK ((other > 1))", True, 9, YES),
        ("", True, 9, UNKNOWN),
    ],
)
def test_only_a_validated_check_with_the_bounds_spares_a_new_partition(
    check: str, validated: bool, upper: int, scans: str
) -> None:
    bounds = Constraint(
        name="c", kind="check", columns=("id",), definition=check, validated=validated
    )
    parent = Table(
        name=Name("public", "p"), kind="partitioned table", partition_key="RANGE (id)"
    )
    snapshot = schemas.snapshot(parent, schemas.users(constraints=(bounds,)))
    sql = f"ALTER TABLE p ATTACH PARTITION users FOR VALUES FROM (1) TO ({upper})"
    touch = asked(sql, snapshot).on(USERS)

    assert touch is not None
    assert touch.scans == scans


@pytest.mark.parametrize(
    ("check", "validated", "scans"),
    [
        ("CHECK (((id < 1) OR (id >= 9)))", True, NO),
        ("CHECK ((NOT ((id >= 1) AND (id < 9))))", True, NO),
        ("CHECK ((NOT ((id IS NOT NULL) AND (id >= 1) AND (id < 9))))", True, NO),
        ("CHECK (((id IS NULL) OR (id > 20)))", True, NO),
        ("CHECK ((id >= 9))", True, NO),
        ("CHECK ((id >= 8))", True, UNKNOWN),
        ("CHECK (((id < 1) OR (id >= 8)))", True, UNKNOWN),
        ("CHECK (((id < 1) OR (other >= 9)))", True, UNKNOWN),
        ("CHECK (((id < 1) OR (id >= 9)))", False, YES),
        ("CHECK ((other > 1))", True, YES),
    ],
)
def test_only_a_validated_check_that_excludes_the_bound_spares_the_default_partition(
    check: str, validated: bool, scans: str
) -> None:
    away = Constraint(
        name="c", kind="check", columns=("id",), definition=check, validated=validated
    )
    parent = Table(
        name=Name("public", "p"), kind="partitioned table", partition_key="RANGE (id)"
    )
    rest = replace(
        schemas.users(constraints=(away,)),
        name=Name("public", "rest"),
        partition_of=parent.name,
        partition_bound="DEFAULT",
    )
    snapshot = schemas.snapshot(parent, rest, schemas.users())
    sql = "ALTER TABLE p ATTACH PARTITION users FOR VALUES FROM (1) TO (9)"
    touch = asked(sql, snapshot).on(rest.name)

    assert touch is not None
    assert touch.scans == scans


@pytest.mark.parametrize(("type_", "scans"), [("bigint", NO), ("text", UNKNOWN)])
def test_texts_are_not_ordered_as_numbers(type_: str, scans: str) -> None:
    check = Constraint(
        name="c",
        kind="check",
        columns=("id",),
        definition="CHECK (((id >= '10') AND (id < '20')))",
    )
    parent = Table(
        name=Name("public", "p"), kind="partitioned table", partition_key="RANGE (id)"
    )
    users = schemas.users(constraints=(check,))
    id_ = replace(users.require_column("id"), type=type_)
    columns = tuple(id_ if c.name == "id" else c for c in users.columns)
    snapshot = schemas.snapshot(parent, replace(users, columns=columns))
    sql = "ALTER TABLE p ATTACH PARTITION users FOR VALUES FROM ('9') TO ('20')"
    touch = asked(sql, snapshot).on(USERS)

    assert touch is not None
    assert touch.scans == scans


def test_a_partition_with_an_unknown_bound_may_be_the_default_one() -> None:
    snapshot = made(
        "CREATE TABLE p (id int) PARTITION BY RANGE (id);"
        " CREATE TABLE d PARTITION OF p FOR VALUES FROM (2) TO (3)"
    )
    found = asked("CREATE TABLE t PARTITION OF p FOR VALUES FROM (1) TO (2)", snapshot)

    assert found.unknown == "d may be the DEFAULT partition of p"


def test_the_default_partition_is_known_by_its_statement() -> None:
    snapshot = made(
        "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE d PARTITION OF p DEFAULT"
    )
    found = asked("CREATE TABLE t PARTITION OF p FOR VALUES FROM (1) TO (2)", snapshot)

    assert [t.scans for t in found.touches if t.relation.name == "d"] == [YES]


def test_a_table_that_may_have_more_than_is_known_leaves_locks_unknown() -> None:
    snapshot = schemas.snapshot(schemas.users(opaque="m.sql:1:1"))
    found = asked("ALTER TABLE users ADD c int", snapshot)

    assert found.unknown == "users may have more than is in the schema"


def test_nothing_else_happens_where_no_table_is_touched() -> None:
    found = asked("CREATE ROLE r", schemas.snapshot())

    assert found == Impact(touches=(), in_transaction=True, unknown="")
    assert NO.possible is False
    assert UNKNOWN.possible is True


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (LockMode.SHARE, LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE),
        (LockMode.ROW_SHARE, LockMode.ACCESS_SHARE, LockMode.ROW_SHARE),
        (LockMode.ROW_EXCLUSIVE, LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE),
        (LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE, LockMode.ACCESS_EXCLUSIVE),
    ],
)
def test_two_locks_block_what_either_blocks(
    one: LockMode, other: LockMode, both: LockMode
) -> None:
    assert one.together_with(other) is both
    assert other.together_with(one) is both
