"""How wide and how colourful an output is."""

from msgspec import Struct


class Layout(Struct, frozen=True, kw_only=True):
    """Columns, and whether colours are used."""

    colour: bool = False
    width: int = 100


PLAIN = Layout()
