"""Rules about what only a snapshot of the database shows."""

from msgspec.structs import replace

from tests.rules import checking
from zdm.model.catalog.database import Publication
from zdm.model.schema import Column, Index, Name, Snapshot, Table
from zdm.rules import ALL, walk
from zdm.rules.report import InputFile

TABLE = Table(
    name=Name("public", "t"),
    columns=(Column(name="a", type="bigint"), Column(name="b", type="text")),
    indexes=(Index(name="t_a", definition="", keys=("a",), columns=("a",), valid=False),),
)
LIMIT = "SET lock_timeout = '2s';\n"
PUBLICATION = "CREATE PUBLICATION p FOR TABLE public.t (a)"


def found(sql: str, start: Snapshot) -> list[str]:
    file = InputFile(path="1.sql", data=sql.encode())
    return [f.rule for f in walk.check([file], start, checking.terms(), ALL).findings]


def snapshot(table: Table = TABLE, version: int = 180_000) -> Snapshot:
    return Snapshot(server_version=version, tables=(table,))


def test_a_change_of_a_table_with_an_invalid_index_is_found_once() -> None:
    sql = LIMIT + "ALTER TABLE t ADD COLUMN c text;\nALTER TABLE t ADD COLUMN d text;"

    assert found(sql, snapshot()) == ["index-invalid-leftover"]


def test_a_table_whose_indexes_are_valid_has_no_leftover() -> None:
    valid = replace(TABLE, indexes=(replace(TABLE.indexes[0], valid=True),))

    assert found(LIMIT + "ALTER TABLE t ADD COLUMN c text;", snapshot(valid)) == []


def test_the_index_that_is_built_again_is_no_leftover() -> None:
    sql = "DROP INDEX CONCURRENTLY IF EXISTS t_a;\nCREATE INDEX CONCURRENTLY t_a ON t (a);"

    assert "index-invalid-leftover" not in found(sql, snapshot())


def test_a_concurrent_build_on_14_3_may_leave_rows_out() -> None:
    bare = replace(TABLE, indexes=())
    sql = "CREATE INDEX CONCURRENTLY t_b ON t (b);"

    assert found(sql, snapshot(bare, 140_003)) == ["index-corruption-14"]
    assert found(sql, snapshot(bare, 140_004)) == []


def test_a_column_beside_a_publication_list_is_found() -> None:
    bare = replace(TABLE, indexes=())
    published = replace(
        snapshot(bare), publications=(Publication(name="p", definition=PUBLICATION),)
    )
    added = found(LIMIT + "ALTER TABLE t ADD COLUMN c text;", published)
    dropped = found(LIMIT + "ALTER TABLE t DROP COLUMN a;", published)
    other = found(LIMIT + "ALTER TABLE t DROP COLUMN b;", published)

    assert added == ["publication-column-list"]
    assert "publication-column-list" in dropped
    assert "publication-column-list" not in other
