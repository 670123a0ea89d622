"""What goes with a dropped thing, and what makes the server refuse."""

from tests.unit.schemas import USERS, snapshot, users
from zdm.model.schema import Column, Constraint, Index
from zdm.schema.effects import dependents
from zdm.schema.effects.dependents import Thing

NAME = "users_at_excl"
BOOKED = snapshot(
    users(
        Column(name="at", type="tsrange"),
        Column(name="room", type="text"),
        constraints=(
            Constraint(name=NAME, kind="exclusion", columns=("at",), definition="", index=NAME),
        ),
        indexes=(
            Index(
                name=NAME, definition="", columns=("at", "room"), keys=("at",), constraint=NAME
            ),
        ),
    )
)


def test_a_column_in_the_predicate_of_an_exclusion_constraint_stays_without_cascade() -> None:
    assert dependents.closure(BOOKED, (Thing("column", USERS, "room"),), cascade=False) is None


def test_cascade_takes_the_exclusion_constraint_along() -> None:
    gone = dependents.closure(BOOKED, (Thing("column", USERS, "room"),), cascade=True)

    assert gone is not None
    assert Thing("constraint", USERS, NAME) in gone


def test_a_key_column_of_an_exclusion_constraint_takes_it_along() -> None:
    gone = dependents.closure(BOOKED, (Thing("column", USERS, "at"),), cascade=False)

    assert gone is not None
    assert Thing("constraint", USERS, NAME) in gone
