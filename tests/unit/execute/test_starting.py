import pytest

from zdm.execute import starting


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("alembic upgrade head", id="plain"),
        pytest.param('CMD ["alembic", "upgrade", "head"]', id="exec form"),
        pytest.param(
            "sh -c 'alembic -c app/alembic.ini upgrade head && gunicorn app'", id="sh"
        ),
        pytest.param("python -m alembic upgrade heads", id="module"),
        pytest.param("flask db upgrade", id="flask"),
        pytest.param("set -e\n  alembic upgrade head\nexec app", id="script"),
    ],
)
def test_it_migrates(text: str) -> None:
    assert starting.migrates(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("alembic current", id="only reads"),
        pytest.param("# alembic upgrade head", id="a comment"),
        pytest.param("alembic current; apt-get upgrade", id="two commands"),
        pytest.param("zdm guard -- gunicorn app", id="the guard"),
        pytest.param("", id="nothing"),
    ],
)
def test_it_does_not_migrate(text: str) -> None:
    assert not starting.migrates(text)
