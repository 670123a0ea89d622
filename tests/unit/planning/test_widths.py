"""A table holds 1,600 columns, and what goes beyond is refused before anything is planned."""

from tests.unit import schemas
from zdm.model.findings import Finding
from zdm.planning import classify, widths

HERE = schemas.snapshot(schemas.users())  # of three columns


def findings(*statements: str) -> tuple[Finding, ...]:
    return tuple(widths.find(schemas.actions(";\n".join(statements)), HERE))


def added(number: int) -> list[str]:
    return [f"ALTER TABLE users ADD COLUMN c{n} int" for n in range(number)]


def test_a_column_too_many_is_refused_at_its_statement() -> None:
    (finding,) = findings(*added(1_598), "COMMENT ON TABLE users IS 'wide'")

    assert (finding.slug, str(finding.source)) == ("too_many_columns", "migration.sql:1598:1")
    assert finding.message == (
        "users would have 1,601 columns, dropped ones counted, and PostgreSQL holds at"
        " most 1,600"
    )


def test_the_last_column_that_a_table_holds_is_planned() -> None:
    assert findings(*added(1_597)) == ()


def test_a_dropped_column_still_counts() -> None:
    dropped = "ALTER TABLE users DROP COLUMN name"

    assert [f.slug for f in findings(dropped, *added(1_598))] == ["too_many_columns"]


def test_a_renamed_column_is_a_second_one_until_the_contract() -> None:
    renamed = "ALTER TABLE users RENAME COLUMN name TO full_name"

    assert [f.slug for f in findings(*added(1_597), renamed)] == ["too_many_columns"]


def test_a_column_that_is_there_is_not_added_again() -> None:
    again = "ALTER TABLE users ADD COLUMN IF NOT EXISTS name text"

    assert "too_many_columns" not in [f.slug for f in findings(*added(1_597), again)]


def test_a_new_table_is_too_wide_by_itself() -> None:
    columns = ", ".join(f"c{number} int" for number in range(1_601))
    (finding,) = findings(f"CREATE TABLE wide ({columns})")

    assert finding.message.startswith("wide would have 1,601 columns")


def test_what_cannot_be_is_not_planned() -> None:
    found = classify.classify(schemas.train(";\n".join(added(1_598))), HERE)

    assert found.placed == ()
    assert [f.slug for f in found.refused] == ["too_many_columns"]


def test_each_table_is_named_once() -> None:
    new = [f"ALTER TABLE wide ADD COLUMN c{n} int" for n in range(1_602)]
    found = findings("CREATE TABLE wide ()", *new, *added(1_700))

    assert [f.message.partition(" ")[0] for f in found] == ["wide", "users"]
