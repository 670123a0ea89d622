"""The writes that were acknowledged to the demo's traffic, and whether the table agrees.

Every user is written by one worker at a time, so what a row must hold is unambiguous. A
write that was not acknowledged may or may not have happened: both values are right, and
the user is left alone from then on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct


def seeded_email(user: int) -> str:
    """The address with which the demo creates a user."""
    return f"user{user}@example.com"


def seeded_name(user: int) -> str:
    """The name with which the demo creates a user."""
    return f"User {user}"


class Row(Struct, frozen=True, kw_only=True):
    """One user as the table holds it at the end."""

    id: int
    email: str | None
    name: str


class Expected(Struct, frozen=True, kw_only=True):
    """The values that are right for one user: one each, two after a doubtful write."""

    emails: frozenset[str]
    names: frozenset[str]

    def allows(self, email: str | None, name: str) -> bool:
        """Whether the row holds right values."""
        return email in self.emails and name in self.names


class Checked(Struct, frozen=True, kw_only=True):
    """How many rows were compared, and those that are wrong, as sentences."""

    rows: int
    wrong: tuple[str, ...]


@dataclass(slots=True)
class Ledger:
    """Grows while the traffic runs; distinct users may be written by distinct threads."""

    seeded: int
    written: dict[int, Expected] = field(default_factory=dict)
    doubtful_users: set[int] = field(default_factory=set)
    doubtful_inserts: set[str] = field(default_factory=set)

    def expected(self, user: int) -> Expected | None:
        """What is right for the user; None for one that was never acknowledged."""
        if user in self.written:
            return self.written[user]
        if 1 <= user <= self.seeded:
            emails = frozenset({seeded_email(user)})
            return Expected(emails=emails, names=frozenset({seeded_name(user)}))
        return None

    def inserted(self, user: int, email: str, name: str) -> None:
        """A new user was acknowledged."""
        self.written[user] = Expected(emails=frozenset({email}), names=frozenset({name}))

    def insert_failed(self, email: str) -> None:
        """A new user may or may not be there."""
        self.doubtful_inserts.add(email)

    def updated(self, user: int, *, email: str | None = None, name: str | None = None) -> None:
        """A change was acknowledged."""
        before = self._known(user)
        self.written[user] = Expected(
            emails=before.emails if email is None else frozenset({email}),
            names=before.names if name is None else frozenset({name}),
        )

    def update_failed(
        self, user: int, *, email: str | None = None, name: str | None = None
    ) -> None:
        """A change may or may not have happened."""
        before = self._known(user)
        self.written[user] = Expected(
            emails=before.emails if email is None else before.emails | {email},
            names=before.names if name is None else before.names | {name},
        )
        self.doubtful_users.add(user)

    def _known(self, user: int) -> Expected:
        expected = self.expected(user)
        if expected is None:
            raise LookupError(f"user {user} was never acknowledged")
        return expected

    def check(self, rows: Iterable[Row]) -> Checked:
        """Compare every row, and find those that are missing."""
        wrong = []
        seen = set()
        for row in rows:
            seen.add(row.id)
            expected = self.expected(row.id)
            if expected is None:
                if row.email not in self.doubtful_inserts:
                    wrong.append(f"user {row.id} was never written: {row.email!r}")
            elif not expected.allows(row.email, row.name):
                rights = " or ".join(sorted(expected.emails))
                wrong.append(f"user {row.id} holds {row.email!r}, {row.name!r}, not {rights}")
        everybody = {*range(1, self.seeded + 1), *self.written}
        wrong += [f"user {user} is missing" for user in sorted(everybody - seen)]
        return Checked(rows=len(seen), wrong=tuple(wrong))
