from tests.unit import schemas
from zdm.model.schema import Constraint, Index
from zdm.recipes.type import metadata_only


def test_checks_foreign_keys_and_partial_indexes_spoil_it() -> None:
    table = schemas.users(
        constraints=(
            Constraint(name="a", kind="check", columns=("email",), definition="CHECK (true)"),
            Constraint(
                name="b", kind="unique", columns=("email",), definition="UNIQUE (email)"
            ),
        ),
        indexes=(
            Index(name="c", definition="", keys=(None,), columns=("email",)),
            Index(name="d", definition="", keys=("email",), columns=("email",)),
        ),
    )

    assert metadata_only.rechecked(table, "email") == (
        "check a",
        "index c (expression or predicate)",
    )
