import pytest

from zdm.parse import libpg_query, transactions
from zdm.parse.transactions import Control, Kind


@pytest.mark.parametrize(
    ("sql", "control"),
    [
        ("BEGIN", Control(kind=Kind.BEGIN)),
        ("START TRANSACTION READ ONLY", Control(kind=Kind.BEGIN)),
        ("COMMIT AND CHAIN", Control(kind=Kind.COMMIT, chain=True)),
        ("ROLLBACK", Control(kind=Kind.ROLLBACK)),
        ("SAVEPOINT s", Control(kind=Kind.SAVEPOINT, savepoint="s")),
        ("ROLLBACK TO s", Control(kind=Kind.ROLLBACK_TO, savepoint="s")),
        ("RELEASE s", Control(kind=Kind.RELEASE, savepoint="s")),
        ("PREPARE TRANSACTION 'x'", Control(kind=Kind.PREPARE)),
        ("COMMIT PREPARED 'x'", Control(kind=Kind.FINISH_PREPARED)),
        ("ROLLBACK PREPARED 'x'", Control(kind=Kind.FINISH_PREPARED)),
        ("SELECT 1", None),
    ],
)
def test_what_a_statement_does_to_a_transaction(sql: str, control: Control | None) -> None:
    (parsed,) = libpg_query.statements(sql.encode())

    assert transactions.control(parsed) == control
    assert transactions.is_control(sql) is (control is not None)
