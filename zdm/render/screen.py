"""Where an output is shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Its width in columns, and whether it shows colours."""

    colour: bool = False
    width: int = 100


FILE = Screen()
