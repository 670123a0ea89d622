"""Bars as SVG: no library, and the same bytes for the same figures."""

from collections.abc import Sequence
from html import escape

WIDTH, ROW, LEFT, RIGHT, TOP = 760, 30, 230, 110, 46
OURS, OTHERS, INK = "#2563a8", "#9aa5b1", "#333333"


def bars(title: str, unit: str, values: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars of (name, value, what is written beside it); zdm's are coloured."""
    most = max((value for _, value, _ in values), default=0.0) or 1.0
    height = TOP + ROW * len(values) + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" fill="{INK}">{escape(title)}'
        f' <tspan fill="#777777">({escape(unit)})</tspan></text>',
    ]
    for number, (name, value, said) in enumerate(values):
        top = TOP + ROW * number
        length = max(1, round((WIDTH - LEFT - RIGHT) * value / most))
        colour = OURS if name.startswith("zdm") else OTHERS
        parts += [
            f'<text x="{LEFT - 8}" y="{top + 15}" text-anchor="end" fill="{INK}">'
            f"{escape(name)}</text>",
            f'<rect x="{LEFT}" y="{top}" width="{length}" height="{ROW - 9}" fill="{colour}"/>',
            f'<text x="{LEFT + length + 6}" y="{top + 15}" fill="{INK}">{escape(said)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
