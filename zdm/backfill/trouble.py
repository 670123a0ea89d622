"""What a worker knows of its own failures, and how it looks for the row that fails; pure."""

from dataclasses import dataclass

LOOKED_AT = 50  # batches
MUCH_FAILED = 25  # of them


@dataclass(slots=True)
class Trouble:
    """Failures of the latest batches."""

    failures: int = 0  # in a row
    timeouts: int = 0  # in a row
    outcomes: tuple[bool, ...] = ()  # of the last batches

    @property
    def is_there(self) -> bool:
        """Whether the latest batch failed."""
        return bool(self.failures or self.timeouts)

    @property
    def is_constant(self) -> bool:
        """Whether more than half of the last batches failed."""
        return self.outcomes.count(False) > MUCH_FAILED

    def over(self) -> None:
        """A batch was written."""
        self.failures = self.timeouts = 0
        self.outcomes = (*self.outcomes, True)[-LOOKED_AT:]

    def failed(self) -> None:
        """A batch was not written."""
        self.outcomes = (*self.outcomes, False)[-LOOKED_AT:]

    def timed_out(self, *, again: bool) -> None:
        """Whether a batch that failed ran into a timeout."""
        self.timeouts = self.timeouts + 1 if again else 0


@dataclass(slots=True)
class Hunt:
    """The search for a row that cannot be written, by halving the batch."""

    size: int = 0  # of the next batch; 0: nothing is looked for
    suspects: int = 0  # keys among which the row is

    def narrow(self, size: int) -> bool:
        """A batch failed, of this size if nothing was looked for yet; False where one row is
        left."""
        failed = self.size or size
        self.suspects = self.suspects or failed
        if failed == 1:
            return False
        self.size = failed // 2
        return True

    def cleared(self, keys: int) -> None:
        """Some keys could be written; where all could, the search is over."""
        self.suspects -= keys
        if self.suspects <= 0:
            self.size = self.suspects = 0
