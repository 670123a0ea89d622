"""What to say where a statement of the author's needs rights that the shadow does not give.

Nothing of the author's runs as superuser there.
"""

from zdm.model.statement import Source
from zdm.parse import directives

MISSING = "42501"  # insufficient_privilege


def fact(message: str) -> str:
    """The server's message, and what it means."""
    return f"this statement needs superuser, which the shadow does not give it: {message}"


def remedy(source: Source) -> str:
    """What to do about it."""
    return directives.in_its_form(
        "put `-- zdm: privileged -- reason` above it: it is then in the plan, but it is not run"
        " on the shadow and not verified",
        source,
    )


def after_privileged(source: Source) -> str:
    """What to do about a statement that fails behind one that was not run."""
    return directives.in_its_form(
        "a privileged statement before it was not run on the shadow: if this one needs what"
        " that makes, put `-- zdm: privileged -- reason` above it, too",
        source,
    )
