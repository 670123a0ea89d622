"""Lock modes and PostgreSQL's conflict table (manual, chapter 13.3.1, table 13.2).

Lock modes are not a ladder: SHARE admits SHARE, SHARE UPDATE EXCLUSIVE refuses its own kind.
"""

from enum import StrEnum


class LockMode(StrEnum):
    """A table-level lock mode, spelled as in the manual."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    def conflicts_with(self, other: "LockMode") -> bool:
        """Whether one transaction must wait for the other's lock on the same table."""
        return other in _CONFLICTS[self]

    def covers(self, other: "LockMode") -> bool:
        """Whether holding this mode blocks at least all that `other` blocks."""
        return _CONFLICTS[self] >= _CONFLICTS[other]

    def together_with(self, other: "LockMode") -> "LockMode":
        """The weakest mode that blocks all that the two block."""
        return next(mode for mode in LockMode if mode.covers(self) and mode.covers(other))

    @property
    def blocks_reads(self) -> bool:
        """Whether a plain SELECT waits."""
        return self.conflicts_with(LockMode.ACCESS_SHARE)

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait."""
        return self.conflicts_with(LockMode.ROW_EXCLUSIVE)


_AS, _RS, _RX, _SUE, _S, _SRE, _X, _AE = LockMode
_CONFLICTS: dict[LockMode, frozenset[LockMode]] = {
    _AS: frozenset({_AE}),
    _RS: frozenset({_X, _AE}),
    _RX: frozenset({_S, _SRE, _X, _AE}),
    _SUE: frozenset({_SUE, _S, _SRE, _X, _AE}),
    _S: frozenset({_RX, _SUE, _SRE, _X, _AE}),
    _SRE: frozenset({_RX, _SUE, _S, _SRE, _X, _AE}),
    _X: frozenset({_RS, _RX, _SUE, _S, _SRE, _X, _AE}),
    _AE: frozenset(LockMode),
}
