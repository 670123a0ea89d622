"""A number of bytes as a person reads it: 999 B, 1.2 kB, 45 MB."""

_KILO = 1000


def text(count: float) -> str:
    """The decimal unit that leaves the fewest digits; tenths below ten."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < _KILO:
            break
        value, unit = value / _KILO, larger
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
