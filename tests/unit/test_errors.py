"""Exit codes are a contract."""

import pytest

from zdm import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ZdmError, 1),
        (errors.InputError, 2),
        (errors.RefusedError, 3),
        (errors.StoppedError, 4),
        (errors.RolloutError, 5),
        (errors.PastReturnError, 6),
        (errors.TemporaryError, 75),
    ],
)
def test_an_error_has_its_exit_code(kind: type[errors.ZdmError], code: int) -> None:
    error = kind("the fact, and its consequence", hint="the remedy")

    assert error.exit_code == code
    assert str(error) == "the fact, and its consequence"
    assert error.hint == "the remedy"
