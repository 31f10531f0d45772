"""Differences with their intervals, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lift15.ablation.report.drawing.axis import Axis, bounds
from lift15.ablation.report.drawing.svg import Drawing
from lift15.ablation.report.numbers import interval, signed

WIDTH, LABEL, NUMBERS = 960.0, 330.0, 190.0
"""In pixels: all of it, names at the left, numbers at the right."""

ROW, LOW = 42.0, 26.0
"""The height of a line, and of one that belongs to the line above."""


@dataclass(frozen=True)
class Line:
    """A difference to draw.

    Attributes:
        label: what it is of.
        about: smaller, below the label.
        difference: the dot.
        low: left end of the interval.
        high: right end.
        style: class of its colour.
        hollow: drawn as a ring, such as the rest that a subset is compared with.
    """

    label: str
    about: str
    difference: float
    low: float
    high: float
    style: str = "s0"
    hollow: bool = False


def forest(
    name: str,
    title: str,
    about: str,
    lines: Sequence[Line],
    unit: str,
    *,
    margin: float | None = None,
) -> str:
    """Draw them.

    Args:
        name: unique on the page.
        title: for screen readers.
        about: the same.
        lines: from top to bottom.
        unit: of the differences.
        margin: what is taken for no difference, as a band.

    Returns:
        SVG.
    """
    places, bottom = _places(lines)
    drawing = Drawing(WIDTH, bottom + 42, name, title, about)
    ends = [0.0, *(v for line in lines for v in (line.low, line.high, line.difference))]
    axis = Axis(
        *bounds([*ends, *((-margin, margin) if margin else ())]), LABEL, WIDTH - NUMBERS - 20
    )
    if margin:
        drawing.box(axis(-margin), 4, axis(margin) - axis(-margin), bottom - 4, "band")
    drawing.grid_x(axis, 4, bottom)
    drawing.line(axis(0.0), 4, axis(0.0), bottom, "axis")
    label = f"difference ({unit})" if unit else "difference"
    drawing.text((axis.start + axis.end) / 2, bottom + 36, label, anchor="middle", style="soft")
    for y, line in zip(places, lines, strict=True):
        both = bool(line.label and line.about)
        drawing.text(0, y - 3 if both else y + 4, line.label, style="strong", room=LABEL - 16)
        drawing.text(0, y + 12 if both else y + 4, line.about, style="soft", room=LABEL - 16)
        drawing.line(axis(line.low), y, axis(line.high), y, f"line {line.style}")
        for end in (line.low, line.high):
            drawing.line(axis(end), y - 5, axis(end), y + 5, f"line {line.style}")
        kind = "hollow" if line.hollow else "dot"
        drawing.dot(axis(line.difference), y, f"{kind} {line.style}", size=5)
        said = f"{signed(line.difference, unit)} {interval(line.low, line.high, unit)}"
        drawing.text(WIDTH, y + 4, said.replace("-", "\N{MINUS SIGN}"), anchor="end")
    return drawing.svg()


def _places(lines: Sequence[Line]) -> tuple[list[float], float]:
    """The middle of each line, and the end of all."""
    places, y = [], 8.0
    for line in lines:
        height = ROW if line.label else LOW
        places.append(y + height / 2)
        y += height
    return places, y + 4
