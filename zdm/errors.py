"""The whole error tree; `cli.main` turns each class into its exit code.

    ZdmError               a bug if it is raised bare                              exit 1
    ├── InputError         migration, plan file, setting or argument is unusable   exit 2
    ├── RefusedError       a check refused; nothing was changed                    exit 3
    ├── StoppedError       stopped part-way; both versions still work              exit 4
    ├── RolloutError       the deploy failed; application back, expand kept        exit 5
    ├── PastReturnError    failed after the point of no return                     exit 6
    └── TemporaryError     unreachable, lock busy, SIGTERM: try again              exit 75

Every message is one sentence: the fact and its consequence. `hint` is the remedy.
"""

from typing import ClassVar


class ZdmError(Exception):
    """What went wrong (`message`) and what to do about it (`hint`)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(ZdmError):
    """A migration, plan file, setting or argument cannot be used; nothing was changed."""

    exit_code = 2


class RefusedError(ZdmError):
    """A check refused; nothing was changed."""

    exit_code = 3


class StoppedError(ZdmError):
    """Execution stopped part-way; both application versions still work."""

    exit_code = 4


class RolloutError(ZdmError):
    """The deploy failed; the application went back and the expand was kept."""

    exit_code = 5


class PastReturnError(ZdmError):
    """Execution failed after the point of no return; a person must act."""

    exit_code = 6


class TemporaryError(ZdmError):
    """A resource is unreachable or busy; the same command may succeed later."""

    exit_code = 75
