"""Why nothing is written."""


class RefusedError(Exception):
    """The skeleton cannot be written; nothing was."""
