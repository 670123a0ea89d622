"""How wide and how colourful an output is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Columns, and whether colours are used."""

    colour: bool = False
    width: int = 100


PLAIN = Layout()
