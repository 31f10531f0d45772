"""Lines, dots and words as SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from lift15.ablation.report.blocks import clean, file_name
from lift15.ablation.report.drawing.axis import Axis
from lift15.ablation.report.style import COLOURS, DRAWING

LETTER = 6.4
"""Mean width of a letter at 12 pixels; text is not measured, so that it is rather too much."""

SERIES = 6
"""So many have a colour of their own; then they repeat with the next dash."""


class Drawing:
    """What is drawn, piece by piece; the first piece lies below the others.

    Args:
        width: in pixels.
        height: in pixels.
        name: unique on the page.
        title: a few words: what a screen reader says first.
        about: what is to be seen: what it says then.

    Example:
        >>> drawing = Drawing(100, 50, "line", "A line", "It goes up.")
        >>> drawing.line(0, 50, 100, 0, "axis")
        >>> drawing.svg().startswith("<svg"), "It goes up." in drawing.svg()
        (True, True)
    """

    def __init__(self, width: float, height: float, name: str, title: str, about: str) -> None:
        self.width, self.height = width, height
        self._name, self._title, self._about = name, title, about
        self._parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        """From one point to another; ``style`` is a class of :mod:`..style`, as everywhere."""
        ends = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
        self._parts.append(f'<line class="{style}" {ends}/>')

    def box(self, x: float, y: float, width: float, height: float, style: str) -> None:
        """A filled rectangle."""
        size = f'x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0))}" height="{_n(max(height, 0))}"'
        self._parts.append(f'<rect class="{style}" {size}/>')

    def path(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """A line through points; it is broken where one is not finite."""
        words, pen_down = [], False
        for x, y in points:
            if math.isfinite(x) and math.isfinite(y):
                words.append(f"{'L' if pen_down else 'M'}{_n(x)} {_n(y)}")
                pen_down = True
            else:
                pen_down = False
        if words:
            self._parts.append(f'<path class="{style}" d="{" ".join(words)}"/>')

    def dot(
        self, x: float, y: float, style: str, *, shape: int = 0, size: float = 4, tip: str = ""
    ) -> None:
        """A mark, whose shape tells series apart as well; ``tip`` shows under a mouse."""
        inside = f"<title>{_t(tip)}</title>" if tip else ""
        place = f'class="{style}" transform="translate({_n(x)} {_n(y)}) scale({_n(size)})"'
        if shape % len(_SHAPES) == 0:
            where = f'class="{style}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(size)}"'
            self._parts.append(
                f"<circle {where}>{inside}</circle>" if inside else f"<circle {where}/>"
            )
        else:
            outline = f'vector-effect="non-scaling-stroke" d="{_SHAPES[shape % len(_SHAPES)]}"'
            self._parts.append(f"<path {place} {outline}>{inside}</path>")

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "start", style: str = "",
        turned: bool = False, room: float = math.inf,
    ) -> None:  # fmt: skip
        """Words; what does not fit into ``room`` pixels is cut off and shown under a mouse."""
        words = clean(words)
        shown = words
        if len(words) * LETTER > room:
            shown = words[: max(int(room / LETTER) - 1, 1)].rstrip() + "…"
        tip = f"<title>{_t(words)}</title>" if shown != words else ""
        turn = f' transform="rotate(-90 {_n(x)} {_n(y)})"' if turned else ""
        kind = f' class="{style}"' if style else ""
        place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"'
        self._parts.append(f"<text {place}{kind}{turn}>{_t(shown)}{tip}</text>")

    def grid_x(self, axis: Axis, top: float, bottom: float, *, count: int = 5) -> None:
        """Upright lines at round numbers, which are written below."""
        for value, label in axis.labels(count):
            self.line(axis(value), top, axis(value), bottom, "grid")
            self.text(axis(value), bottom + 16, label, anchor="middle", style="soft")

    def grid_y(self, axis: Axis, left: float, right: float, *, count: int = 5) -> None:
        """Level lines at round numbers, which are written at the left."""
        for value, label in axis.labels(count):
            self.line(left, axis(value), right, axis(value), "grid")
            self.text(left - 6, axis(value) + 4, label, anchor="end", style="soft")

    def legend(
        self, x: float, y: float, entries: Sequence[tuple[str, int]], *, right: float
    ) -> float:
        """Names of series with their line and mark, in rows; returns the bottom."""
        place = x
        for name, number in entries:
            wide = 40 + LETTER * len(clean(name))
            if place > x and place + wide > right:
                place, y = x, y + 20
            self.line(place, y, place + 22, y, f"line {series(number)}")
            self.dot(place + 11, y, f"dot {series(number)}", shape=number)
            self.text(place + 28, y + 4, name, room=right - place - 28)
            place += wide
        return y + 12

    def svg(self) -> str:
        """The drawing for a page; see :func:`standalone` for a file."""
        name = file_name(self._name)
        words = (
            f'<title id="{name}-title">{_t(self._title)}</title>'
            f'<desc id="{name}-about">{_t(self._about)}</desc>'
        )
        size = f'width="{_n(self.width)}" height="{_n(self.height)}"'
        body = "\n".join(self._parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" {size} '
            f'aria-labelledby="{name}-title {name}-about">\n{words}\n{body}\n</svg>'
        )


def series(number: int) -> str:
    """Classes of the colour and dash of a series.

    >>> series(0), series(1), series(7)
    ('s0 d0', 's1 d1', 's1 d2')
    """
    return f"s{number % SERIES} d{(number + number // SERIES) % SERIES}"


def standalone(svg: str) -> str:
    """A drawing from a page as a file of its own, with the style in it."""
    head, _, body = svg.partition("</desc>")
    style = f"<style>{COLOURS}{DRAWING}svg {{ background: var(--ground); }}</style>"
    return f"{head}</desc>{style}{body}\n"


_SHAPES = (
    "",
    "M-.9 -.9H.9V.9H-.9Z",
    "M0 -1.2L1.1 .8H-1.1Z",
    "M0 -1.25L1.25 0L0 1.25L-1.25 0Z",
    "M0 1.2L1.1 -.8H-1.1Z",
    "M-1 -.35H-.35V-1H.35V-.35H1V.35H.35V1H-.35V.35H-1Z",
)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _t(text: str) -> str:
    return html.escape(clean(text))
