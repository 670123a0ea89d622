"""What goes with a dropped thing, and what makes the server refuse."""

from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table
from zdm.schema.effects import dependents
from zdm.schema.effects.dependents import Thing

USERS = Name("public", "users")
BOOKED = Snapshot(
    server_version=180000,
    tables=(
        Table(
            name=USERS,
            columns=(Column(name="at", type="tsrange"), Column(name="room", type="text")),
            constraints=(
                Constraint(
                    name="users_at_excl",
                    kind="exclusion",
                    columns=("at",),
                    definition="EXCLUDE USING gist (at WITH &&) WHERE (room = 'a'::text)",
                    index="users_at_excl",
                ),
            ),
            indexes=(
                Index(
                    name="users_at_excl",
                    definition="CREATE INDEX users_at_excl ON public.users USING gist (at)"
                    " WHERE room = 'a'::text",
                    columns=("at", "room"),
                    keys=("at",),
                    constraint="users_at_excl",
                ),
            ),
        ),
    ),
)


def test_a_column_in_the_predicate_of_an_exclusion_constraint_stays_without_cascade() -> None:
    assert dependents.closure(BOOKED, (Thing("column", USERS, "room"),), cascade=False) is None


def test_cascade_takes_the_exclusion_constraint_along() -> None:
    gone = dependents.closure(BOOKED, (Thing("column", USERS, "room"),), cascade=True)

    assert gone is not None
    assert Thing("constraint", USERS, "users_at_excl") in gone


def test_a_key_column_of_an_exclusion_constraint_takes_it_along() -> None:
    gone = dependents.closure(BOOKED, (Thing("column", USERS, "at"),), cascade=False)

    assert gone is not None
    assert Thing("constraint", USERS, "users_at_excl") in gone
